"""The transport equation and the waves with one piece broken each: their known answers must fail."""

import numpy as np
import pytest
from crhalo.fields.waves import streaming
from crhalo.mc.diffusion import finite_volumes
from crhalo.scenarios.validation.waves import manufactured, transport_equation_closed_forms, wave_balance


def no_jump(self):
    return np.zeros(self.count)


def doubled(*args, right=streaming.growth_rate_flux_Myr):
    return 2.0 * right(*args)


def upwind(D, h, u):
    return D / h + np.maximum(u, 0.0), D / h + np.maximum(-u, 0.0)


TWINS = {
    "no loss at a jump of the flow": (
        finite_volumes.Cells, "expansion_Myr", property(no_jump),
        transport_equation_closed_forms, "at fixed energy",
    ),
    "first-order upwind flow": (finite_volumes, "_half_cell", upwind, manufactured, "order of convergence"),
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
