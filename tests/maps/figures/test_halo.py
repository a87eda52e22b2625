"""Figures of halos draw with what they are given, and with nothing above zero."""

import numpy as np
import pytest
from crhalo.maps.data.read import Points, boron_over_carbon, protons
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


# -- measurements that are asked for ---------------------------------------------------------


def own(x, value, label="mine"):
    x, value = np.array(x), np.array(value)
    return Points(label, x, 0.9 * value, value, 1.2 * value, np.stack([x, x], axis=1))


def drawn(axes, label):
    """Where points are drawn, (2, n), and whether they are hollow."""
    line = next(one for one in axes.containers if one.get_label() == label).lines[0]
    return line.get_xydata().T, line.get_markerfacecolor() == "white"


def proton_spectrum(*more):
    flux = 1e4 * E**-2.7
    run = E[::3], Estimate(flux[::3], 0.1 * flux[::3])
    return halo_figures.proton_spectrum(protons(), E, flux, (E, 2 * flux), run, 0.5, more).axes[0]


def test_protons_that_are_asked_for_are_drawn_within_the_axes():
    axes = proton_spectrum(own([3e5, 1e8], [2e4 * 3e5**-2.7, 1e2 * 1e8**-2.7]), *protons())
    (x, y), hollow = drawn(axes, "mine")
    np.testing.assert_allclose((x, y), ([3e5, 1e8], [2e4, 1e2]))
    for values, (low, high) in ((x, axes.get_xlim()), (y, axes.get_ylim())):
        assert np.all((low < values) & (values < high))
    assert hollow and not drawn(axes, "AMS-02 2021")[1]
    labels = [one.get_label() for one in axes.containers]
    assert labels.count("AMS-02 2021") == labels.count("mine") == 1


def test_without_them_the_figure_is_as_it_was():
    plain, same = proton_spectrum(), proton_spectrum(*protons())
    assert plain.get_xlim() == same.get_xlim() and plain.get_ylim() == same.get_ylim()
    assert len(plain.containers) == len(same.containers) == 4


def test_ratios_that_are_asked_for():
    ratio = 0.3 * E**-0.3
    more = [own([2e4], [1e-3], "_$mine$"), own([2e4], [1e-3], "the same")]
    axes = halo_figures.boron_over_carbon(boron_over_carbon(), E, ratio, 30 * ratio, more).axes[0]
    (x, y), hollow = drawn(axes, r"\$mine\$")
    assert hollow and (x[0], y[0]) == (2e4, 1e-3)
    assert axes.get_xlim()[1] > 2e4 and axes.get_ylim()[0] < 1e-3
    assert "the same" not in [one.get_label() for one in axes.containers]
