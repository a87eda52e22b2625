"""Orbits: what `validate` does not say of them already."""

from typing import NamedTuple

import numpy as np
import pytest
from crhalo.fields.galaxy import Galaxy
from crhalo.fields.medium import Medium
from crhalo.fields.medium_table import axis
from crhalo.fields.turbulence.of_galaxy import galactic_turbulence
from crhalo.fields.turbulence.single_precision import remembers, single_precision
from crhalo.fields.turbulence.synthetic import Turbulence, grid_field, kolmogorov, plane_waves
from crhalo.fields.units import C_KPC_MYR, KPC_CM, M_P_G
from crhalo.fields.vectors import Sum, Uniform, is_ours, vector_field
from crhalo.mc.blocks import Transport
from crhalo.mc.engine import run
from crhalo.mc.orbits.tracks import tracks
from crhalo.mc.tally import Energy, TallyGrid
from scipy.stats import kstest


def one(field, path, *, place=(0.0, 0.0, 0.0), direction=(1.0, 0.0, 0.0), step=0.1):
    """Places and directions, (paths, 6), of one particle with r_L = 1 kpc in 3 uG."""
    starts = (np.array([place], float), np.array([direction], float))
    out = tracks([field], 3.0, step, np.asarray(path, float), 1, 0.0, 1, starts=starts)
    return out[0, 0]


def test_gyration():
    # A positive charge in B along z turns clockwise: from +x to -y.
    step = 2 * np.pi / 64
    out = one(Uniform(0.0, 0.0, 3.0), 2 * np.pi * np.array([0.25, 0.5, 1.0, 100.0]), step=step)
    np.testing.assert_allclose(out[1, 3:], [0.0, -1.0, 0.0], atol=1e-8)
    np.testing.assert_allclose(out[3, :3], out[0, :3], atol=1e-9)
    np.testing.assert_allclose(out[4, :3], out[0, :3], atol=1e-6)
    # Steps are the sides of a polygon about the circle, recorded at their middles.
    diameter = np.linalg.norm(out[2, :3] - out[0, :3])
    assert diameter == pytest.approx(2.0 * (1 - step**2 / 12), rel=1e-5)


def test_momentum_is_kept():
    waves = plane_waves(kolmogorov, (0.1, 10.0), 32, 3.0, 1)
    out = one(waves, [2 * np.pi * 1e5], step=2 * np.pi / 60)
    assert abs(np.linalg.norm(out[1, 3:]) - 1.0) < 3e-12


def test_threads_do_not_matter():
    fields = [plane_waves(kolmogorov, (0.1, 1.0), 16, 1.0, seed) for seed in range(4)]
    one_thread, two = (tracks(fields, 0.2, 0.02, np.array([1.0, 3.0]), 5, 10.0, 3, threads=n) for n in (1, 2))
    np.testing.assert_array_equal(one_thread, two)


def _fields():
    waves = plane_waves(kolmogorov, (0.1, 1.0), 16, 1.0, 1)
    grid = grid_field(kolmogorov, (0.25, 1.0), 16, 1.0, 1.0, 1)
    return {
        "waves": lambda: waves,
        "grid": lambda: Sum(Uniform(0.1, 0.0, 0.3), grid),
        # Each has a base of its own, which follows one particle.
        "single precision": lambda: Sum(Uniform(0.1, 0.0, 0.3), single_precision(waves, 0.2)),
    }


@pytest.mark.parametrize("name", list(_fields()))
def test_tracks_side_by_side_are_those_of_particles_alone(name):
    """Of more than fit side by side, with places beyond all edges of a periodic box."""
    field, rng = _fields()[name], np.random.default_rng(1)
    places, directions = rng.uniform(-2.0, 2.0, (19, 3)), rng.standard_normal((19, 3))
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    path = np.array([0.0, 0.02, 0.02, 0.3])

    def followed(these):
        return tracks(
            [field()], 0.2, 0.02, path, len(these), 0.0, 1, starts=(places[these], directions[these])
        )

    assert remembers(field()) == (name == "single precision")
    together = followed(np.arange(19))[0]
    np.testing.assert_array_equal(together[:, 0], np.hstack([places, directions]))
    # A base that another particle has moved last tells by 1e-6 at once.
    tolerance = 1e-7 if name == "single precision" else 1e-13
    for i in (0, 7, 15, 16, 18):
        np.testing.assert_allclose(together[i], followed(np.array([i]))[0, 0], rtol=0, atol=tolerance)


class _Own(NamedTuple):
    B_uG: float


@vector_field(_Own)
def _(field, x, y, z):
    return 0.0, 0.0, field.B_uG


def test_a_field_of_the_users_own():
    ours, own = (one(field, [1.0, 5.0]) for field in (Uniform(0.0, 0.0, 3.0), _Own(3.0)))
    np.testing.assert_array_equal(ours, own)


def test_only_our_records_may_be_cached():
    assert is_ours(plane_waves(kolmogorov, (0.1, 1.0), 4, 1.0, 1))
    assert not is_ours(_Own(1.0))


def slab_run(turbulence, particles, threads=1, H=0.05, energy_GeV=1e6, seed=1):
    """Orbits out of a slab |z| < H with gas of 1 cm^-3: the result, and the time of each in Myr."""
    medium = Medium.tabulate(
        diffusion_halo=lambda p, R, z: 1.0 + 0.0 * p * R * z,
        surface=lambda R, z: z - H + 0.0 * R,
        gas_halo=lambda R, z: 1.0 + 0.0 * R * z,
        R_axis=axis((1e3, 500.0)),
        z_axis=axis((H, H / 16), (4 * H, H)),
        r_max_kpc=1e3,
    )
    whole = np.array([0.0, 1e3])
    grid = TallyGrid(energy_GeV * np.array([0.999, 1.0, 1.001]), whole, np.array([0.0, H]), whole, whole)
    ages: list = []
    transport = Transport(particles, seed, "orbit", 1, 1e9, R_d_kpc=0.1, turbulence=turbulence)
    result = run(
        medium, grid, transport, threads=threads, watch=lambda block, *_: ages.extend(block.ages_Myr)
    )
    return result, np.array(ages)


def test_orbits_along_a_vertical_field():
    # Hardly any waves: t = H/(v |mu|), |mu| even between 0 and 1.
    straight = Turbulence(kolmogorov, (0.1, 1.0), 4, 1e-6, 1.0)
    result, ages = slab_run(straight, 2000)
    assert result.counters["absorbed"] == 2000 and result.counters["lost"] == 0
    fastest = 0.05 / C_KPC_MYR
    assert kstest(fastest / ages, "uniform").pvalue > 0.01
    # Every tally sees the same clock.
    grammage = result.per_particle("grammage")[0, :, 1]
    escape = result.per_particle("escape")[0]
    np.testing.assert_allclose(grammage, escape[:, 1] * C_KPC_MYR * KPC_CM * M_P_G, rtol=1e-6)
    np.testing.assert_allclose(result.per_particle("halo")[0].sum(axis=(1, 2, 3)), escape[:, 1], rtol=1e-5)
    assert ages.mean() == pytest.approx(result.per_particle("escape")[0, :, 1].mean(), rel=0.05)


def test_orbits_do_not_depend_on_threads():
    turbulence = Turbulence(kolmogorov, (1e-4, 0.02), 64, 1.0)
    (one_thread, ages), (two, ages_2) = (slab_run(turbulence, 70, threads) for threads in (1, 2))
    np.testing.assert_array_equal(ages, ages_2)
    for name, values in one_thread.tallies.items():
        np.testing.assert_array_equal(values, two.tallies[name])


def test_each_block_has_its_realisation():
    turbulence = Turbulence(kolmogorov, (1e-4, 0.02), 64, 1.0)
    _, ages = slab_run(turbulence, 32)
    _, fewer = slab_run(turbulence, 16)
    np.testing.assert_array_equal(ages[:16], fewer)
    assert not np.any(ages[16:] == fewer)


def test_orbits_need_turbulence():
    with pytest.raises(ValueError, match="turbulence"):
        slab_run(None, 16)


@pytest.fixture(scope="module")
def through_the_surface():
    """A galaxy with a Bell region about its tube, and what orbits of 1 PeV go through in it."""
    galaxy = Galaxy(field="tube", r_max_kpc=30.0)
    medium = galaxy.medium()
    return medium, galactic_turbulence(galaxy, medium, (0.99e6, 1.01e6))


def galactic(medium, turbulence, threads=1, **how):
    wide = np.array([0.0, 30.0])
    grid = TallyGrid(np.array([0.99e6, 1.01e6]), wide, wide, wide, wide)
    transport = Transport(32, 1, "orbit", 1, R_d_kpc=0.5, turbulence=turbulence, **how)
    return run(medium, grid, transport, threads=threads)


def test_orbits_go_through_the_surface_and_their_energy_is_accounted_for(through_the_surface):
    result = galactic(*through_the_surface)
    assert result.counters["escaped"] == 32
    energy, lost = (result.per_particle(name)[0].sum(axis=0) for name in ("energy", "pp_loss"))
    assert energy[Energy.WALL] > 0.0 and energy[Energy.ADIABATIC_BEHIND] > 0.0
    assert energy[1:].sum() + lost.sum() == pytest.approx(energy[0], rel=1e-9)
    behind = result.per_particle("bell")[0].sum()
    assert behind > result.per_particle("halo")[0].sum() > 0.0


def test_the_same_orbits_on_any_number_of_threads(through_the_surface):
    one_thread, two = (galactic(*through_the_surface, threads=n) for n in (1, 2))
    for name, tally in one_thread.tallies.items():
        np.testing.assert_array_equal(tally, two.tallies[name])


def test_orbits_end_at_a_surface_that_absorbs(through_the_surface):
    medium, turbulence = through_the_surface
    result = galactic(medium.absorbing(), turbulence)
    counted = result.counters
    assert counted["absorbed"] > 0 and counted["absorbed"] + counted["escaped"] == 32
    assert result.per_particle("bell").sum() == 0.0
