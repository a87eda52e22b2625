"""Figures of a halo that cosmic rays make: D, waves and rates, spectrum and B/C beside data, the rounds.

As in `figures`: plain arrays and a path in, a PNG of 200 dots per inch out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...fields.units import FloatArray
from ...mc.uncertainty import Estimate
from ..data.read import Points
from .page import (
    BLACK,
    BLUE,
    COLUMN_INCH,
    GREEN,
    GREY,
    NORMAL,
    ORANGE,
    PAGE_INCH,
    PURPLE,
    RED,
    dress,
    legend,
    page,
    panel,
    plain_numbers,
    positive,
    shades,
    show_at_least,
)
from .spectra import asked_for, draw_asked_for

_RATE_COLOURS = (RED, BLUE, GREEN, PURPLE, ORANGE, GREY)
_MARKERS = ("o", "s", "^")


def _lines(axes: Any, x: ArrayLike, curves: Mapping[str, ArrayLike]) -> None:
    """Log-log lines in shades of one scale, in order."""
    for colour, (label, y) in zip(shades(len(curves)), curves.items(), strict=True):
        axes.plot(x, positive(y), color=colour, linewidth=1.2, label=label)
    axes.set(xscale="log", yscale="log")


def diffusion_of_halo(
    energy_GeV: ArrayLike,
    by_height: Mapping[str, ArrayLike],
    height_kpc: ArrayLike,
    by_energy: Mapping[str, ArrayLike],
    halo_size_kpc: ArrayLike,
    ax: Any = None,
) -> Any:
    """D against energy and against height, and the height from which half of the protons come back.

    Parameters
    ----------
    energy_GeV : array_like, shape (n,)
        Of each D in `by_height` [cm^2/s] and of `halo_size_kpc`.
    height_kpc : array_like, shape (m,)
        Of each D in `by_energy`, which is over that at the disc.
    """
    figure = page(ax, PAGE_INCH, 2.7)
    left, middle, right = figure.subplots(1, 3)
    _lines(left, energy_GeV, by_height)
    dress(left, "$E$  [GeV]", "$D$  [cm$^2$ s$^{-1}$]")
    legend(left, loc="upper left")
    _lines(middle, height_kpc, by_energy)
    dress(middle, "$|z|$  [kpc]", "$D/D_{\\rm disc}$")
    legend(middle, loc="best")
    right.plot(energy_GeV, positive(halo_size_kpc), color=BLACK, linewidth=1.2)
    right.set(xscale="log", yscale="log")
    plain_numbers(right.yaxis)
    dress(right, "$E$  [GeV]", "half return from  [kpc]")
    for axes in (left, middle, right):
        show_at_least(axes, 3.0)
    return figure


def wave_power(k_kpc: FloatArray, by_height: Mapping[str, ArrayLike], B_uG: float, ax: Any = None) -> Any:
    """F(k) at several heights; the upper axis gives the resonant momentum in the field of the disc."""
    from ...fields.waves.streaming import larmor_radius_kpc

    axes = panel(ax, COLUMN_INCH, 3.0)
    _lines(axes, k_kpc / 1e3, by_height)
    values = np.concatenate([np.ravel(positive(each)) for each in by_height.values()])
    top = float(np.nanmax(values))
    axes.set(ylim=(max(float(np.nanmin(values)), 1e-6 * top), 4.0 * top))
    dress(axes, "$k$  [pc$^{-1}$]", "$F(k)$ per $\\ln k$")
    per_GeV = float(larmor_radius_kpc(1.0, B_uG)) * 1e3
    to_other = partial(_one_over, per_GeV)
    upper = axes.secondary_xaxis("top", functions=(to_other, to_other))
    upper.set_xlabel("resonant $p$ in the disc  [GeV/$c$]", fontsize=NORMAL)
    upper.tick_params(direction="in", labelsize=7, width=0.6)
    axes.tick_params(which="both", top=False)
    legend(axes, loc="lower left")
    return axes.figure


def _one_over(unit: float, x: FloatArray) -> FloatArray:
    return 1.0 / (np.maximum(x, 1e-30) * unit)


def wave_rates(
    k_kpc: FloatArray, panels: Sequence[tuple[str, Mapping[str, ArrayLike]]], ax: Any = None
) -> Any:
    """Growth and damping rates [1/Myr] against k, one panel for each height."""
    figure = page(ax, PAGE_INCH, 2.7)
    row = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    names = list(dict.fromkeys(name for _, rates in panels for name in rates))
    highest = float(np.nanmax([np.max(y) for _, rates in panels for y in rates.values()]))
    for axes, (label, rates) in zip(row, panels, strict=True):
        for name, rate in rates.items():
            # What is first, growth, lies below the others, which it may equal.
            width, strength = (3.0, 0.5) if name == names[0] else (1.2, 1.0)
            colour = _RATE_COLOURS[names.index(name)]
            axes.plot(k_kpc / 1e3, positive(rate), color=colour, linewidth=width, alpha=strength, label=name)
        axes.set(xscale="log", yscale="log", ylim=(1e-9 * highest, 5.0 * highest))
        dress(axes, "$k$  [pc$^{-1}$]", "rate  [Myr$^{-1}$]" if axes is row[0] else "")
        axes.text(0.96, 0.05, label, transform=axes.transAxes, fontsize=NORMAL, horizontalalignment="right")
    legend(row[0], loc="upper left")
    return figure


def _points(axes: Any, data: Sequence[Points]) -> None:
    for each, marker, colour in zip(data, _MARKERS, (GREY, ORANGE, GREEN), strict=False):
        axes.errorbar(
            each.x, each.value, each.errors, fmt=marker,
            markersize=2.2, color=colour, elinewidth=0.6, label=each.label, zorder=1,
        )  # fmt: skip


def _legends(axes: Any, more: Sequence[Points], where: str, beside: str) -> None:
    """The legend of what is drawn always, and one of measurements that were asked for, drawn last."""
    always = axes.get_legend_handles_labels()[0]
    legend(axes, always, loc=where)
    if more:
        axes.add_artist(axes.get_legend())
        draw_asked_for(axes, more)
        handles = axes.get_legend_handles_labels()[0]
        legend(axes, [handle for handle in handles if handle not in always], loc=beside)


def _widened(ends: tuple[float, float], values: Sequence[FloatArray]) -> tuple[float, float]:
    """Ends of a logarithmic axis, and room for values that lie beyond them."""
    low = min([ends[0], *(0.7 * float(each.min()) for each in values)])
    return low, max([ends[1], *(1.4 * float(each.max()) for each in values)])


def proton_spectrum(
    data: Sequence[Points],
    rigidity_GV: FloatArray,
    flux: FloatArray,
    free_space: tuple[FloatArray, FloatArray],
    run: tuple[FloatArray, Estimate],
    modulation_GV: float,
    more: Sequence[Points] = (),
    ax: Any = None,
) -> Any:
    """R^2.7 J at the Earth and outside the heliosphere, from the transport equation and from particles.

    Parameters
    ----------
    data : sequence of Points
        J in m^-2 s^-1 sr^-1 GV^-1.
    rigidity_GV, flux : ndarray
        Inside the heliosphere, from the transport equation.
    free_space : (ndarray, ndarray)
        The same outside.
    run : (ndarray, Estimate)
        Inside, from the particles of the run.
    more : sequence of Points
        To be drawn besides.
    """
    axes = panel(ax, COLUMN_INCH, 3.0)
    more = [each.times_power(2.7) for each in asked_for(more, data)]
    data = [each.times_power(2.7) for each in data]
    _points(axes, data)
    label = f"transport equation, modulated ({modulation_GV:g} GV)"
    axes.plot(rigidity_GV, rigidity_GV**2.7 * flux, color=BLUE, linewidth=1.2, label=label)
    outside, J = free_space
    axes.plot(
        outside, outside**2.7 * J, color=BLUE, linewidth=0.9, linestyle=":", label="outside the heliosphere"
    )
    R, curve = run
    value, error = (R**2.7 * np.asarray(each) for each in (curve.value, curve.error))
    known = error < value
    axes.errorbar(
        R[known], value[known], error[known], fmt="D", markersize=2.6, color=RED, elinewidth=0.8,
        label="particles",
    )  # fmt: skip
    shown = np.concatenate([each.value for each in data])
    ours = (rigidity_GV**2.7 * flux)[(rigidity_GV > 10.0) & (rigidity_GV < 1e5)]
    highest, lowest = max(shown.max(), ours.max(initial=0.0)), min(np.median(shown), ours.min(initial=np.inf))
    across = _widened((1.0, 2e5), [each.x for each in more])
    up = _widened((0.15 * lowest, 8.0 * highest), [each.drawn for each in more])
    axes.set(xscale="log", yscale="log", xlim=across, ylim=up)
    dress(axes, "$R$  [GV]", "$R^{2.7} J$  [GV$^{1.7}$ m$^{-2}$ s$^{-1}$ sr$^{-1}$]")
    _legends(axes, more, "upper right" if more else "best", "lower center")
    return axes.figure


def boron_over_carbon(
    data: Sequence[Points],
    rigidity_GV: FloatArray,
    ratio: FloatArray,
    grammage_g_cm2: FloatArray,
    more: Sequence[Points] = (),
    ax: Any = None,
) -> Any:
    """B/C beside data, those that were asked for besides among them, and the grammage that it comes from."""
    figure = page(ax, PAGE_INCH, 2.8)
    left, right = figure.subplots(1, 2)
    more = asked_for(more, data)
    _points(left, data)
    left.plot(rigidity_GV, ratio, color=BLUE, linewidth=1.2, label="this halo")
    ends = min(5e-3, 0.7 * float(np.min(ratio))), max(0.6, 1.4 * float(np.max(ratio)))
    ends = _widened(ends, [each.drawn for each in more])
    across = _widened((2.0, 1e4), [each.x for each in more])
    left.set(xscale="log", yscale="log", ylim=ends, xlim=across)
    dress(left, "$R$  [GV]", "B/C")
    _legends(left, more, "lower left", "upper right")
    right.plot(rigidity_GV, grammage_g_cm2, color=BLUE, linewidth=1.2)
    right.set(xscale="log", yscale="log", xlim=(2.0, 1e4))
    plain_numbers(right.yaxis)
    show_at_least(right, 3.0)
    dress(right, "$R$  [GV]", "grammage at the Sun  [g cm$^{-2}$]")
    return figure


def iteration(residuals: Sequence[float], tolerance: float, ax: Any = None) -> Any:
    """Largest change of ln D in every round."""
    from matplotlib.ticker import MaxNLocator

    axes = panel(ax, COLUMN_INCH, 2.4)
    axes.plot(range(1, len(residuals) + 1), residuals, "o-", color=BLUE, markersize=3, linewidth=1.0)
    axes.axhline(tolerance, color=GREY, linewidth=0.8, linestyle="--", label="tolerance")
    axes.set(yscale="log", xlim=(0.5, len(residuals) + 0.5))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    dress(axes, "round", "largest change of $\\ln D$")
    legend(axes)
    return axes.figure
