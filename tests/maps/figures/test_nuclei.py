"""The figure of cosmic rays at the Sun draws what it is given: a curve and points of each."""

import numpy as np
import pytest
from crhalo.maps.data import read
from crhalo.maps.figures.nuclei import local_spectra
from crhalo.maps.figures.page import save

R = np.geomspace(4.0, 1e4, 60)
MEASURED = {
    "protons": read.protons(),
    "boron_over_carbon": read.boron_over_carbon(),
    "antiprotons_over_protons": [read.antiproton_over_proton()],
    "positrons": [read.positrons()],
    **{
        name: [read.nuclei()[symbol]]
        for symbol, name in {
            "He": "helium", "C": "carbon", "N": "nitrogen", "O": "oxygen", "Ne": "neon", "Mg": "magnesium",
            "Si": "silicon", "Fe": "iron",
        }.items()
    },
}  # fmt: skip


def curves(times=1.0):
    """Power laws through the first of the measurements, so that each one can be told from the others."""
    found = {}
    for name, points in MEASURED.items():
        value, slope = points[0].at(50.0)[0], 0.0 if "_over_" in name else -2.7
        found[name] = (times * value * (R / 50.0) ** slope, points)
    return found


@pytest.fixture(scope="module")
def figure():
    return local_spectra(R, curves())


def drawn(figure):
    """(lines, points) of all axes, each as (x, y)."""
    bars = [bar.lines[0] for axes in figure.axes for bar in axes.containers]
    lines = [line for axes in figure.axes for line in axes.lines if line not in bars]
    return [[np.array(each.get_xydata(), float).T for each in several] for several in (lines, bars)]


def proportional(x, y, known_x, known_y):
    """Whether y is known_y times a number and a power of x, as spectra are drawn."""
    if x.shape != known_x.shape or not np.allclose(x, known_x):
        return False
    ln_x, ln = np.log(x), np.log(y / known_y)
    return np.allclose(np.polyval(np.polyfit(ln_x, ln, 1), ln_x), ln, atol=1e-6)


SHOWN = ["protons", "helium", "carbon", "nitrogen", "oxygen", "silicon", "iron"]
SHOWN += ["antiprotons_over_protons", "positrons"]


@pytest.mark.parametrize("name", SHOWN)
def test_each_has_a_curve_and_its_points(figure, name):
    lines, bars = drawn(figure)
    values, points = curves()[name]
    assert any(proportional(x, y, R, values) for x, y in lines)
    assert any(proportional(x, y, points[0].x, points[0].value) for x, y in bars)


@pytest.mark.parametrize("name", ["protons", "helium", "boron_over_carbon"])
def test_the_model_over_what_was_measured(name):
    """Every point there is; with a model of twice as much, at twice the height."""
    once, twice = (drawn(local_spectra(R, curves(times)))[1] for times in (1.0, 2.0))
    values, points = curves()[name]
    for each in points:
        inside = (each.x > R[0]) & (each.x < R[-1])
        ratio = np.exp(np.interp(np.log(each.x), np.log(R), np.log(values))) / each.value
        for bars, times in ((once, 1.0), (twice, 2.0)):
            assert any(
                x.shape == each.x.shape
                and np.allclose(x, each.x)
                and np.allclose(y[inside], ratio[inside] * times)
                for x, y in bars
            ), each.label


def test_curves_that_end_are_drawn_as_far_as_they_go():
    ends = {
        name: (np.where((R > 6.0) & (R < 3e3), values, np.nan), points)
        for name, (values, points) in curves().items()
    }
    figure = local_spectra(R, ends)
    for x, y in drawn(figure)[0]:
        if x.shape == R.shape:
            np.testing.assert_array_equal(np.isfinite(y), (R > 6.0) & (R < 3e3))


def test_it_is_saved(figure, tmp_path):
    save(figure, tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_it_goes_into_axes_of_ones_own():
    import matplotlib.pyplot as plt

    own, ax = plt.subplots()
    local_spectra(R, curves(), ax=ax)
    assert any(axes.lines for axes in own.axes)
    plt.close(own)


def test_what_is_asked_for_is_drawn_besides_and_nothing_twice():
    helium, positrons = (
        each._replace(label="mine", x=1.1 * each.x) for each in (read.helium(), read.positrons())
    )
    more = {"helium": [helium, read.helium()], "positrons": [positrons]}
    bars = drawn(local_spectra(R, curves(), more))[1]
    for mine in (helium, positrons):
        assert any(proportional(x, y, mine.x, mine.value) for x, y in bars)
    assert sum(proportional(x, y, read.helium().x, read.helium().value) for x, y in bars) == 1
