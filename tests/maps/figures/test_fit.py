"""Figures of a fit draw what they are given."""

import numpy as np
import pytest
from crhalo.maps.figures.fit import corner_figure, emulator_figure, fit_figure
from crhalo.maps.figures.page import save

R = np.geomspace(20.0, 2000.0, 12)


def rows(quantity, experiment, value):
    return [
        {
            "quantity": quantity, "experiment": experiment, "rigidity_GV": x, "measured": y,
            "error_low": 0.1 * y, "error_high": 0.2 * y, "model": 1.1 * y,
            "model_error": 0.05 * y, "pull": 0.5,
        }
        for x, y in zip(R, value, strict=True)
    ]  # fmt: skip


POINTS = [
    *rows("protons", "AMS-02", 1e4 * R**-2.7),
    *rows("protons", "DAMPE", 1.1e4 * R**-2.7),
    *rows("boron_over_carbon", "AMS-02", 0.3 * (R / 10.0) ** -0.4),
]


def test_each_quantity_has_a_panel_with_its_points_and_pulls(tmp_path):
    figure = fit_figure(POINTS)
    above, ratio, below, _ = figure.axes
    assert [text.get_text() for text in above.get_legend().get_texts()] == ["model", "AMS-02", "DAMPE"]
    model = above.lines[0].get_ydata()
    assert np.allclose(np.sort(model)[:12], 1.1e4) and np.allclose(model.max(), 1.21e4)
    assert len(ratio.containers) == 1 and ratio.get_ylabel() == "B/C"
    assert np.allclose(below.containers[0][0].get_ydata(), 0.5)
    save(figure, tmp_path / "fit.png")


@pytest.mark.parametrize("quantities", [1, 3, 4, 7])
def test_any_number_of_quantities_finds_its_place(quantities, tmp_path):
    points = [row for i in range(quantities) for row in rows(f"nucleus {i}", "AMS-02", R**-2.7)]
    figure = fit_figure(points)
    assert sum(bool(axes.get_ylabel()) for axes in figure.axes) == 2 * quantities
    save(figure, tmp_path / "fit.png")


def test_the_corner_shows_samples_best_fit_and_tests(tmp_path):
    rng = np.random.default_rng(1)
    samples = {
        "diffusion.D0": 5e28 + 1e27 * rng.standard_normal(3000),
        "source.slope": rng.normal(2.3, 0.01, 3000),
    }
    best = {"diffusion.D0": 5e28, "source.slope": 2.3}
    held_out = {"diffusion.D0": [4.9e28, 5.1e28], "source.slope": [2.29, 2.31]}
    figure = corner_figure(samples, {"diffusion.D0": "cm2/s", "source.slope": ""}, best, held_out)
    labels = {axes.get_xlabel() for axes in figure.axes}
    assert "slope" in labels and any("D0" in label and "$10^{28}$ cm2/s" in label for label in labels)
    pair = np.array(figure.axes).reshape(2, 2)[1, 0]
    tested = [line for line in pair.lines if line.get_marker() == "o"]
    assert np.allclose(tested[0].get_xdata(), [4.9, 5.1]) and np.allclose(tested[0].get_ydata(), [2.29, 2.31])
    save(figure, tmp_path / "corner.png")


def test_the_emulator_is_shown_where_it_was_tested(tmp_path):
    figure = emulator_figure(POINTS, np.full((5, len(POINTS)), 0.01))
    assert len(figure.axes[0].lines) == 3 * 5 + 1
    save(figure, tmp_path / "emulator.png")
