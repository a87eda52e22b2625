"""The transport equation and the waves with one piece broken each: their known answers must fail."""

import numpy as np
import pytest
from crhalo.fields.field_lines import FieldLines
from crhalo.fields.waves import streaming
from crhalo.mc.diffusion import cross_terms, faces, finite_volumes
from crhalo.scenarios.validation.tensor import tensor_leak, tensor_manufactured, tensor_slab, tensor_tube
from crhalo.scenarios.validation.waves import manufactured, transport_equation_closed_forms, wave_balance


def no_jump(self):
    return np.zeros(self.count)


def doubled(*args, right=streaming.growth_rate_flux_Myr):
    return 2.0 * right(*args)


def upwind(D, h, u):
    return D / h + np.maximum(u, 0.0), D / h + np.maximum(-u, 0.0)


def mirrored(*args, right=FieldLines.tensor_kpc2_Myr):
    D_RR, D_zz, D_Rz = right(*args)
    return D_RR, D_zz, -D_Rz


def along_only(self, p_GeV, D_kpc2_Myr):
    return 0.0 * D_kpc2_Myr


def nothing_added(self):
    return []


TWINS = {
    "no flux across the gradient": (
        cross_terms.CrossFluxes, "entries", nothing_added, tensor_tube, "n_gal/phi_0"
    ),
    "no flux across the gradient, order": (
        cross_terms.CrossFluxes, "entries", nothing_added, tensor_manufactured, "order of convergence",
    ),
    "flux across the gradient the wrong way": (
        FieldLines, "tensor_kpc2_Myr", mirrored, tensor_tube, "n_gal/phi_0"
    ),
    "all flux at faces": (cross_terms, "KEPT_AT_FACES", 1.0, tensor_leak, "spread across lines"),
    "nothing diffuses across the field": (
        FieldLines, "across_kpc2_Myr", along_only, tensor_slab, "lines at 60 deg"
    ),
    "no loss at a jump of the flow": (
        finite_volumes.Cells, "expansion_Myr", property(no_jump),
        transport_equation_closed_forms, "at fixed energy",
    ),
    "first-order upwind flow": (faces, "half_cell", upwind, manufactured, "order of convergence"),
    "waves that grow twice as fast": (
        streaming, "growth_rate_flux_Myr", doubled, wave_balance, "flux-limited"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TWINS)
def test_a_known_answer_fails(name, monkeypatch):
    place, attribute, broken, check, row = TWINS[name]
    monkeypatch.setattr(place, attribute, broken)
    watched = [each for each in check(1.0) if row in each["name"]]
    assert watched and any(abs(each["value"] - each["expected"]) > each["tolerance"] for each in watched)
