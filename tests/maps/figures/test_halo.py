"""Figures of halos draw with what they are given, and with nothing above zero."""

import numpy as np
import pytest
from crhalo.maps.data.read import boron_over_carbon, protons
from crhalo.maps.figures import halo as halo_figures
from crhalo.mc.uncertainty import Estimate

E = np.geomspace(1, 1e6, 20)
Z = np.geomspace(0.1, 10, 12)


def png(path):
    return path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n" and path.stat().st_size > 10_000


@pytest.mark.parametrize("factor", [1.0, 30.0])
def test_spectrum(tmp_path, factor):
    flux = factor * 1e4 * E**-2.7
    run = E[::3], Estimate(flux[::3], 0.1 * flux[::3])
    halo_figures.proton_spectrum(tmp_path / "a.png", protons(), E, flux, (E, 2 * flux), run, 0.5)
    assert png(tmp_path / "a.png")


def test_diffusion_and_waves(tmp_path):
    by_height = {"0 kpc": 1e28 * E**0.5, "1 kpc": 2e28 * E**0.5}
    by_energy = {"10 GeV": Z, "1 TeV": Z**2}
    halo_figures.diffusion_of_halo(tmp_path / "a.png", E, by_height, Z, by_energy, 0 * E + 2.0)
    k = np.geomspace(1e1, 1e10, 50)
    halo_figures.wave_power(tmp_path / "b.png", k, {"1 kpc": k**-0.6, "4 kpc": 0.1 * k**-0.6}, 3.0)
    rates = {"growth": k, "cascade": 2 * k, "nothing": 0 * k}
    halo_figures.wave_rates(tmp_path / "c.png", k, [("z = 1 kpc", rates)])
    assert all(png(tmp_path / f"{name}.png") for name in "abc")


def test_boron_over_carbon_and_iteration(tmp_path):
    ratio = 0.3 * E**-0.3
    halo_figures.boron_over_carbon(tmp_path / "a.png", boron_over_carbon(), E, ratio, 30 * ratio)
    halo_figures.iteration(tmp_path / "b.png", [3.0, 0.3, 0.005], 0.01)
    assert png(tmp_path / "a.png") and png(tmp_path / "b.png")
