"""The figure of cosmic rays at the Sun: protons and nuclei, antiprotons and positrons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...fields.units import FloatArray
from ..data.read import Points
from .page import BLACK, BLUE, GREEN, GREY, ORANGE, PAGE_INCH, PURPLE, RED, SKY, dress, legend, page, positive
from .spectra import NOTHING, asked_for, draw_asked_for

_NUCLEI = {
    "protons": ("p", BLACK, 1.0),
    "helium": ("He", BLUE, 1.0),
    "carbon": ("C", RED, 1.0),
    "oxygen": ("O $\\times 3$", GREEN, 3.0),
    "nitrogen": ("N", PURPLE, 1.0),
    "iron": ("Fe", ORANGE, 1.0),
    "silicon": ("Si $\\times 0.1$", SKY, 0.1),
}
_MARKERS = ("o", "s", "^")


def local_spectra(
    rigidity_GV: FloatArray,
    curves: Mapping[str, tuple[FloatArray, Sequence[Points]]],
    more: Mapping[str, Sequence[Points]] = NOTHING,
    ax: Any = None,
) -> Any:
    """R^2.7 J of protons and nuclei, model over measured, antiprotons over protons, and positrons.

    Parameters
    ----------
    rigidity_GV : ndarray, shape (n,)
        Of the curves.
    curves : mapping of str to (ndarray, sequence of Points)
        By what they are: values of the model, and the measurements.
    more : mapping of str to sequence of Points
        To be drawn besides, of protons, nuclei and positrons.
    """
    figure = page(ax, PAGE_INCH, 5.4)
    (fluxes, ratios), (antiprotons, positrons) = figure.subplots(2, 2)
    besides: list[Points] = []
    for name, (label, colour, times) in _NUCLEI.items():
        values, measured = curves[name]
        others = asked_for(more.get(name, ()), measured[:1])
        besides += [each.times_power(2.7).times(times) for each in others]
        fluxes.plot(rigidity_GV, times * rigidity_GV**2.7 * positive(values), color=colour, linewidth=1.0)
        _points(fluxes, measured[:1], colour, label, times, 2.7)
    draw_asked_for(fluxes, besides)
    right = max([1e4, *(1.4 * float(each.x.max()) for each in besides)])
    fluxes.set(xscale="log", yscale="log", xlim=(4.0, right), ylim=(0.2, 1e6))
    dress(fluxes, "$R$  [GV]", "$R^{2.7} J$  [GV$^{1.7}$ m$^{-2}$ s$^{-1}$ sr$^{-1}$]")
    legend(fluxes, loc="upper center", ncols=3 if besides else 4)
    _model_over(ratios, rigidity_GV, curves)
    for axes, name, label, power in (
        (antiprotons, "antiprotons_over_protons", "$\\bar p/p$", 0.0),
        (positrons, "positrons", "$E^3 J(e^+)$  [GeV$^2$ m$^{-2}$ s$^{-1}$ sr$^{-1}$]", 3.0),
    ):
        values, measured = curves[name]
        axes.plot(
            rigidity_GV, rigidity_GV**power * positive(values), color=BLUE, linewidth=1.2, label="secondary"
        )
        _points(axes, measured, GREY, measured[0].label, 1.0, power)
        draw_asked_for(axes, [each.times_power(power) for each in asked_for(more.get(name, ()), measured)])
        shown = (measured[0].x ** power * measured[0].value)[measured[0].x > 4.0]
        axes.set(xscale="log", yscale="log", xlim=(4.0, 1e3), ylim=(0.3 * shown.min(), 2.0 * shown.max()))
        dress(axes, "$R$  [GV]", label)
        legend(axes, loc="lower left")
    return figure


def _points(
    axes: Any, measured: Sequence[Points], colour: str, label: str, times: float, power: float
) -> None:
    for points, marker in zip(measured, _MARKERS, strict=False):
        scale = times * points.x**power
        axes.errorbar(
            points.x, scale * points.value, scale * points.errors, fmt=marker, markersize=2.0, color=colour,
            elinewidth=0.6, label=label, zorder=1,
        )  # fmt: skip


def _model_over(
    axes: Any, rigidity_GV: FloatArray, curves: Mapping[str, tuple[FloatArray, Sequence[Points]]]
) -> None:
    """The model over what was measured, of protons, helium and boron over carbon."""
    shown = {"protons": ("p", BLACK), "helium": ("He", BLUE), "boron_over_carbon": ("B/C", RED)}
    for name, (label, colour) in shown.items():
        values, measured = curves[name]
        for points, marker in zip(measured, _MARKERS, strict=False):
            model = np.exp(np.interp(np.log(points.x), np.log(rigidity_GV), np.log(values)))
            ratio, errors = model / points.value, model * points.errors[::-1] / points.value**2
            axes.errorbar(
                points.x, ratio, errors, fmt=marker, markersize=2.0,
                color=colour, elinewidth=0.6, label=f"{label}, {points.label}", linestyle="none",
            )  # fmt: skip
    axes.axhline(1.0, color=GREY, linewidth=0.8)
    axes.axhspan(0.9, 1.1, color=GREY, alpha=0.15, linewidth=0)
    axes.set(xscale="log", xlim=(10.0, 1e4), ylim=(0.6, 1.6))
    dress(axes, "$R$  [GV]", "model over measured")
    legend(axes, loc="upper left")  # in one column: to the right error bars reach as high


_MODELS = {
    "nested leaky box": (RED, "-", 1.3),
    "without radiation": (RED, (0, (1.5, 1)), 0.9),
    "made in the Galaxy": (ORANGE, (0, (5, 1.5)), 0.9),
    "standard halo": (BLUE, "-", 1.3),
}
_PANELS = (
    ("protons", "$R^{2.7} J$  [GV$^{1.7}$ m$^{-2}$ s$^{-1}$ sr$^{-1}$]", 2.7, (4e3, 1.7e4), "lower right"),
    ("boron_over_carbon", "B/C", 0.0, (0.03, 0.4), "lower left"),
    ("antiprotons_over_protons", "$\\bar p/p$", 0.0, (2e-5, 5e-4), "lower right"),
    ("positrons", "$E^3 J(e^+)$  [GeV$^2$ m$^{-2}$ s$^{-1}$ sr$^{-1}$]", 3.0, (1.0, 200.0), "upper left"),
)


def nested_leaky_box_figure(
    rigidity_GV: FloatArray,
    curves: Mapping[str, Mapping[str, FloatArray]],
    measured: Mapping[str, Sequence[Points]],
    ax: Any = None,
) -> Any:
    """Protons, B/C, antiprotons over protons and positrons of two models, beside measurements.

    Parameters
    ----------
    rigidity_GV : ndarray, shape (n,)
        Of the curves.
    curves : mapping of str to mapping of str to ndarray
        By what they are and by model, as `_PANELS` and `_MODELS` have them.
    measured : mapping of str to sequence of Points
        By what they are; the first three of each are drawn.
    """
    figure = page(ax, PAGE_INCH, 5.4)
    for axes, (name, label, power, ends, corner) in zip(figure.subplots(2, 2).flat, _PANELS, strict=True):
        for model, values in curves[name].items():
            colour, dashes, width = _MODELS[model]
            scaled = rigidity_GV**power * positive(values)
            axes.plot(rigidity_GV, scaled, color=colour, linestyle=dashes, linewidth=width, label=model)
        shades = (BLACK, GREEN, PURPLE)
        for points, colour in zip(measured[name], shades, strict=False):
            _points(axes, [points], colour, points.label, 1.0, power)
        axes.set(xscale="log", yscale="log", xlim=(5.0, 5e3), ylim=ends)
        dress(axes, "$E$  [GeV]" if name == "positrons" else "$R$  [GV]", label)
        legend(axes, loc=corner)
    return figure
