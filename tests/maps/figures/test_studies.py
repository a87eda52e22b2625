"""The figure of other galaxies: a page in width, and what is drawn is what was passed in."""

import numpy as np
import pytest
from crhalo.fields.bubble import bubble_of, low_energy_cutoff_GeV
from crhalo.fields.galaxy import Galaxy
from crhalo.maps.figures import studies
from crhalo.maps.figures.studies import galaxies
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
    galaxies(tmp_path / "g.png", bubbles, STRONG)
    height, width, _ = imread(tmp_path / "g.png").shape
    assert (width, height) == (1400, 720)


@pytest.mark.parametrize("strong", [{}, {"1 nG": ([1e44], [np.nan])}])
def test_one_galaxy_and_no_cutoff(tmp_path, bubbles, strong):
    galaxies(tmp_path / "g.png", {"Milky Way": bubbles["Milky Way"]}, strong)
    assert imread(tmp_path / "g.png").size > 0


def test_draws_the_numbers(tmp_path, bubbles, monkeypatch):
    drawn = []
    monkeypatch.setattr(studies, "save", lambda figure, path: drawn.append(figure))
    galaxies(tmp_path / "g.png", bubbles, STRONG)
    lines = {line.get_label(): line for axes in drawn[0].axes for line in axes.get_lines()}
    milky_way = bubbles["Milky Way"]
    for label, y in (
        ("at the disc", milky_way.disc_field_uG),
        ("at the surface", milky_way.surface_field_uG),
        ("surface", milky_way.surface_height_kpc),
        ("front", milky_way.front_kpc),
    ):
        assert (lines[label].get_xdata()[0], lines[label].get_ydata()[0]) == (1e41, y)
    assert np.array_equal(lines["1 nG"].get_ydata(), STRONG["1 nG"][1])
    names = {text.get_text() for text in drawn[0].axes[0].texts}
    assert names == set(bubbles)
