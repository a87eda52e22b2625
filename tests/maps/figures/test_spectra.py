"""Figures: valid files of the size of a page, the right way round, whatever the numbers are."""

from concurrent.futures import ThreadPoolExecutor

import healpy
import numpy as np
import pytest
from crhalo.maps.data.points import points_of
from crhalo.maps.data.read import Points
from crhalo.maps.data.tables import load
from crhalo.maps.figures.page import save, value_and_band
from crhalo.maps.figures.protons import (
    compared_densities,
    density_on_axis,
    density_plane,
    escape_and_grammage,
)
from crhalo.maps.figures.skies import _place, contrast_panels, sky_panels
from crhalo.maps.figures.spectra import spectra
from crhalo.mc.uncertainty import Estimate
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.layout_engine import ConstrainedLayoutEngine

NSIDE = 16
ENERGY = np.logspace(2, 6, 9)


def size_of(path):
    """Width and height in pixels of a PNG that can be read."""
    height, width, channels = imread(path).shape
    assert channels == 4
    return width, height


def with_error(value, error=0.1):
    value = np.asarray(value, dtype=float)
    return Estimate(value, error * value)


def gaps(value):
    """Zeros, NaN values and NaN errors."""
    curve = with_error(value)
    curve.value[0], curve.value[1] = 0.0, np.nan
    curve.error[2] = np.nan
    return curve


def spot(l, b):
    return np.exp(-(np.radians(angle_from(l, b)) ** 2) / 0.02) + 1e-3


def angle_from(l, b):
    """Angle in degrees from (l, b) to every pixel."""
    toward = healpy.ang2vec(l, b, lonlat=True)
    pixels = np.array(healpy.pix2vec(NSIDE, np.arange(12 * NSIDE**2)))
    return np.degrees(np.arccos(np.clip(toward @ pixels, -1, 1)))


def four_maps():
    flat = np.linspace(1e-9, 1.1e-9, 12 * NSIDE**2)
    return {"Total": spot(0, 0), "Galactic disc": spot(90, 0), "Halo": spot(0, 60), "Circumgalactic": flat}


def draw_spectra(change=with_error, **more):
    parts = {name: change(1e-9 * ENERGY**-0.1) for name in ("total", "disc", "halo", "cgm")}
    spectrum = {"energy_GeV": ENERGY} | parts
    return spectra(spectrum, spectrum, prl_17=5e-9, title="Spectra", **more)


def draw_axis(change=with_error, **estimates):
    z = np.logspace(-1, 2, 9)
    curves = {"1 TeV": change(1e-12 / (1 + z)), "1 PeV": change(1e-13 / (1 + z))}
    estimates = {"free_escape": 1e-14 / (1 + z), "advected": 1e-12} | estimates
    return density_on_axis(z, curves, surface_z_kpc=10.6, **estimates)


def draw_escape(change=with_error):
    grammage = {name: change(ENERGY**-0.4) for name in ("disc", "halo", "cgm")}
    curve = change(1e3 * ENERGY**-0.3)
    return escape_and_grammage(ENERGY, times_Myr={"Mean": curve, "Median": curve}, grammage=grammage)


def draw_plane(density, **options):
    edges = np.linspace(0, 50, 11)
    panels = [(label, density) for label in ("1 TeV", "30 TeV", "1 PeV")]
    surface = (np.linspace(0, 20, 30), np.sqrt(400.0 - np.linspace(0, 20, 30) ** 2))
    return density_plane(edges, edges, panels, surface_kpc=surface, **options)


def colour_at(picture, x, y, width=7):
    """Mean brightness in a small square at the fractions (x, y) of the width and height."""
    row, column = round(y * picture.shape[0]), round(x * picture.shape[1])
    return picture[row - width : row + width, column - width : column + width, :3].mean()


@pytest.mark.parametrize("l, side", [(90.0, -1), (270.0, 1)])
def test_longitude_increases_to_the_left(tmp_path, l, side):
    save(sky_panels({"Spot": spot(l, 0)}, title="Spot", energy_label="1 GeV"), tmp_path / "sky.png")
    picture = imread(tmp_path / "sky.png")
    panel = picture[:, : picture.shape[1] // 2, :3].copy()
    panel[int(0.75 * len(panel)) :] = 1.0  # without the bar of colours
    saturation = panel.max(axis=2) - panel.min(axis=2)
    columns = np.nonzero(saturation > 0.5)[1]
    inside = np.nonzero((panel.max(axis=2) < 0.2).sum(axis=0) > 20)[0]
    left, right = inside[[0, -1]]
    where = (columns.mean() - left) / (right - left)
    assert where == pytest.approx(0.5 + 0.25 * side, abs=0.03)


def test_sky_is_a_page_wide(tmp_path):
    save(sky_panels(four_maps(), title="Sky", energy_label="100 TeV"), tmp_path / "sky.png")
    assert size_of(tmp_path / "sky.png") == (1400, pytest.approx(1000, abs=1))


def test_sky_with_nothing_or_holes(tmp_path):
    holes = spot(0, 0)
    holes[:100], holes[100:200] = np.nan, 0.0
    nothing = np.zeros(12 * NSIDE**2)
    maps = {"Holes": holes, "Zero": nothing, "NaN": np.full_like(nothing, np.nan), "One": nothing + 1}
    save(sky_panels(maps, title="Sky", energy_label="1 GeV"), tmp_path / "sky.png")
    assert size_of(tmp_path / "sky.png")[0] == 1400


def test_sky_refuses_a_map_that_is_none():
    with pytest.raises(ValueError):
        sky_panels({"Total": np.ones(100)}, title="Sky", energy_label="1 GeV")


@pytest.mark.parametrize("change", [with_error, gaps, lambda value: with_error(0 * value)])
@pytest.mark.parametrize("draw, width", [(draw_spectra, 1400), (draw_axis, 680), (draw_escape, 680)])
def test_curves(tmp_path, draw, width, change):
    save(draw(change), tmp_path / "curves.png")
    assert size_of(tmp_path / "curves.png")[0] == width


def test_estimates_for_each_energy(tmp_path):
    one_each = {"1 TeV": np.full(9, 1e-14), "1 PeV": np.full(9, 1e-15)}
    save(draw_axis(free_escape=one_each, advected=one_each), tmp_path / "axis.png")
    assert size_of(tmp_path / "axis.png") == (680, 600)


@pytest.mark.parametrize("mirror", [False, True])
def test_density_plane(tmp_path, mirror):
    density = np.logspace(-12, -14, 10)[:, None] * np.ones(10)
    density[3, 3], density[4, 4] = 0.0, np.nan
    save(draw_plane(density, mirror=mirror), tmp_path / "plane.png")
    width, height = size_of(tmp_path / "plane.png")
    assert width == 1400 and height < 1650


def test_density_falls_to_the_right(tmp_path):
    """Cells are (R, z): a density that falls with R is darker at the right of a panel."""
    save(draw_plane(np.logspace(-12, -14, 10)[:, None] * np.ones(10)), tmp_path / "plane.png")
    picture = imread(tmp_path / "plane.png")
    assert colour_at(picture, 0.08, 0.2) > colour_at(picture, 0.3, 0.4) + 0.1


def test_equal_estimates_are_one_line():
    """3 phi/c of all energies is one black line where they are the same, else one each."""
    z = np.logspace(-1, 2, 9)
    for factor, count in ((1.0, 1), (0.1, 2)):
        each = {"1 TeV": 1e-14 / (1 + z), "1 PeV": factor * 1e-14 / (1 + z)}
        axes = draw_axis(free_escape=each, advected=np.nan).axes[0]
        dotted = [line for line in axes.lines if len(line.get_xdata()) == z.size and line.is_dashed()]
        assert np.isfinite([line.get_ydata()[-1] for line in dotted]).sum() == count


def test_compared_densities_are_all_on_the_plot():
    """However far a run of few particles is from the equation; where there is none, the figure says so."""
    row = {"place": "disc", "energy_GeV": 10.0, "ratio": 4.0, "ratio_error": 1.0, "status": "diffusive"}
    low, high = compared_densities([row, row | {"ratio": 0.1}]).axes[0].get_ylim()
    assert low < 0.1 and high > 4.0
    assert "too few particles" in compared_densities([]).texts[0].get_text()


def test_what_is_not_known_is_not_drawn():
    """A value below its error cannot be placed on a logarithmic axis."""
    value, low, high = value_and_band(Estimate(np.array([1.0, 1.0, 1.0]), np.array([0.1, 2.0, np.nan])))
    np.testing.assert_array_equal(np.isfinite(value), [True, False, True])
    np.testing.assert_allclose((low[0], high[0], low[2], high[2]), (0.9, 1.1, 1.0, 1.0))


def test_a_map_says_its_range():
    """Colours over a few per cent look like much: the title tells."""
    flat = np.linspace(0.9, 1.1, 12 * NSIDE**2)
    axes = sky_panels({"Flat": flat, "Spot": spot(0, 0)}, title="Sky", energy_label="1 GeV").axes
    assert [one.get_title() for one in axes[:2]] == ["Flat: 0.90 to 1.10 of its mean", "Spot"]
    image = contrast_panels({"Flat": flat - 1.0}, title="Sky").axes[0].images[0]
    assert (image.norm.vmin, image.norm.vmax) == (-0.5, 0.5)


def test_an_image_of_a_map_is_in_the_projection_of_its_axes():
    """Each dot shows the pixel that is there, and numbers and lines lie where Matplotlib projects them to."""
    nside = 16
    axes = sky_panels({"Sky": 1.0 + np.arange(12.0 * nside**2)}, title="Sky", energy_label="1 GeV").axes[0]
    shown = axes.images[0].get_array()
    l, b = (
        each.ravel() for each in np.meshgrid(np.arange(-175.0, 180.0, 10.0), np.arange(-85.0, 90.0, 10.0))
    )
    to_axes = axes.transData + axes.transAxes.inverted()
    where = to_axes.transform(np.radians(np.stack([-l, b], axis=-1)))
    np.testing.assert_allclose(_place(l, b), where, atol=3e-4)  # Matplotlib stops there
    rows, columns = shown.shape
    seen = shown[((1.0 - where[:, 1]) * rows).astype(int), (where[:, 0] * columns).astype(int)] - 1.0
    there = np.array(healpy.pix2vec(nside, seen.astype(int)))
    apart = np.degrees(np.arccos(np.sum(there * healpy.ang2vec(l, b, lonlat=True).T, axis=0)))
    assert apart.max() < 1.1 * np.degrees(healpy.max_pixrad(nside))


def test_a_figure_is_laid_out_once_and_drawn_once(tmp_path, monkeypatch):
    """The layout takes as long as the drawing."""
    done = []
    for name, of in (("execute", ConstrainedLayoutEngine), ("draw", Figure)):
        before = getattr(of, name)

        def told(self, *given, name=name, before=before):
            done.append(name)
            return before(self, *given)

        monkeypatch.setattr(of, name, told)
    save(draw_escape(), tmp_path / "once.png")
    assert done == ["execute", "draw"]


def test_density_plane_with_nothing(tmp_path):
    save(draw_plane(np.zeros((10, 10))), tmp_path / "plane.png")
    assert size_of(tmp_path / "plane.png")[0] == 1400


def test_threads(tmp_path):
    """Two figures drawn at once are those drawn one after the other."""
    paths = [tmp_path / f"{name}.png" for name in "abc"]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda path: save(draw_escape(), path), paths[:2]))
    save(draw_escape(), paths[2])
    one, two, alone = (imread(path) for path in paths)
    np.testing.assert_array_equal(one, alone)
    np.testing.assert_array_equal(two, alone)


def test_measurements_that_are_asked_for_are_drawn_in_their_panel():
    """Each once: the isotropic gamma rays are drawn always, the neutrinos of HESE are given twice."""
    hese, fermi = (points_of(load(name), name) for name in ("icecube-hese", "fermi-igrb"))
    x = np.array([1e-3])
    faint = Points("faint", x, 0.5e-12 + 0 * x, 1e-12 + 0 * x, 2e-12 + 0 * x, np.stack([x, x], axis=1))
    left, right = draw_spectra(data=([*hese, *hese], [*fermi, faint])).axes
    labels = [[one.get_label() for one in axes.containers] for axes in (left, right)]
    assert labels[0].count("IceCube HESE 2021") == 1 and "IceCube HESE 2021" not in labels[1]
    assert labels[1].count("Fermi-LAT IGRB 2015") == 1
    assert right.get_xlim()[0] < 1e-3 and right.get_ylim()[0] < 1e-12
    shown = {text.get_text() for text in left.get_legend().get_texts()}
    assert "IceCube HESE 2021" in shown
    assert draw_spectra().axes[0].get_ylim()[0] > 1e-12
