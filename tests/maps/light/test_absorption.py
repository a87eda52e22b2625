"""Pair production on the microwave background, against the known mean free paths."""

import numpy as np
import pytest
from crhalo.maps.light.absorption import cmb_absorption_per_kpc


@pytest.mark.parametrize(
    ("energy_PeV", "path_kpc"), [(0.2, 390), (0.3, 72), (0.5, 20.2), (1, 8.95), (2, 7.1), (10, 11.4)]
)
def test_mean_free_path(energy_PeV, path_kpc):
    assert 1 / cmb_absorption_per_kpc(energy_PeV * 1e6) == pytest.approx(path_kpc, rel=0.01)


def test_minimum_and_limits():
    E = np.geomspace(1, 1e9, 2000)
    absorption = cmb_absorption_per_kpc(E)
    assert E[absorption.argmax()] == pytest.approx(2e6, rel=0.2)
    assert np.all(np.isfinite(absorption)) and np.all(absorption[E < 1e4] == 0)
    assert cmb_absorption_per_kpc(np.ones((2, 3))).shape == (2, 3)


def test_agrees_with_the_double_integral():
    # The angle-averaged form, Gould & Schreder Eq. 7, without the closed form over photons.
    E, kT, m = 1e6, 2.7255 * 8.617333e-14, 0.51099895e-3
    photon = np.geomspace(m**2 / E, 60 * kT, 1501)
    density = photon**2 / (np.pi**2 * 1.9732698e-14**3) / np.expm1(photon / kT)
    integral = np.empty_like(photon)
    for i, e in enumerate(photon):
        s = np.linspace(4 * m**2, 4 * E * e, 1001)
        b = np.sqrt(1 - 4 * m**2 / s)
        sigma = (1 - b**2) * ((3 - b**4) * 2 * np.arctanh(b) - 2 * b * (2 - b**2)) * 3 / 16 * 6.6524587e-25
        integral[i] = np.trapezoid(s * sigma, s)
    rate = np.trapezoid(density / photon * integral, np.log(photon)) / (8 * E**2)
    assert cmb_absorption_per_kpc(E) == pytest.approx(rate * 3.0856776e21, rel=2e-3)
