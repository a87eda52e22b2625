"""Figures of halos draw with what they are given, and with nothing above zero."""

import numpy as np
import pytest
from crhalo.maps.data.read import boron_over_carbon, protons
from crhalo.maps.figures import halo as halo_figures
from crhalo.maps.figures.page import save
from crhalo.mc.uncertainty import Estimate

E = np.geomspace(1, 1e6, 20)
Z = np.geomspace(0.1, 10, 12)


def png(path):
    return path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n" and path.stat().st_size > 10_000


@pytest.mark.parametrize("factor", [1.0, 30.0])
def test_spectrum(tmp_path, factor):
    flux = factor * 1e4 * E**-2.7
    run = E[::3], Estimate(flux[::3], 0.1 * flux[::3])
    save(halo_figures.proton_spectrum(protons(), E, flux, (E, 2 * flux), run, 0.5), tmp_path / "a.png")
    assert png(tmp_path / "a.png")


def test_diffusion_and_waves(tmp_path):
    by_height = {"0 kpc": 1e28 * E**0.5, "1 kpc": 2e28 * E**0.5}
    by_energy = {"10 GeV": Z, "1 TeV": Z**2}
    save(halo_figures.diffusion_of_halo(E, by_height, Z, by_energy, 0 * E + 2.0), tmp_path / "a.png")
    k = np.geomspace(1e1, 1e10, 50)
    save(halo_figures.wave_power(k, {"1 kpc": k**-0.6, "4 kpc": 0.1 * k**-0.6}, 3.0), tmp_path / "b.png")
    rates = {"growth": k, "cascade": 2 * k, "nothing": 0 * k}
    save(halo_figures.wave_rates(k, [("z = 1 kpc", rates)]), tmp_path / "c.png")
    assert all(png(tmp_path / f"{name}.png") for name in "abc")


def test_round_off_is_no_structure():
    """A D that is the same everywhere is a straight line, on an axis of a factor of three."""
    D = {"0 kpc": 1e28 * E**0.5}
    even = {"10 GeV": 1.0 + 1e-12 * np.sin(Z)}
    figure = halo_figures.diffusion_of_halo(E, D, Z, even, 2.0 + 1e-12 * np.cos(E))
    for axes in figure.axes:
        low, high = axes.get_ylim()
        assert high / low >= 2.99


def test_particles_that_say_nothing_are_left_out():
    flux = 1e4 * E**-2.7
    error = np.where(np.arange(E.size) % 2, 0.1, 3.0) * flux
    figure = halo_figures.proton_spectrum(protons(), E, flux, (E, flux), (E, Estimate(flux, error)), 0.5)
    drawn = next(one for one in figure.axes[0].containers if one.get_label() == "particles")
    assert len(drawn.lines[0].get_xdata()) == E.size // 2


def test_boron_over_carbon_and_iteration(tmp_path):
    ratio = 0.3 * E**-0.3
    save(halo_figures.boron_over_carbon(boron_over_carbon(), E, ratio, 30 * ratio), tmp_path / "a.png")
    save(halo_figures.iteration([3.0, 0.3, 0.005], 0.01), tmp_path / "b.png")
    assert png(tmp_path / "a.png") and png(tmp_path / "b.png")
