"""The published fluxes, against numbers stated in their papers."""

import numpy as np
import pytest
from crhalo.maps.measurements import fermi_igrb, icecube, pev_gamma_limit


@pytest.mark.parametrize("points", [*icecube(), fermi_igrb(), pev_gamma_limit()], ids=lambda p: p.label)
def test_points_are_in_order(points):
    low, centre, high = points.energy_GeV.T
    assert np.all((low <= centre) & (centre <= high)) and np.all(np.diff(centre) > 0)
    assert np.all((points.flux[:, 0] <= points.flux[:, 1]) & (points.flux[:, 1] <= points.flux[:, 2]))
    assert np.all(points.flux[:, 2] > 0)


def test_icecube_is_per_flavour():
    """The broken power law of the same paper is 1.77e-8 per flavour at 100 TeV, falling as E^-0.735."""
    for points in icecube():
        E, value = points.energy_GeV[:, 1], points.flux
        i = int(np.argmin(np.abs(np.log(E / 1e5))))
        expected = 1.77e-8 * (E[i] / 1e5) ** -0.735
        assert value[i, 0] * 0.7 < expected < value[i, 2] * 1.3


def test_igrb_fits_its_published_spectrum():
    """Model A: 0.95e-7 MeV^-1 cm^-2 s^-1 sr^-1 at 100 MeV, index 2.32, cut off at 279 GeV, [15%]."""
    points = fermi_igrb()
    E = points.energy_GeV[:, 1]
    fit = 0.95e-4 * (E / 0.1) ** -2.32 * np.exp(-E / 279) * E**2
    below = E < 100
    assert np.abs(np.log(points.flux[below, 1] / fit[below])).mean() < 0.15


def test_pev_limit_is_a_limit():
    points = pev_gamma_limit()
    assert points.is_limit.all()
    assert points.flux[0, 2] == pytest.approx(7.0e-10, rel=0.05)
