"""The transport equation against closed forms in energy and time."""

import numpy as np
import pytest
from crhalo.fields.medium import Medium
from crhalo.fields.medium_table import Wall, axis
from crhalo.fields.units import C_KPC_MYR, KPC_CM, M_P_G, MYR_S, speed_kpc_Myr
from crhalo.mc.diffusion.finite_volumes import Cells
from crhalo.mc.diffusion.solve import bin_momenta_GeV, residence, solve
from crhalo.mc.spectrum import Spectrum

D, H = 0.4, 4.0
RING = np.array([0.0, 1.0])


def outside_kpc(p_GeV):
    """Where the density of a slab would fall to zero, beyond its end: 0.71 mean free paths (Milne)."""
    return 3.0 * 0.7104461 * D / speed_kpc_Myr(p_GeV)


def slab(wall=Wall.ABSORBING, loss=0.0, gas=0.0):
    return Medium.tabulate(
        diffusion_halo=lambda p, R, z: D + 0.0 * p * R * z,
        surface=lambda R, z: z - H + 0.0 * R,
        gas_disc=lambda R, z: gas + 0.0 * R * z,
        loss_rate=lambda p: loss + 0.0 * p,
        R_axis=axis((20.0, 1.0)),
        z_axis=axis((8.0, 0.25)),
        r_max_kpc=100.0,
        wall=wall,
    )


def cells(medium, layers=16):
    return Cells(medium, RING, np.linspace(0.0, H, layers + 1))


def per_ln_p(solution, spectrum):
    """Density over rate per ln E, injected into half of the slab."""
    rates = 0.5 * spectrum.group_rates_s(solution.energy_edges_GeV) * MYR_S
    return solution.protons_kpc3 / rates[:, None]


def test_losses_in_a_closed_box_make_the_known_power_law():
    """b n(E) = int_E q dE for losses alone; second order in the width of bins, away from their top."""
    loss, slope = 1e-3, 2.4
    spectrum = Spectrum(slope=slope, E_max_GeV=1e12)
    box = cells(slab(Wall.CLOSED, loss, gas=1.0), 4)
    errors = []
    for bins in (24, 48):
        edges = np.geomspace(1e2, 1e5, bins + 1)
        solution = solve(box, edges, spectrum, 1.0)
        found = per_ln_p(solution, spectrum).mean(axis=1) * np.pi * H * loss * (slope - 1)
        left, width = edges ** (1 - slope), np.log(edges[1] / edges[0])
        exact = 1 - width * (slope - 1) * left[-1] / (left[:-1] - left[1:])
        errors.append(np.abs(found / exact - 1)[: bins // 3].max())
    assert errors[1] < 3e-3
    assert errors[0] / errors[1] > 3.0


def test_without_losses_energies_are_alone():
    spectrum = Spectrum(slope=2.2, E_max_GeV=1e12)
    edges = np.geomspace(1e2, 1e4, 9)
    solution = solve(cells(slab()), edges, spectrum, 1.0)
    box = cells(slab())
    expected = (H + outside_kpc(bin_momenta_GeV(edges))[:, None] - box.z_kpc) / D / np.pi
    np.testing.assert_allclose(per_ln_p(solution, spectrum), expected, rtol=1e-9)


def test_long_after_it_is_the_steady_state():
    spectrum = Spectrum(E_max_GeV=1e12)
    edges = np.geomspace(1e2, 1e4, 9)
    box = cells(slab(loss=1e-3, gas=1.0))
    late, steady = (solve(box, edges, spectrum, 1.0, t).protons_kpc3 for t in (20 * H**2 / D, None))
    np.testing.assert_allclose(late, steady, rtol=1e-6)


def test_early_on_all_are_still_there():
    spectrum = Spectrum(E_max_GeV=1e12)
    edges, t = np.geomspace(1e2, 1e4, 9), 0.01 * H**2 / D
    box = cells(slab())
    there = solve(box, edges, spectrum, 1.0, t).protons_kpc3 @ box.volume_kpc3
    np.testing.assert_allclose(there, 0.5 * spectrum.group_rates_s(edges) * MYR_S * t, rtol=1e-4)


def test_residence_escape_age_and_grammage_of_a_slab():
    gas = 0.01
    box = cells(slab(gas=gas), 64)
    found = residence(box, 1e4, 1.0)
    end = float(outside_kpc(1e4))
    assert found.escape_time_Myr == pytest.approx((H**2 / 2 + H * end) / D, rel=1e-4)
    assert found.per_cell_Myr.sum() == pytest.approx(found.escape_time_Myr)
    column = gas * M_P_G * KPC_CM * C_KPC_MYR * found.escape_time_Myr
    assert found.grammage_g_cm2[0] == pytest.approx(column, rel=1e-6)
    # a(z) of those found: D (n a)'' = -n for n = (H - z)/D, so a(0) = H^2/(3 D).
    assert found.age_Myr[0] == pytest.approx(H**2 / (3 * D), rel=0.01)
    assert found.crossed_g_cm2[0] == pytest.approx(
        gas * M_P_G * KPC_CM * C_KPC_MYR * H**2 / (3 * D), rel=0.01
    )


def test_a_closed_medium_has_no_steady_state():
    with pytest.raises(ValueError, match="nothing leaves"):
        residence(cells(slab(Wall.CLOSED)), 1e4, 1.0)


@pytest.mark.parametrize("edges", [[10.0, 20.0], [10.0, 20.0, 15.0], [0.5, 1.0, 2.0]])
def test_bad_energies_are_refused(edges):
    with pytest.raises(ValueError, match="energy edges"):
        solve(cells(slab()), np.array(edges), Spectrum(), 1.0)


def test_bin_momenta_lie_within():
    edges = np.array([1.0, 2.0, 4.0])
    assert np.all(bin_momenta_GeV(edges) < edges[1:])
