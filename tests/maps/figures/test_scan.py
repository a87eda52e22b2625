"""The figure of a scan: its lines are the values and the errors that it was given."""

import numpy as np
import pytest
from crhalo.maps.figures.scan import label_of, scan_figure, unit_label
from crhalo.mc.uncertainty import Estimate

X = np.array([100.0, 1.0, 10.0])  # as they were given, not in order
VALUE = np.array([[4.0, 40.0], [1.0, 10.0], [2.0, np.nan]])
CURVE = Estimate(VALUE, 0.1 * VALUE)


def drawn(curve=CURVE, **how):
    figure = scan_figure((label_of("delta_G", ""), X), {"1 TeV": curve}, "y", ["1", "2"], **how)
    figure.draw_without_rendering()
    return figure, figure.axes[0]


def test_lines_are_values_with_their_errors_in_order():
    figure, axes = drawn()
    first, second = axes.containers
    np.testing.assert_array_equal(first.lines[0].get_xdata(), [1.0, 10.0, 100.0])
    np.testing.assert_array_equal(first.lines[0].get_ydata(), [1.0, 2.0, 4.0])
    ends = np.array([segment[:, 1] for segment in first.lines[2][0].get_segments()])
    np.testing.assert_allclose(ends, [[0.9, 1.1], [1.8, 2.2], [3.6, 4.4]])
    assert np.isnan(second.lines[0].get_ydata()[1]) and axes.get_xscale() == axes.get_yscale() == "log"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["1", "2"]


def test_a_narrow_or_negative_quantity_has_a_linear_axis():
    assert drawn(Estimate(1.0 + 0.01 * VALUE, VALUE))[1].get_yscale() == "linear"
    assert drawn(Estimate(VALUE - 5.0, VALUE))[1].get_yscale() == "linear"


def test_an_error_above_the_value_stays_on_the_page():
    _, axes = drawn(Estimate(VALUE, 2.0 * VALUE))
    segments = np.array([segment[:, 1] for segment in axes.containers[0].lines[2][0].get_segments()])
    assert (segments[:, 0] > 0).all()


def test_nothing_known_is_an_empty_page():
    _, axes = drawn(Estimate(np.full((3, 2), np.nan), np.full((3, 2), np.nan)))
    assert axes.get_yscale() == "linear"


@pytest.mark.parametrize(
    ("key", "unit", "label"),
    [
        ("delta_G", "", r"$\delta_G$"),
        ("z_B", "kpc", "$z_B$  [kpc]"),
        ("L_CR", "erg/s", r"$L_{\rm CR}$  [erg/s]"),
        ("B0", "uG", "$B_0$  [uG]"),
        ("slope_above", "", "slope above"),
        ("H", "kpc", "$H$  [kpc]"),
    ],
)
def test_labels_are_symbols(key, unit, label):
    assert label_of(key, unit) == label
    assert unit_label("g cm-2") == "  [g cm$^{-2}$]" and unit_label("1") == ""
