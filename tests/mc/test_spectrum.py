"""The injection spectrum and its normalisation."""

import numpy as np
import pytest
from crhalo.fields.exceptions import UserError
from crhalo.mc.spectrum import Spectrum
from crhalo.mc.tally import energy_groups
from scipy.integrate import quad
from scipy.special import exp1

GEV_ERG = 1.602176634e-3


@pytest.mark.parametrize("slope", [1.8, 2.0, 2.3, 2.7])
def test_luminosity_between_sharp_limits(slope):
    spectrum = Spectrum(slope=slope, E_min_GeV=2.0, E_max_GeV=3e5)
    E = np.geomspace(2.0, 3e5, 20_001)
    sharp = spectrum.rate_GeV_s(E) * np.exp(E / 3e5)
    assert np.trapezoid(sharp * E**2, np.log(E)) * GEV_ERG == pytest.approx(1e41, rel=1e-6)
    np.testing.assert_allclose(sharp * E**slope, sharp[0] * E[0] ** slope)


def test_slope_two_is_luminosity_over_lambda():
    E = np.array([1.0, 1e3, 1e6])
    rate = Spectrum(L_CR_erg_s=3e40).rate_GeV_s(E)
    np.testing.assert_allclose(E**2 * rate * GEV_ERG, 3e40 / np.log(1e6) * np.exp(-E / 1e6))


def test_the_cut_off_takes_a_few_per_cent_of_the_luminosity():
    spectrum = Spectrum()
    E = np.geomspace(1.0, 1e6, 20_001)
    carried = np.trapezoid(spectrum.rate_GeV_s(E) * E**2, np.log(E)) * GEV_ERG / 1e41
    assert carried == pytest.approx((exp1(1e-6) - exp1(1.0)) / np.log(1e6), rel=1e-6)
    assert 0.9 < carried < 1


@pytest.mark.parametrize("slope", [2.0, 2.4])
def test_group_rates_add_up_to_all_protons(slope):
    spectrum = Spectrum(slope=slope)
    E = np.geomspace(1.0, 1e6, 200_001)
    total = np.trapezoid(spectrum.rate_GeV_s(E) * E, np.log(E))
    rates = spectrum.group_rates_s(energy_groups(1, 1e6))
    decades = spectrum.group_rates_s(np.geomspace(1, 1e6, 7))
    assert rates.sum() == pytest.approx(total, rel=1e-6)
    np.testing.assert_allclose(rates.reshape(6, -1).sum(axis=1), decades, rtol=1e-9)


def test_group_rates_carry_the_luminosity():
    edges = np.geomspace(1.0, 1e6, 6001)
    carried = (Spectrum().group_rates_s(edges) * np.sqrt(edges[1:] * edges[:-1])).sum() * GEV_ERG
    assert carried == pytest.approx(1e41 * (exp1(1e-6) - exp1(1.0)) / np.log(1e6), rel=1e-5)


def test_nothing_below_the_lowest_energy():
    spectrum = Spectrum(E_min_GeV=10.0)
    rates = spectrum.group_rates_s(np.array([1.0, 5.0, 10.0, 20.0]))
    assert rates[:2].tolist() == [0, 0] and rates[2] > 0
    # A group that E_min divides counts its upper part only.
    assert spectrum.group_rates_s(np.array([1.0, 20.0]))[0] == pytest.approx(rates[2])


def test_rates_are_proportional_to_the_luminosity():
    edges = energy_groups(1e3, 1e6)
    one, two = (Spectrum(L_CR_erg_s=L).group_rates_s(edges) for L in (1e41, 2e41))
    np.testing.assert_allclose(two, 2 * one)


def test_slope_may_change_at_E_max_instead_of_a_cutoff():
    E = np.array([1e3, 1e6, 1e7])
    rate = Spectrum(slope_above=3.0).rate_GeV_s(E) * E**2
    assert rate[1] == pytest.approx(rate[0]) and rate[2] == pytest.approx(0.1 * rate[0])
    # Far below E_max it is the same as with the cut-off; endless, it is one power law.
    assert Spectrum().rate_GeV_s(E)[0] * E[0] ** 2 == pytest.approx(rate[0], rel=2e-3)
    endless = Spectrum(slope_above=2.0).rate_GeV_s(E) * E**2
    np.testing.assert_allclose(endless, rate[0])


def test_a_break_keeps_the_luminosity_and_is_where_it_is_said():
    """L_CR is what is injected between E_min and E_max with sharp limits, on both sides of the break."""
    broken = Spectrum(slope=1.9, slope_beyond=2.4, E_break_GeV=2e4, slope_above=2.4)
    low, high = np.log(broken.E_min_GeV), np.log(broken.E_max_GeV)
    power = quad(lambda x: broken.rate_GeV_s(np.exp(x)) * np.exp(2 * x), low, high, limit=200)
    assert power[0] * GEV_ERG == pytest.approx(broken.L_CR_erg_s, rel=1e-6)
    E = np.array([2.0, 1.99e4, 2.01e4, 1e5, 1e7])
    slopes = -np.diff(np.log(broken.rate_GeV_s(np.stack([E, 1.001 * E]))), axis=0)[0] / np.log(1.001)
    assert slopes == pytest.approx([1.9, 1.9, 2.4, 2.4, 2.4])
    assert "E^-2.4 above 20 TeV" in str(broken)
    cut = Spectrum(slope=1.9, slope_beyond=2.4, E_break_GeV=2e4)
    np.testing.assert_allclose(cut.rate_GeV_s(E) / broken.rate_GeV_s(E), np.exp(-E / 1e6))


def test_a_break_that_is_none_changes_nothing():
    E = np.geomspace(1.0, 1e7, 50)
    none, there = Spectrum(slope=2.2), Spectrum(slope=2.2, slope_beyond=2.2, E_break_GeV=1e3)
    np.testing.assert_allclose(there.rate_GeV_s(E), none.rate_GeV_s(E))


def test_a_break_outside_of_the_spectrum_is_refused():
    with pytest.raises(UserError, match=r"Spectrum\.E_break_GeV = 5\.0: allowed: between"):
        Spectrum(slope_beyond=1.8, E_break_GeV=5.0, E_min_GeV=10.0)
