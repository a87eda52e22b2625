"""Figures of tracks: valid files of the size of a column or a page, whatever theory has to say."""

import numpy as np
import pytest
from crhalo.fields.turbulence.statistics import measure
from crhalo.fields.turbulence.synthetic import Turbulence, kolmogorov
from crhalo.maps.figures import tracks as track_figures
from crhalo.maps.figures.page import save
from matplotlib.image import imread

COLUMN, PAGE = 680, 1400


def row(r_L, flag, **theory):
    D = {"D_qlt": None, "D_formula": None, "D_bohm": 0.01 * r_L, "D_small_angle": None}
    return {"r_L_over_lc": r_L, "D_over_cLmax": 0.1 * r_L, "error": 0.01 * r_L, "flag": flag} | D | theory


def draw_diffusion():
    rows = [
        row(10.0**-n, flag, D_formula=0.1**n if n else None) for n, flag in enumerate(track_figures.FLAGS)
    ]
    return track_figures.diffusion_against_larmor_radius(rows, published=([0.1, 1.0], [0.01, 0.1]))


def draw_running():
    x = np.geomspace(0.2, 20.0, 30)
    return track_figures.running_diffusion([("1 PeV", x, 1.0 - np.exp(-x), 0.1 + 0.0 * x)] * 2)


def draw_exits():
    times = np.random.default_rng(1).exponential(1.0, 50)
    time = np.linspace(0.0, 4.0, 20)
    return track_figures.exit_times([("1 PeV", times, times, time, np.exp(-time))] * 4)


def draw_pitch_angles():
    mu = np.linspace(-0.9, 0.9, 10)
    curve = {"mu": mu, "value": 1.0 - mu**2, "error": 0.1 * mu**2, "theory_mu": mu, "theory": 1.0 - mu**2}
    return track_figures.pitch_angles([("1 PeV", curve)] * 3)


def draw_turbulence():
    turbulence = Turbulence(kolmogorov, (0.1, 1.0), 32, 1.0)
    found = measure(turbulence, [turbulence.realisation(seed).second for seed in range(3)])
    return track_figures.turbulence_diagnostics(found)


def test_every_theory_is_on_the_plot():
    """What the legend names can be seen, however far from what is measured, and D across the field too."""
    rows = [row(r_L, "diffusive", D_bohm=1e-6 * r_L, D_perp=1e-4, D_perp_error=1e-5) for r_L in (0.1, 1.0)]
    axes = track_figures.diffusion_against_larmor_radius(rows).axes[0]
    low, high = axes.get_ylim()
    lines = {line.get_label(): line.get_ydata() for line in axes.lines}
    assert low < lines["Bohm, $r_Lv/3$"].max() < high
    across = next(one for one in axes.containers if one.get_label() == "tracks: across the field")
    np.testing.assert_array_equal(across.lines[0].get_ydata(), [1e-4, 1e-4])


@pytest.mark.parametrize(
    ("draw", "width"),
    [
        (draw_diffusion, COLUMN),
        (draw_running, COLUMN),
        (draw_exits, PAGE),
        (draw_pitch_angles, COLUMN),
        (draw_turbulence, PAGE),
    ],
)
def test_figure(draw, width, tmp_path):
    path = tmp_path / "figure.png"
    save(draw(), path)
    image = imread(path)
    assert image.shape[1] == width and image.shape[2] == 4
    assert np.ptp(image[..., :3]) == 1.0
