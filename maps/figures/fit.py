"""Figures of a fit to measurements at the Sun: model and points, the posterior, and its emulator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...fields.units import FloatArray
from .page import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PAGE_INCH,
    PURPLE,
    RED,
    SKY,
    SMALL,
    dress,
    legend,
    page,
    panel,
    plain_numbers,
)

_COLOURS, _MARKERS = (BLUE, RED, GREEN, ORANGE, PURPLE, SKY), ("o", "s", "^", "D", "v", "<")
_LABELS = {
    "boron_over_carbon": "B/C",
    "protons": "p",
    "antiprotons": "$\\bar p$",
    "positrons": "$e^+$",
}
_SQUARE_INCH, _MARGIN_INCH = 1.25, 0.75


def fit_figure(rows: Sequence[Mapping[str, Any]], ax: Any = None) -> Any:
    """Model and measurements of each quantity, and below each its pulls.

    Parameters
    ----------
    rows : sequence of mapping
        Points: quantity, experiment, rigidity_GV, measured, error_low, error_high, model, model_error, pull.
    """
    quantities = list(dict.fromkeys(row["quantity"] for row in rows))
    columns = min(len(quantities), 3)
    lines = -(-len(quantities) // columns)
    figure = page(ax, PAGE_INCH if columns > 1 else 0.6 * PAGE_INCH, 3.2 * lines)
    panels = figure.subplots(
        2 * lines, columns, squeeze=False, sharex=False, gridspec_kw={"height_ratios": [3, 1] * lines}
    )
    for i, quantity in enumerate(quantities):
        line, column = divmod(i, columns)
        _of_quantity(panels[2 * line, column], panels[2 * line + 1, column], quantity, rows)
    for i in range(len(quantities), lines * columns):
        for axes in panels[2 * (i // columns) : 2 * (i // columns) + 2, i % columns]:
            axes.set_axis_off()
    return figure


def _of_quantity(above: Any, below: Any, quantity: str, rows: Sequence[Mapping[str, Any]]) -> None:
    mine = sorted((row for row in rows if row["quantity"] == quantity), key=lambda row: row["rigidity_GV"])
    power = 0.0 if "_over_" in quantity else 2.7
    R, model, error = _columns(mine, "rigidity_GV", "model", "model_error")
    above.fill_between(
        R, R**power * (model - error), R**power * (model + error), color=GREY, alpha=0.4, linewidth=0
    )
    above.plot(R, R**power * model, color=BLACK, linewidth=1.0, label="model")
    experiments = list(dict.fromkeys(row["experiment"] for row in mine))
    for i, experiment in enumerate(experiments):
        points = [row for row in mine if row["experiment"] == experiment]
        x, y, low, high, pull = _columns(points, "rigidity_GV", "measured", "error_low", "error_high", "pull")
        style: dict[str, Any] = {"fmt": _MARKERS[i % 6], "color": _COLOURS[i % 6], "markersize": 2.2}
        style |= {"elinewidth": 0.6}
        scale = x**power
        above.errorbar(x, scale * y, [scale * low, scale * high], label=experiment, zorder=1, **style)
        below.errorbar(x, pull, np.ones(x.size), **style)
    label = _LABELS.get(quantity, quantity.replace("_over_", "/"))
    units = "" if power == 0.0 else ":  $R^{2.7} J$  [GV$^{1.7}$ m$^{-2}$ s$^{-1}$ sr$^{-1}$]"
    above.set(xscale="log", yscale="log" if power == 0.0 else "linear")
    if power == 0.0:
        plain_numbers(above.yaxis)
    above.tick_params(which="both", labelbottom=False)
    dress(above, "", label + units)
    below.axhline(0.0, color=BLACK, linewidth=0.8)
    most = max(3.0, 1.2 * float(np.abs(_columns(mine, "pull")[0]).max() + 1.0))
    below.set(xscale="log", ylim=(-most, most), xlim=above.get_xlim())
    if R[-1] < 100.0 * R[0]:
        plain_numbers(below.xaxis)
    dress(below, "$R$  [GV]", "pull")
    legend(above, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)  # within, it hides error bars


def _columns(rows: Sequence[Mapping[str, Any]], *names: str) -> list[FloatArray]:
    return [np.array([row[name] for row in rows], float) for name in names]


def corner_figure(
    samples: Mapping[str, FloatArray],
    units: Mapping[str, str],
    best: Mapping[str, float],
    held_out: Mapping[str, ArrayLike],
    ax: Any = None,
) -> Any:
    """The posterior of each key and of each pair; where the emulator was tested, and the best fit.

    Parameters
    ----------
    samples : mapping of str to ndarray
        By key.
    units : mapping of str to str
        Of each key; empty for a number.
    best : mapping of str to float
        The best fit.
    held_out : mapping of str to array_like
        Solutions that the emulator was held against.
    """
    import corner

    names = list(samples)
    scales = {name: _power_of_ten(float(np.median(samples[name]))) for name in names}
    values = np.column_stack([samples[name] / 10.0 ** scales[name] for name in names])
    side = _SQUARE_INCH * len(names) + _MARGIN_INCH
    figure = page(ax, side, side)
    if ax is None:
        figure.set_layout_engine(None)  # corner has a layout of its own
    corner.corner(
        values, fig=figure, bins=30, smooth=0.8, color=BLUE, levels=(0.393, 0.865), plot_datapoints=False,
        labels=[_label(name, units[name], scales[name]) for name in names], max_n_ticks=3,
        label_kwargs={"fontsize": SMALL}, hist_kwargs={"linewidth": 0.9},
        contour_kwargs={"linewidths": 0.8},
    )  # fmt: skip
    margin = _MARGIN_INCH / side
    figure.subplots_adjust(0.9 * margin, 0.9 * margin, 1 - 0.1 * margin, 1 - 0.1 * margin, 0.06, 0.06)
    grid = np.array(figure.axes).reshape(len(names), len(names))
    for i, row in enumerate(names):
        for j, column in enumerate(names[: i + 1]):
            axes, tenth = grid[i, j], {name: 10.0 ** -scales[name] for name in (column, row)}
            axes.axvline(best[column] * tenth[column], color=RED, linewidth=0.8)
            if i != j:
                axes.axhline(best[row] * tenth[row], color=RED, linewidth=0.8)
                tested = (np.asarray(held_out[name], float) * tenth[name] for name in (column, row))
                axes.plot(*tested, "o", color=BLACK, markersize=1.6)
            axes.tick_params(labelsize=SMALL - 1, width=0.5, direction="in")
            axes.tick_params("y", labelrotation=0)  # on the other axis those of neighbours would touch
            axes.xaxis.set_label_coords(0.5, -0.27)
            axes.yaxis.set_label_coords(-0.28, 0.5)
    return figure


def _power_of_ten(value: float) -> int:
    """Of a value that is far from 1; else 0."""
    power = int(np.floor(np.log10(abs(value)))) if value != 0.0 else 0
    return power if abs(power) > 2 else 0


def _label(name: str, unit: str, power: int) -> str:
    parts = ([f"$10^{{{power}}}$"] if power else []) + ([unit] if unit else [])
    return name.split(".", 1)[1] + (f"\n[{' '.join(parts)}]" if parts else "")


def emulator_figure(rows: Sequence[Mapping[str, Any]], off: FloatArray, ax: Any = None) -> Any:
    """What the emulator is off by, in errors of the data, at solutions that it was not fitted to.

    Parameters
    ----------
    rows : sequence of mapping
        Points, as of `fit_figure`.
    off : ndarray, shape (solutions, points)
        Over the errors.
    """
    axes = panel(ax, 0.6 * PAGE_INCH, 2.4)
    what = [(row["quantity"], row["experiment"]) for row in rows]
    R = _columns(rows, "rigidity_GV")[0]
    for i, one in enumerate(dict.fromkeys(what)):
        here = np.array([each == one for each in what])
        label = f"{_LABELS.get(one[0], one[0].replace('_over_', '/'))}, {one[1]}"
        for number, line in enumerate(off[:, here]):
            axes.plot(R[here], line, color=_COLOURS[i % 6], linewidth=0.6, label=None if number else label)
    axes.axhline(0.0, color=BLACK, linewidth=0.8)
    axes.set(xscale="log")
    dress(axes, "$R$  [GV]", "emulator $-$ solution, over error of data")
    legend(axes, loc="best")
    return axes.figure
