"""Cooling of electrons and their synchrotron emission, against closed forms and exact integrals."""

from functools import cache

import astropy.constants as const
import crhalo.maps.light.synchrotron as synchrotron
import numpy as np
import pytest
from crhalo.maps.light.synchrotron import (
    CMB_ENERGY_DENSITY_GEV_CM3,
    cmb_klein_nishina_reduction,
    cooled_electron_density,
    cooling_time_Myr,
    energy_loss_rate_GeV_s,
    magnetic_energy_density_GeV_cm3,
    synchrotron_emissivity,
    synchrotron_power_erg_s_Hz,
)
from scipy.integrate import quad
from scipy.special import gamma as gamma_function
from scipy.special import kv

M_E = 0.51099895e-3
SIGMA_T_C = const.sigma_T.cgs.value * const.c.cgs.value
GEV_ERG = 1.602176634e-3
CMB = 4 * (const.sigma_sb / const.c).cgs.value * 2.7255**4 / GEV_ERG


def field_energy_density(B_uG):
    return (B_uG * 1e-6) ** 2 / (8 * np.pi) / GEV_ERG


def critical_frequency(E, B_uG):
    """3 gamma^2 e B/(4 pi m c) with the gyrofrequency of 2.7992490 Hz in 1 uG."""
    return 1.5 * (E / M_E) ** 2 * 2.799249 * B_uG


def first_synchrotron_function(x):
    """F(x) = x integral K_5/3 above x, in the form of a rapidly falling integral."""
    t = np.linspace(0, 12, 4001)
    u = np.asarray(x, dtype=float)[..., None] * np.cosh(t)
    return np.trapezoid(np.exp(-u) * np.cosh(5 / 3 * t) / np.cosh(t), t, axis=-1) * np.asarray(x)


@cache
def first_synchrotron_function_table():
    x = np.geomspace(1e-9, 100, 600)
    return x, first_synchrotron_function(x)


def fixed_pitch_power(nu, E, B_uG):
    """The broken twin: every electron at a pitch angle of 90 degrees."""
    nu, E, B_uG = np.broadcast_arrays(nu, E, B_uG)
    x, F_of_x = first_synchrotron_function_table()
    F = np.interp(np.log(nu / critical_frequency(E, B_uG)), np.log(x), F_of_x, right=0)
    return np.sqrt(3) * 4.80320471e-10**3 * B_uG * 1e-6 / (M_E * GEV_ERG) * F


# The kernel of one electron


def radiated_over_expected(power, E, B_uG):
    nu = critical_frequency(E, B_uG) * np.geomspace(1e-9, 60, 3000)
    total = np.trapezoid(nu * power(nu, E, B_uG), np.log(nu))
    return total / (4 / 3 * SIGMA_T_C * (E / M_E) ** 2 * field_energy_density(B_uG) * GEV_ERG)


@pytest.mark.parametrize(("E", "B_uG"), [(1, 3), (40, 0.02), (1e7, 0.02)])
def test_power_integrates_to_the_loss_rate(E, B_uG):
    assert radiated_over_expected(synchrotron_power_erg_s_Hz, E, B_uG) == pytest.approx(1, abs=1e-5)
    assert radiated_over_expected(fixed_pitch_power, E, B_uG) == pytest.approx(1.5, rel=1e-3)


def test_power_is_the_mean_over_pitch_angles():
    mu, w = np.polynomial.legendre.leggauss(200)
    sine = np.sqrt(1 - mu**2)
    for x in (1e-4, 0.01, 0.23, 1, 5, 20):
        mean = np.sum(w / 2 * sine * first_synchrotron_function(x / sine))
        mean *= np.sqrt(3) * 4.80320471e-10**3 * 1e-6 / (M_E * GEV_ERG)
        assert synchrotron_power_erg_s_Hz(x * critical_frequency(5, 1), 5, 1) == pytest.approx(mean, rel=1e-4)


def test_kernel_against_the_published_fit_and_its_peak():
    # Aharonian, Kelner & Prosekin 2010 (PRD 82, 043002), Eq. D7, good to 0.2%: in sqrt(3) e^3 B/(m c^2).
    x = np.geomspace(1e-6, 20, 4000)
    fit = 1.808 * np.cbrt(x) / np.sqrt(1 + 3.4 * x ** (2 / 3)) * np.exp(-x)
    fit *= 1 + 2.21 * x ** (2 / 3) + 0.347 * x ** (4 / 3)
    fit /= 1 + 1.353 * x ** (2 / 3) + 0.217 * x ** (4 / 3)
    nu_c = critical_frequency(5, 1)
    unit = np.sqrt(3) * 4.80320471e-10**3 * 1e-6 / (M_E * GEV_ERG)
    kernel = synchrotron_power_erg_s_Hz(x * nu_c, 5, 1) / unit
    np.testing.assert_allclose(kernel, fit, rtol=2.1e-3)
    assert x[kernel.argmax()] == pytest.approx(0.2292, rel=0.01)
    assert kernel.max() == pytest.approx(0.7126, rel=1e-3)
    fixed = fixed_pitch_power(x * nu_c, 5, 1) / unit
    assert x[fixed.argmax()] == pytest.approx(0.2858, rel=0.02)  # the textbook peak of F(x), elsewhere
    assert fixed.max() == pytest.approx(0.918, rel=1e-3)


def test_first_synchrotron_function_of_the_twin():
    assert first_synchrotron_function(0.7) == pytest.approx(0.7 * quad(lambda t: kv(5 / 3, t), 0.7, 60)[0])


# Losses


def test_energy_densities():
    assert pytest.approx(0.2606e-9, rel=1e-3) == CMB_ENERGY_DENSITY_GEV_CM3  # 0.26 eV/cm^3
    assert pytest.approx(CMB, rel=1e-7) == CMB_ENERGY_DENSITY_GEV_CM3
    # The CMB cools as fast as a field of 3.24 uG.
    assert magnetic_energy_density_GeV_cm3(3.24) == pytest.approx(CMB, rel=0.01)


def test_thomson_loss_rate():
    # On the CMB alone: 4/3 * 6.6525e-25 * 2.9979e10 * 2.6057e-10/(5.10999e-4)^2 = 2.654e-17 GeV/s at 1 GeV.
    assert energy_loss_rate_GeV_s(1, 0) == pytest.approx(2.654e-17, rel=1e-3)
    gamma, B = 10 / M_E, 5.0
    assert energy_loss_rate_GeV_s(10, B) == pytest.approx(
        4 / 3 * SIGMA_T_C * gamma**2 * (field_energy_density(B) + CMB), rel=3e-4
    )
    # In a field alone the lifetime is 12.5 Gyr (GeV/E) (uG/B)^2.
    synchrotron_only = energy_loss_rate_GeV_s(1, 1) - energy_loss_rate_GeV_s(1, 0)
    assert 1 / synchrotron_only / 3.15576e16 == pytest.approx(12.5, rel=0.01)


def exact_loss_over_thomson(E):
    """Blumenthal & Gould 1970, Eqs. 2.47-2.48: the spectrum of scattered photons, integrated."""
    gamma, kT = E / M_E, 2.7255 * 8.617333e-14
    photon = np.geomspace(1e-4, 40, 300) * kT
    density = photon**2 / (np.pi**2 * 1.9732698e-14**3) / np.expm1(photon / kT)
    Gamma = (4 * gamma * photon / M_E)[:, None]
    q = np.geomspace(1e-9, 1, 2500)
    kernel = 2 * q * np.log(q) + (1 + 2 * q) * (1 - q) + (Gamma * q) ** 2 * (1 - q) / (2 * (1 + Gamma * q))
    scattered = Gamma * q / (1 + Gamma * q)  # share of the energy of the electron
    per_photon = np.trapezoid(scattered * kernel * Gamma / (1 + Gamma * q) ** 2 * q, np.log(q), axis=-1)
    # 2 pi r_0^2 c is (3/4) sigma_T c.
    rate = 0.75 * SIGMA_T_C * M_E**2 * np.trapezoid(density * per_photon, np.log(photon))
    return rate / (4 / 3 * SIGMA_T_C * gamma**2 * CMB)


@pytest.mark.parametrize("E", [1e3, 1e5, 1e6, 1e7])
def test_klein_nishina_reduction_is_exact(E):
    exact = exact_loss_over_thomson(E)
    assert cmb_klein_nishina_reduction(E) == pytest.approx(exact, rel=2e-4)
    assert abs(1 / exact - 1) > 0.02  # the Thomson rate fails


def test_klein_nishina_limits():
    # Expansion of Blumenthal & Gould 1970: 1 - (63/10) gamma <e^2>/(m c^2 <e>); for a black body, with
    # <e^2>/<e> = kT 4! zeta(5)/(3! zeta(4)), all weighted with the energy density.
    gamma, kT = 20 / M_E, 2.7255 * 8.617333e-14
    first_order = 6.3 * gamma * kT / M_E * 4 * 1.0369278 / 1.0823232
    assert 1 - cmb_klein_nishina_reduction(20) == pytest.approx(first_order, rel=0.01)
    E = np.geomspace(1, 1e10, 400)
    assert np.all(np.diff(cmb_klein_nishina_reduction(E)) < 0)


def test_cooling_time():
    # 1.19 Gyr at 1 GeV on the CMB, and as 1/E below the Klein-Nishina range.
    assert cooling_time_Myr(1, 0) == pytest.approx(1194, rel=2e-3)
    assert cooling_time_Myr(30, 0.02) == pytest.approx(1194 / 30, rel=2e-3)


# Cooled electrons


@pytest.mark.parametrize("s", [1.6, 2, 2.7])
def test_power_law_injection(s):
    E = np.geomspace(1e-2, 1e4, 61)
    N = cooled_electron_density(E, E**-s, 3.0)
    i = slice(10, 31)  # 0.1 to 10 GeV, far below the last energy and in the Thomson range
    expected = (E ** (1 - s) - E[-1] ** (1 - s)) / (s - 1) / energy_loss_rate_GeV_s(E, 3.0)
    np.testing.assert_allclose(N[i], expected[i], rtol=1e-10)
    slope = np.diff(np.log(N[20:31])) / np.diff(np.log(E[20:31]))
    assert slope.mean() == pytest.approx(-(s + 1), abs=0.03)
    assert abs(slope.mean() + s) > 0.5  # not cooled, N ~ q


@pytest.mark.parametrize("s", [2.2, 2.6])
def test_spectrum_and_level_of_a_power_law(s):
    # Rybicki & Lightman 1979, Eq. 6.36 times 2 pi, and the mean of (sin alpha)^((p+1)/2).
    E, B = np.geomspace(0.03, 1e6, 151), 3.0
    nu = np.array([1e8, 4.08e8, 1.4e9])
    p = s + 1
    # Thomson-range cooling has N = C gamma^-p per GeV.
    N0 = 1 / ((s - 1) * energy_loss_rate_GeV_s(1, B)) * M_E**-p
    e, mc2, B_gauss = 4.80320471e-10, M_E * GEV_ERG, B * 1e-6
    C = N0 * M_E
    level = 2 * np.pi * np.sqrt(3) * e**3 * C * B_gauss / (2 * np.pi * mc2 * (p + 1))
    level *= gamma_function(p / 4 + 19 / 12) * gamma_function(p / 4 - 1 / 12)
    mean_sine = np.sqrt(np.pi) / 2 * gamma_function((p + 5) / 4) / gamma_function((p + 7) / 4)
    omega = 2 * np.pi * nu * mc2 / (2.99792458e10 * 3 * e * B_gauss)
    expected = level * omega ** (-(p - 1) / 2)
    result = synchrotron_emissivity(nu, E, E**-s, B)
    np.testing.assert_allclose(result, expected * mean_sine, rtol=2e-3)
    assert np.all(np.abs(result / expected - 1) > 0.1)  # a fixed pitch angle of 90 degrees
    index = -np.diff(np.log(result)) / np.diff(np.log(nu))
    np.testing.assert_allclose(index, s / 2, atol=2e-3)


def test_resolution():
    # 10 energies a decade are enough.
    nu, B = [1e8, 1.4e9], np.array([0.02, 0.5])
    coarse, fine = (np.geomspace(0.1, 1e6, n) for n in (71, 1401))
    result, converged = (synchrotron_emissivity(nu, E, np.tile(E**-2.3, (2, 1)), B) for E in (coarse, fine))
    np.testing.assert_allclose(result, converged, rtol=2e-3)


# Energy closure


def radiated_share(B_uG, source_of, injected_GeV):
    """Share of the injected energy that goes into synchrotron light, integrated over frequency."""
    E = np.geomspace(1e-3, 10, 401)
    nu = critical_frequency(E[0], B_uG) * np.geomspace(8.01, 60 * (E[-1] / E[0]) ** 2, 250)
    light = synchrotron_emissivity(nu, E, source_of(E), B_uG)
    return np.trapezoid(nu * light, np.log(nu)) / GEV_ERG / injected_GeV


def line_at_5_GeV(E):
    """One electron per cm^3 and s at the energy next to 5 GeV: a triangle in ln E."""
    source, i = np.zeros_like(E), np.abs(E - 5).argmin()
    source[i] = 5 / E[i] / (E[i] * np.log(E[1] / E[0]))
    return source


def power_law_source(E):
    return 1 / E


INJECTIONS = [(line_at_5_GeV, 5.0), (power_law_source, 10 - 1e-3)]


@pytest.mark.parametrize(("source_of", "injected_GeV"), INJECTIONS)
@pytest.mark.parametrize("B_uG", [0.3, 3.24, 20])
def test_energy_closure(source_of, injected_GeV, B_uG):
    U = field_energy_density(B_uG)
    assert radiated_share(B_uG, source_of, injected_GeV) == pytest.approx(U / (U + CMB), rel=0.01)


@pytest.mark.parametrize("B_uG", [0.3, 3.24])
def test_energy_closure_fails_without_compton_cooling(monkeypatch, B_uG):
    monkeypatch.setattr(synchrotron, "CMB_ENERGY_DENSITY_GEV_CM3", 0.0)
    U = field_energy_density(B_uG)
    share = radiated_share(B_uG, *INJECTIONS[0])
    assert share == pytest.approx(1, rel=0.01) and share > 1.9 * U / (U + CMB)


def test_energy_closure_fails_with_one_pitch_angle(monkeypatch):
    monkeypatch.setattr(synchrotron, "synchrotron_power_erg_s_Hz", fixed_pitch_power)
    U = field_energy_density(3.24)
    assert radiated_share(3.24, *INJECTIONS[0]) == pytest.approx(1.5 * U / (U + CMB), rel=0.01)


# Arrays


def test_many_cells_at_once():
    E, nu = np.geomspace(0.1, 1e6, 71), [1e8, 4.08e8, 1.4e9]
    B = np.array([[0.01, 0.02, 0.1], [0.5, 0.0, 1e-6]])
    source = E**-2.3 * np.arange(1, 7).reshape(2, 3, 1)
    result = synchrotron_emissivity(nu, E, source, B)
    assert result.shape == (2, 3, 3)
    single = synchrotron_emissivity(nu, E, source[1, 0], 0.5)
    np.testing.assert_allclose(result[1, 0], single, rtol=1e-12)
    assert np.all(result[1, 1] == 0)  # no field, no light
    assert np.all(np.isfinite(result)) and np.all(result >= 0)
    assert np.all(synchrotron_emissivity(nu, E, 0 * E, 0.5) == 0)


def test_energies_that_begin_too_high_are_refused():
    E = np.geomspace(10, 1e6, 51)
    with pytest.raises(ValueError, match="begin at 10 GeV"):
        synchrotron_emissivity(1e8, E, E**-2, 1.0)
