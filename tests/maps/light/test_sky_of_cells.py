"""The sky average of densities in cells: spheres by closed form, absorption, and a run of particles."""

from types import SimpleNamespace

import numpy as np
import pytest
from crhalo.fields.units import KPC_CM
from crhalo.maps.light import sky_of_cells
from crhalo.maps.light.absorption import cmb_absorption_per_kpc
from crhalo.maps.light.emissivity import matrix_per_flavour
from crhalo.maps.light.sky import SUN_R_KPC, SUN_Z_KPC
from crhalo.maps.light.structure import ring_weight
from crhalo.mc.coupled.waves import round_cells
from crhalo.mc.diffusion.solve import solve
from crhalo.scenarios import load
from crhalo.scenarios.build import spectrum_of
from crhalo.scenarios.run import make_run
from scipy.integrate import quad

SUN = np.hypot(SUN_R_KPC, SUN_Z_KPC)
EDGES = np.array([1e4, 1e5, 1e6, 1e7])


def shell(inner, outer, step=0.25):
    """Cells of a shell about the centre, filled with gas of 1e-3 and a proton per kpc^3 in each bin."""
    edges = np.arange(0.0, outer + step, step)
    middle = 0.5 * (edges[1:] + edges[:-1])
    r = np.hypot(middle[:, None], middle)
    used = (r > inner) & (r < outer)
    R, z = np.meshgrid(middle, middle, indexing="ij")
    gas = np.zeros((used.sum(), 3))
    gas[:, 2] = 1e-3
    return SimpleNamespace(
        R_edges_kpc=edges, z_edges_kpc=edges, used=used, count=int(used.sum()), gas_cm3=gas,
        centres_kpc=(R[used], z[used]), medium=SimpleNamespace(table=SimpleNamespace(collisions=np.ones(3))),
    )  # fmt: skip


def seen(cells, secondary, E):
    solution = SimpleNamespace(
        cells=cells, energy_edges_GeV=EDGES, protons_kpc3=np.ones((EDGES.size - 1, cells.count))
    )
    return sky_of_cells.sky_average(solution, secondary, E)


def of_shell_kpc(inner, outer, per_kpc=0.0):
    """Mean over the sky of the way through a shell over 4 pi, as integral dV exp(-d/lambda)/(16 pi^2 d^2).

    Of a sphere of radius r around the centre, d dd = -r a d(cos): integral exp(-d/lambda)/d dd/(r a).
    """

    def of_sphere(r):
        if per_kpc == 0.0:
            inner = np.log((r + SUN) / abs(r - SUN))
        else:
            inner = quad(lambda d: np.exp(-per_kpc * d) / d, abs(r - SUN), r + SUN)[0]
        return r / SUN * inner / (8.0 * np.pi)

    return quad(of_sphere, inner, outer)[0]


def check_shell(inner, outer):
    E = np.array([1e3, 1e5])
    per_H = matrix_per_flavour("neutrino", E, EDGES).sum(axis=1) / KPC_CM**3
    known = per_H * 1e-3 * of_shell_kpc(inner, outer) * KPC_CM
    found = seen(shell(inner, outer), "neutrino", E)
    np.testing.assert_allclose(found["cgm"], known, rtol=0.01)
    assert not found["disc"].any() and not found["halo"].any()


@pytest.mark.parametrize(("inner", "outer"), [(14.0, 15.0), (20.0, 60.0)])
def test_a_shell_has_its_closed_form(inner, outer):
    check_shell(inner, outer)


@pytest.fixture
def fresh():
    sky_of_cells._weights_kpc.cache_clear()
    yield
    sky_of_cells._weights_kpc.cache_clear()


@pytest.mark.parametrize(
    "broken",
    [
        lambda R, z: ring_weight(R, z) / 2.0,  # above the plane alone
        lambda R, z: R / (4.0 * np.pi * (R**2 + z**2)),  # seen from the centre
    ],
)
def test_a_broken_weight_is_seen(broken, monkeypatch, fresh):
    monkeypatch.setattr(sky_of_cells, "ring_weight", broken)
    with pytest.raises(AssertionError):
        check_shell(14.0, 15.0)


def test_gamma_rays_are_dimmed_by_the_way_they_come():
    E = np.array([10.0, 2e6])  # the CMB takes most there
    inner, outer, per_kpc = 20.0, 60.0, cmb_absorption_per_kpc(2e6)
    per_H = matrix_per_flavour("gamma", E, EDGES).sum(axis=1) / KPC_CM**3
    lengths = [of_shell_kpc(inner, outer), of_shell_kpc(inner, outer, per_kpc)]
    found = seen(shell(inner, outer), "gamma", E)["cgm"]
    np.testing.assert_allclose(found, per_H * 1e-3 * lengths * KPC_CM, rtol=0.01)
    assert lengths[1] < 0.2 * lengths[0]


@pytest.fixture(scope="module")
def both():
    """A run of particles and the equation in its medium, 100 GeV to 100 TeV, and what the cells are."""
    settings = [
        "medium.delta_G=30", "medium.cgm_beta=0", "medium.outflow=momentum", "source.E_max=1 PeV",
        "transport.energy_range=['100 GeV', '100 TeV']", "transport.particles=640",
    ]  # fmt: skip
    run = make_run(load("milky-way-circumgalactic").with_overrides(settings), 2)
    edges = run.result.grid.current_edges_GeV
    cells = round_cells(run.medium, run.galaxy)
    return run, solve(cells, edges, spectrum_of(run.scenario), run.galaxy.R_d_kpc)


@pytest.mark.parametrize("secondary", ["neutrino", "gamma"])
def test_it_is_that_of_particles(both, secondary):
    run, solution = both
    E = np.array([50.0, 500.0, 5e3])
    model = run.sky_model
    counted = model.mean(secondary, E)
    found = sky_of_cells.sky_average(solution, secondary, E, model.helium_per_proton)
    for component in ("cgm", "halo"):
        error = np.hypot(counted[component].error, 0.05 * counted[component].value)
        assert np.all(np.abs(found[component] - counted[component].value) < 3.0 * error), component
