"""Bands of energy: exact for power laws, right for a real sky, and refused where there are no maps."""

import astropy.units as u
import numpy as np
import pytest
from crhalo.fields.exceptions import UserError
from crhalo.maps.light.bands import band_integral
from crhalo.scenarios import load

ENERGY = np.geomspace(10.0, 1e3, 9)


def trapezoid_in_energy(energy, intensity, low, high):
    """The broken twin: straight lines between energies."""
    E = np.unique(np.concatenate([[low, high], energy[(energy > low) & (energy < high)]]))
    return np.trapezoid(np.interp(E, energy, intensity), E)


@pytest.mark.parametrize("slope", [-3.0, -2.7, -1.0, 0.0, 2.0])
@pytest.mark.parametrize(("low", "high"), [(10.0, 1e3), (33.0, 34.0), (10.0, 12.0), (50.0, 999.0)])
def test_power_laws_are_exact(slope, low, high):
    index = slope + 1
    expected = np.log(high / low) if index == 0.0 else (high**index - low**index) / index
    intensity = np.stack([ENERGY**slope, 3.0 * ENERGY**slope], axis=1)
    found = band_integral(ENERGY, intensity, low, high)
    np.testing.assert_allclose(found, [expected, 3 * expected], rtol=1e-12)
    if high > 10.0 * low and slope < -2.0:
        assert trapezoid_in_energy(ENERGY, ENERGY**slope, low, high) > 1.05 * expected


def test_where_there_is_nothing():
    intensity = np.where(ENERGY < 100.0, 0.0, ENERGY**-2.0)
    found = band_integral(ENERGY, intensity, 10.0, 1e3)
    assert found == pytest.approx(band_integral(ENERGY, ENERGY**-2.0, ENERGY[ENERGY >= 100][0], 1e3))
    assert band_integral(ENERGY, 0.0 * ENERGY, 10.0, 1e3) == 0.0


@pytest.fixture(scope="module")
def sky():
    energies = ["transport.energy_range=['10 GeV', '1 PeV']"]
    run = load("circumgalactic").with_overrides(energies).run(particles=64, seed=1)
    return run.sky("gamma", ENERGY, nside=4), run


def test_a_sky_is_the_integral_of_its_single_energies(sky):
    coarse, run = sky
    band = coarse.in_band(30 * u.GeV, 0.3 * u.TeV)
    fine = run.sky("gamma", np.geomspace(30.0, 300.0, 161), nside=4)
    closer = run.sky("gamma", np.geomspace(10.0, 1e3, 17), nside=4).in_band(30.0, 300.0)
    for name, part in fine.maps.items():
        expected = np.trapezoid(part * fine.energy_GeV[:, None], np.log(fine.energy_GeV), axis=0)
        np.testing.assert_allclose(band.maps[name], expected, rtol=0.01)
        np.testing.assert_allclose(closer.maps[name], expected, rtol=0.003)
    np.testing.assert_allclose(band.total, sum(band.maps.values()))
    # The error of a band is about that of its energies, not what single ones would have if they were apart.
    error = coarse.relative_error[(coarse.energy_GeV > 30) & (coarse.energy_GeV < 300)]
    assert (band.relative_error >= error.min(axis=0) * 0.9).all()
    assert (band.relative_error <= error.max(axis=0) * 1.1).all()
    assert "30 to 300 GeV" in repr(band)


@pytest.mark.parametrize(
    ("low", "high"), [(5.0, 100.0), (30.0, 2e3), (300.0, 30.0), (30.0, 30.0), (-1.0, 30.0)]
)
def test_bands_that_are_refused(sky, low, high):
    with pytest.raises(UserError, match="low_GeV"):
        sky[0].in_band(low, high)


def test_a_sky_of_one_energy_has_no_band(sky):
    with pytest.raises(UserError, match="two energies or more"):
        sky[1].sky("gamma", [10.0], nside=4).in_band(10.0, 11.0)
