"""Steady spectra of other particles: speeds, losses, what is refused."""

import numpy as np
import pytest
from crhalo.fields.medium import Medium
from crhalo.fields.medium_table import Wall, axis
from crhalo.fields.units import C_KPC_MYR, M_P_GEV, speed_kpc_Myr
from crhalo.mc.diffusion.finite_volumes import Cells
from crhalo.mc.diffusion.species import Species, centres, steady_spectrum

PROTON, EDGES = Species("p", 1, M_P_GEV), np.geomspace(1.0, 100.0, 21)


def slab(wall=Wall.ABSORBING, flow=0.0):
    def upward(R, z):
        return 0.0 * R * z, flow * z + 0.0 * R

    medium = Medium.tabulate(
        diffusion_halo=lambda p, R, z: 0.1 * p**0.5 + 0.0 * R * z,
        surface=lambda R, z: z - 4.0 + 0.0 * R,
        halo_flow=upward if flow else None,
        R_axis=axis((20.0, 0.5)),
        z_axis=axis((8.0, 0.25)),
        r_max_kpc=100.0,
        wall=wall,
    )
    return Cells(medium, np.array([0.0, 1.0]), np.linspace(0.0, 4.0, 9))


def injected(cells):
    return centres(EDGES)[:, None] ** -1.3 * cells.shares(1.0)


def test_speeds():
    R = np.array([0.1, 1.0, 10.0])
    np.testing.assert_allclose(PROTON.speed_kpc_Myr(R), speed_kpc_Myr(R))
    np.testing.assert_allclose(PROTON.lorentz_factor(R), np.hypot(R, M_P_GEV) / M_P_GEV)
    assert Species("He", 2, 3.73).speed_kpc_Myr(1e6) == pytest.approx(C_KPC_MYR)


def test_a_slow_particle_diffuses_less_by_its_speed():
    cells = slab()
    heavy = Species("heavy", 1, 20.0)
    R = centres(EDGES)
    n, n_heavy = (steady_spectrum(cells, each, EDGES, injected(cells), 0.0) for each in (PROTON, heavy))
    ratio = speed_kpc_Myr(R) / heavy.speed_kpc_Myr(R)
    np.testing.assert_allclose(n_heavy / n, ratio[:, None] * np.ones(8), rtol=1e-9)
    assert ratio[0] > 10.0


def test_what_ends_is_missing_in_a_closed_medium_too():
    cells = slab(Wall.CLOSED)
    n = steady_spectrum(cells, PROTON, EDGES, injected(cells), 0.5)
    np.testing.assert_allclose(0.5 * n @ cells.volume_kpc3, injected(cells).sum(axis=1), rtol=1e-9)
    with pytest.raises(ValueError, match="no steady state"):
        steady_spectrum(cells, PROTON, EDGES, injected(cells), 0.0)


def test_a_flow_that_expands_cools():
    """Losses of div u/3 that are given come to the same as those of the flow."""
    cells = slab(flow=0.02)
    known = steady_spectrum(cells, PROTON, EDGES, injected(cells), 0.0)
    without = steady_spectrum(cells, PROTON, EDGES, injected(cells), 0.0, -cells.expansion_Myr / 3.0)
    assert np.all(known[:10] < 0.99 * without[:10]) and cells.expansion_Myr.max() > 0.0


@pytest.mark.parametrize("edges", [[1.0], [2.0, 1.0], [0.0, 1.0]])
def test_edges_that_do_not_rise_are_refused(edges):
    cells = slab()
    with pytest.raises(ValueError, match="must rise"):
        steady_spectrum(cells, PROTON, edges, np.ones((len(edges) - 1, 8)), 0.0)
