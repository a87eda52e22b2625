"""Protons out of a tube by four descriptions, where waves are so strong that all along the lines agree."""

import json
from dataclasses import replace

import numpy as np
import pytest
from crhalo.fields.galaxy import Galaxy
from crhalo.fields.units import C_KPC_MYR, LARMOR_KPC
from crhalo.mc.orbits.galactic_test import HEIGHTS, WAYS, GalacticTest


def strong(p_GeV, R_kpc, z_kpc):
    """r_L v/(3 F) of a tube, F = 0.1."""
    B = 3.0 * np.exp(-z_kpc / 2.0) * np.hypot(1.0, 0.25 * R_kpc)
    return LARMOR_KPC * p_GeV / B * C_KPC_MYR / 0.3


@pytest.fixture(scope="module")
def test():
    galaxy = Galaxy(field="tube", halo="constant", H_kpc=1.0, bell=False, diffusion=strong, r_max_kpc=20.0)
    return GalacticTest(galaxy, 6e6, 256, 0.1, 1e4, 1, 2)


def test_d_of_tracks_goes_as_r_l_where_the_waves_do(test):
    assert [one.z_kpc for one in test.local] == pytest.approx(list(HEIGHTS), abs=0.05)
    over = np.array([one.free_path_kpc / one.formula_kpc for one in test.local])
    error = np.array([one.free_path_error / one.formula_kpc for one in test.local])
    # Of the same turbulence in units of r_L; in all directions it scatters less than slab waves.
    assert np.ptp(over) < 4.0 * np.hypot.reduce(error)
    assert np.all(over > 1.0) and np.all(over < 4.0)
    assert 0.0 < test.epsilon < 0.1


def test_escape_along_lines_is_described_by_the_d_of_tracks(test):
    error_of_D = max(one.free_path_error / one.free_path_kpc for one in test.local)
    for way in ("guiding-centre", "transport equation"):
        ratio, error = test.ratio(way)
        assert abs(ratio - 1.0) < 3.0 * np.hypot(error, error_of_D), way
    # The twin: the D of the formula, which is not that of the tracks.
    assert test.ratio("guiding-centre")[0] * test.local[1].free_path_kpc / test.local[1].formula_kpc > 1.4


def test_a_row_is_plain_numbers_with_a_reason(test):
    row = json.loads(json.dumps(test.row()))
    assert row["flag"] in ("diffusive", "focused") and "of that of guiding centres" in row["reason"]
    assert set(row["escape_time_Myr"]) == {*WAYS, "transport equation"}
    assert all(inside == 0 for inside in row["inside_at_end"].values())
    layers = row["time_in_layers_Myr_kpc"]
    thickness = np.diff(row["z_edges_kpc"])
    for way in WAYS:
        assert np.sum(layers[way]["value"] * thickness) == pytest.approx(
            row["escape_time_Myr"][way]["value"], rel=1e-2
        )
    total = np.sum(layers["transport equation"]["value"] * thickness)
    assert total == pytest.approx(row["escape_time_Myr"]["transport equation"]["value"], rel=0.03)


def test_the_same_numbers_on_any_number_of_threads(test):
    few = replace(test, particles=128)
    one, two = (replace(few, threads=threads).escapes["tracks"] for threads in (1, 2))
    assert one.time_Myr == two.time_Myr
    np.testing.assert_array_equal(np.concatenate(one.times_Myr), np.concatenate(two.times_Myr))


def test_no_scattering_is_ballistic(test):
    free = replace(test.galaxy, diffusion=lambda p, R, z: 30.0 * strong(p, R, z))
    found = replace(test, galaxy=free, particles=128, energy_GeV=1e7)
    assert found.flag()[0] == "ballistic"
    assert not found.describes("transport equation")


def test_without_waves_orbits_leave_as_guiding_centres_do(test):
    """About the axis, where lines have no kink in the plane: the mirror force alone leads them out."""
    free = replace(test.galaxy, diffusion=lambda p, R, z: 1e6 * strong(p, R, z), H_kpc=2.0)
    found = replace(test, galaxy=free, particles=128, energy_GeV=1e7)
    found.__dict__["media"] = {"guiding-centre": free.medium()}
    orbits, centres = (found._escaped(way).time_Myr for way in ("tracks", "guiding-centre"))
    error = np.hypot(orbits[1], centres[1])
    assert error < 0.04 * centres[0] and abs(orbits[0] - centres[0]) < 3.0 * error


def test_behind_the_surface_orbits_stay_as_their_d_says():
    """Guiding centres have the D of tracks through turbulence like that there, five times that of Bohm."""

    def diffusion(p_GeV, R_kpc, z_kpc):
        B = np.exp(-z_kpc / 0.3) * np.hypot(1.0, 0.25 * R_kpc)
        return LARMOR_KPC * p_GeV / B * C_KPC_MYR / 0.3

    bell = Galaxy(field="tube", z_B_kpc=0.3, B0_uG=1.0, delta_G=1.0, diffusion=diffusion, r_max_kpc=5.0)
    test = GalacticTest(bell, 1e6, 256, 0.1, 1e4, 2, 2)
    D, its = test.D_over_bohm
    assert 3.0 < D < 8.0 and its < 0.03 * D
    orbits, centres = (test._escaped(way) for way in ("tracks", "guiding-centre"))
    (time, error), expected = orbits.behind_Myr, centres.behind_Myr[0]
    assert error < 0.08 * time and abs(time - expected) < 3.0 * error
    assert orbits.inside == centres.inside == 0 and 0.0 < orbits.near_Myr[0] < 1.001 * time
    # The twin: with the D of Bohm they would stay longer by far.
    of_bohm = replace(test, particles=16)
    of_bohm.__dict__["D_over_bohm"] = (1.0, 0.0)
    assert of_bohm._escaped("guiding-centre").behind_Myr[0] > 2.0 * time


def test_nobody_is_behind_a_surface_that_absorbs(test):
    assert replace(test, particles=128)._escaped("tracks").behind_Myr == (0.0, 0.0)
    assert test.by_transport_equation.behind_Myr == 0.0
