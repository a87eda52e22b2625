"""Figures of studies: of the width of a page or a column, and what is drawn is what was passed in."""

import numpy as np
import pytest
from crhalo.fields.bubble import bubble_of, low_energy_cutoff_GeV
from crhalo.fields.galaxy import Galaxy
from crhalo.maps.figures.page import save
from crhalo.maps.figures.studies import causes_figure, coupling_figure, figure_1, galaxies, radio_figure
from crhalo.mc.uncertainty import Estimate
from matplotlib.image import imread

LUMINOSITY = np.geomspace(1e42, 1e47, 21)
STRONG = {
    label: (LUMINOSITY, low_energy_cutoff_GeV(LUMINOSITY, B_uG))
    for label, B_uG in (("1 nG", 1e-3), ("$10^{-3}$ pG", 1e-9))
}


@pytest.fixture(scope="module")
def bubbles():
    rows = {"Milky Way": (1e41, 10.0, 3.0), "Dwarf": (3e39, 3.0, 3.0), "Starburst": (5e41, 0.5, 200.0)}
    return {
        name: bubble_of(Galaxy(L_CR_erg_s=L, R_d_kpc=R_d, B0_uG=B0), 1e4, 1e-4)
        for name, (L, R_d, B0) in rows.items()
    }


def test_a_page(tmp_path, bubbles):
    save(galaxies(bubbles, STRONG), tmp_path / "g.png")
    height, width, _ = imread(tmp_path / "g.png").shape
    assert (width, height) == (1400, 720)


@pytest.mark.parametrize("strong", [{}, {"1 nG": ([1e44], [np.nan])}])
def test_one_galaxy_and_no_cutoff(tmp_path, bubbles, strong):
    save(galaxies({"Milky Way": bubbles["Milky Way"]}, strong), tmp_path / "g.png")
    assert imread(tmp_path / "g.png").size > 0


def test_draws_the_numbers(bubbles):
    figure = galaxies(bubbles, STRONG)
    lines = {line.get_label(): line for axes in figure.axes for line in axes.get_lines()}
    milky_way = bubbles["Milky Way"]
    for label, y in (
        ("at the disc", milky_way.disc_field_uG),
        ("at the surface", milky_way.surface_field_uG),
        ("surface", milky_way.surface_height_kpc),
        ("front", milky_way.front_kpc),
    ):
        assert (lines[label].get_xdata()[0], lines[label].get_ydata()[0]) == (1e41, y)
    assert np.array_equal(lines["1 nG"].get_ydata(), STRONG["1 nG"][1])
    names = {text.get_text() for text in figure.axes[0].texts}
    assert names == set(bubbles)


# -- studies of several overdensities ------------------------------------------------------

ENERGY = np.geomspace(10.0, 1e5, 9)


def curve(scale, power=0.0):
    """A power law in energy that is known to 10%."""
    value = scale * (ENERGY / 10.0) ** power
    return Estimate(value, 0.1 * value)


def medium(delta_G):
    """What the studies find of one overdensity."""
    causes = ("nothing", "geometry", "geometry and cut-off", "geometry and diffusion", "all three")
    return {
        "outflow": "alfven",
        "delta_G": delta_G,
        "z_B_kpc": 2.0,
        "energy_GeV": ENERGY,
        "prl_17": 1e-9 * delta_G**0.5,
        "neutrino": curve(1e-9 * delta_G),
        "gamma": curve(2e-9 * delta_G),
        "switched_off": {name: curve(0.5, -0.1) for name in causes},
        "density": curve(1.0 + delta_G, 0.2),
        "in_one_dimension": 3.0 * ENERGY**0.2,
        "grammage_g_cm2": {"with_return": curve(9.0, -0.4), "without": curve(5.0, -0.4)},
        "boron_over_carbon": {"with_return": curve(0.3, -0.4), "without": curve(0.2, -0.4)},
        "frequency_Hz": 1e7 * ENERGY,
        "flux_Jy": curve(1e-3 * delta_G, -0.8),
    }


MEDIA = [medium(delta_G) for delta_G in (1.0, 10.0)]


@pytest.mark.parametrize(
    ("draw", "width"),
    [
        (figure_1, 1400),
        (causes_figure, 1400),
        (coupling_figure, 1400),
        (lambda media: radio_figure(media, (1e-4, 1e-2)), 680),
    ],
)
def test_media_are_drawn_with_their_errors(draw, width, tmp_path):
    figure = draw(MEDIA)
    save(figure, tmp_path / "a.png")
    assert imread(tmp_path / "a.png").shape[1] == width
    assert any(axes.collections or axes.containers for axes in figure.axes)


def test_without_return_there_is_less():
    """The dotted lines of grammage and B/C are those of particles that do not come back."""
    _, grammage, ratio = coupling_figure(MEDIA).axes
    for axes, name in ((grammage, "grammage_g_cm2"), (ratio, "boron_over_carbon")):
        lines = [line.get_ydata() for line in axes.get_lines()]
        assert any(np.array_equal(line, MEDIA[0][name]["without"].value) for line in lines)
