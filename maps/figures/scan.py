"""Figure of a scan: a quantity against the key of one axis, a line for each value of another."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...fields.units import FloatArray
from ...mc.uncertainty import Estimate
from .page import (
    BLUE,
    COLUMN_INCH,
    NORMAL,
    PAGE_INCH,
    SMALL,
    dress,
    page,
    plain_numbers,
    positive,
    shades,
)

_GREEK = "alpha beta gamma delta epsilon eta lambda mu nu rho sigma tau phi"
_MARKERS = "osD^vP"
_LOGARITHMIC = 5.0  # ratio of the largest to the smallest value, above which an axis is so
_FEW_DECADES = 100.0
_IN_A_ROW = (3, 6)  # lines that the legend names, over one panel and over several


def scan_figure(
    x: tuple[str, FloatArray],
    panels: Mapping[str, Estimate],
    y_label: str,
    lines: Sequence[str] = (),
    ax: Any = None,
) -> Any:
    """A panel for each of some energies, and in it a line with error bars for each value of another key.

    Parameters
    ----------
    x : (str, ndarray)
        Label and values, (n,), of the abscissa; in any order.
    panels : mapping of str to Estimate
        By title, values and errors (n, lines).
    y_label : str
        Of the quantity, with its unit.
    lines : sequence of str
        What each line is; none if there is a single one.
    """
    label, values = x
    width = COLUMN_INCH if len(panels) == 1 else PAGE_INCH
    figure = page(ax, width, 2.7)
    places = figure.subplots(1, len(panels), squeeze=False)[0]
    order = np.argsort(values)
    for axes, (title, curve) in zip(places, panels.items(), strict=True):
        _draw(axes, values[order], Estimate(curve.value[order], curve.error[order]), lines)
        axes.set_title(title, fontsize=NORMAL, pad=4)
        dress(axes, label, y_label if axes is places[0] else "")
        _scale_x(axes, values)
    if lines:  # above the panels, where no line can be
        handles = places[0].get_legend_handles_labels()[0]
        columns = min(len(lines), _IN_A_ROW[len(panels) > 1])
        figure.legend(
            handles=handles, loc="outside upper center", ncols=columns, fontsize=SMALL, frameon=False,
            columnspacing=1.4, handletextpad=0.5, borderaxespad=0.2,
        )  # fmt: skip
    return figure


def _draw(axes: Any, x: FloatArray, curve: Estimate, lines: Sequence[str]) -> None:
    """The lines of a panel, each with a marker and a band of one sigma; logarithmic where values spread."""
    known = curve.value[np.isfinite(curve.value)]
    above = known[known > 0]
    logarithmic = known.size > 0 and above.size == known.size and above.max() > _LOGARITHMIC * above.min()
    count = curve.value.shape[1]
    colours = [BLUE] if count == 1 else shades(count + 1)  # the last would be pale
    for i in range(count):
        value = curve.value[:, i]
        error = np.nan_to_num(curve.error[:, i])
        low, high = value - error, value + error
        if logarithmic:
            value = positive(value)
            low = np.maximum(low, 0.1 * value)
        marker = _MARKERS[i % len(_MARKERS)]
        axes.fill_between(x, low, high, color=colours[i], alpha=0.15, linewidth=0)
        axes.errorbar(
            x, value, [value - low, high - value], color=colours[i], marker=marker, markersize=3.5,
            linewidth=1.0, elinewidth=0.8, label=lines[i] if lines else "_",
        )  # fmt: skip
    if logarithmic:
        axes.set_yscale("log")
        if above.max() < _FEW_DECADES * above.min() and above.max() < 1e4 and above.min() > 1e-3:
            plain_numbers(axes.yaxis)
    axes.margins(x=0.06, y=0.12)


def _scale_x(axes: Any, values: FloatArray) -> None:
    """Logarithmic where values spread far."""
    low, high = float(values.min()), float(values.max())
    if low > 0 and high > _LOGARITHMIC * low:
        beyond = (high / low) ** 0.06
        axes.set(xscale="log", xlim=(low / beyond, high * beyond))
        if high < 1e4 and low > 1e-3:
            plain_numbers(axes.xaxis)


def label_of(key: str, unit: str) -> str:
    """The label of a key: its symbol, and the unit.

    >>> label_of("delta_G", ""), label_of("z_B", "kpc"), label_of("slope", "")
    ('$\\\\delta_G$', '$z_B$  [kpc]', 'slope')
    """
    return f"{symbol_of(key)}{unit_label(unit)}"


def symbol_of(key: str) -> str:
    """A key as papers write it; words where it is none of one letter.

    >>> symbol_of("L_CR"), symbol_of("B0"), symbol_of("slope_above")
    ('$L_{\\\\rm CR}$', '$B_0$', 'slope above')
    """
    stem, _, index = key.partition("_")
    if numbered := re.fullmatch(r"([A-Z])(\d)", stem):
        stem, index = numbered[1], numbered[2]
    elif stem in _GREEK.split():
        stem = f"\\{stem}"
    elif len(stem) > 1:
        return key.replace("_", " ")
    below = index if len(index) == 1 else f"{{\\rm {index.replace('_', ' ')}}}"
    return f"${stem}_{below}$" if index else f"${stem}$"


def unit_label(unit: str) -> str:
    """A unit in brackets, with its powers raised; nothing for pure numbers.

    >>> unit_label("GeV cm-2")
    '  [GeV cm$^{-2}$]'
    """
    if unit in ("", "1"):
        return ""
    raised = re.sub(r"(?<=[A-Za-z])(-?\d+)", r"$^{\1}$", unit)
    return f"  [{raised}]"
