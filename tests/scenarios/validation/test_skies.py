"""Skies with exact answers, which `crhalo validate` holds to 0.5%: what is wrong with a sky fails."""

import numpy as np
import pytest
from crhalo.fields.units import KPC_CM
from crhalo.maps.light.sky import SUN_KPC, SUN_R_KPC, SUN_Z_KPC, sky_map
from crhalo.scenarios.validation import skies as checks


def test_the_exact_answers_themselves():
    # Far away a sphere is a point, about the Sun the path is its radius; from far inside, 10 kpc + 8 to - 8.
    assert checks.inverse_square_kpc(1.0, 100.0) == pytest.approx(4 / 3 * np.pi / 100**2, rel=1e-4)
    assert checks.inverse_square_kpc(10.0, 1e-3) == pytest.approx(4 * np.pi * 10)
    there, back = np.array([[1.0, 0, 0], [-1.0, 0, 0]]), np.array([8.0, 0, 0])
    np.testing.assert_allclose(checks.chord_kpc(there, back, 10.0), [18, 2])
    np.testing.assert_allclose(checks.chord_kpc(there, 3 * back, 10.0), [20, 0])


@pytest.mark.parametrize("wrong", ["1/d", "Sun in the plane", "no absorption"])
def test_a_wrong_sky_fails(wrong, monkeypatch):
    if wrong == "1/d":  # in place of 1/d^2, for rings near the Sun
        ring = lambda R, z: R / (8 * np.pi) * 2 / np.hypot(R - SUN_R_KPC, z - SUN_Z_KPC) / 10  # noqa: E731
        monkeypatch.setattr("crhalo.maps.light.structure.ring_weight", ring)
        rows = checks.mean_of_the_sky(1.0)
    elif wrong == "Sun in the plane":  # 23% more disc to the north
        monkeypatch.setattr(checks, "SUN_Z_KPC", 0.0)
        rows = checks.disc_at_the_poles(1.0)
    else:
        unabsorbed = lambda q, nside, absorption_per_kpc, **rest: sky_map(  # noqa: E731
            q, nside, absorption_per_kpc=0 * absorption_per_kpc, **rest
        )
        monkeypatch.setattr(checks, "sky_map", unabsorbed)
        rows = checks.absorbed_shell(1.0)
    assert any(not row["passed"] for row in rows)


def test_starlight_that_is_the_same_everywhere_fails(monkeypatch):
    met = [checks._met_per_kpc(1e5)]
    assert all(row["passed"] for row in checks._shell_through_starlight(np.array([1e5]), met))
    monkeypatch.setattr("crhalo.maps.light.starlight._log_profile", lambda: lambda places: 0.0 * places[0])
    assert not any(row["passed"] for row in checks._shell_through_starlight(np.array([1e5]), met))


def test_starlight_of_another_disc_or_temperature_fails(monkeypatch):
    monkeypatch.setattr(checks, "_shell_through_starlight", lambda energy, met: [])
    assert all(row["passed"] for row in checks.starlight(1.0))
    with monkeypatch.context() as patch:
        patch.setattr("crhalo.maps.light.starlight.DISC_SCALE_KPC", 5.0)  # of cold dust
        failed = [row["name"] for row in checks.starlight(1.0) if not row["passed"]]
        assert any("density" in name for name in failed) and any(
            "from the Galactic" in name for name in failed
        )
    hotter = tuple((1.02 * T, share) for T, share in checks.GREY_BODIES)
    monkeypatch.setattr("crhalo.maps.light.starlight.GREY_BODIES", hotter)
    assert any("pairs made" in row["name"] for row in checks.starlight(1.0) if not row["passed"])


def test_steps_of_a_ray_miss_a_sharp_rim():
    # Why single pixels are held to a soft rim: a jump is found to half a step of 0.2 kpc, here up to 2%.
    sky = sky_map(lambda x, y, z: 1.0 * (x**2 + y**2 + z**2 < 144), 8) / KPC_CM * 4 * np.pi
    ratio = sky / checks.chord_kpc(checks._directions(8), -np.array(SUN_KPC), 12.0)
    assert 0.005 < np.abs(ratio - 1).max() < 0.025
    assert ratio.mean() == pytest.approx(1, abs=0.002)
