"""What all figures share: the page, its type and colours, and numbers on logarithmic scales.

Figures are drawn without a display; no global state of Matplotlib is touched but in `plain_style`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...fields.exceptions import UserError
from ...fields.units import FloatArray
from ...mc.files import replacing
from ...mc.uncertainty import Estimate

DPI = 200
COLUMN_INCH, PAGE_INCH = 3.4, 7.0
SMALL, NORMAL = 7.0, 8.5
_FACE = {"font.family": "STIXGeneral", "mathtext.fontset": "stix"}
# Matplotlib's reader of formulas is one for all threads.
_ONE_AT_A_TIME = Lock()

# Okabe & Ito: told apart by all eyes.
BLACK, BLUE, GREEN, RED = "#000000", "#0072B2", "#009E73", "#D55E00"
PURPLE, ORANGE, SKY, GREY = "#CC79A7", "#E69F00", "#56B4E9", "#777777"

# name, label, colour, dashes
COMPONENTS: tuple[tuple[str, str, str, Any], ...] = (
    ("total", "Total", BLACK, "-"),
    ("disc", "Galactic disc", BLUE, (0, (5, 1.5))),
    ("halo", "Halo", GREEN, (0, (1.5, 1))),
    ("cgm", "Circumgalactic", RED, "-"),
)


def new_figure(width: float, height: float) -> Any:
    """An empty figure, sides in inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def panel(ax: Any, width: float, height: float) -> Any:
    """The axes that were given, or those of a new figure."""
    return new_figure(width, height).subplots() if ax is None else ax


def page(ax: Any, width: float, height: float) -> Any:
    """A new figure, or, where axes were given, one that takes their place in the figure they are of.

    Raises
    ------
    UserError
        If the axes are none of a grid: then there is no place to take.
    """
    if ax is None:
        return new_figure(width, height)
    place = ax.get_subplotspec()
    if place is None:
        raise UserError("ax: allowed: axes made by subplots, for a figure of several panels")
    figure = ax.figure
    ax.remove()
    return figure.add_subfigure(place)


@contextmanager
def plain_style() -> Iterator[None]:
    """Matplotlib as it comes, whatever a matplotlibrc says of TeX or sizes, in the face of the journals."""
    from matplotlib import style

    with style.context(["default", _FACE], after_reset=True):
        yield


def save(figure: Any, path: Path) -> None:
    """Write the file of a figure, a PNG or a PDF; see `rendered`."""
    with replacing(path) as temporary:
        temporary.write_bytes(rendered(figure, path.suffix))


def rendered(figure: Any, suffix: str) -> bytes:
    """The content of its file, ".png" or ".pdf"."""
    with _ONE_AT_A_TIME:
        return _rendered(figure, suffix)


def _rendered(figure: Any, suffix: str) -> bytes:
    figure.set_dpi(DPI)  # what is measured for the layout is then what is drawn
    if engine := figure.get_layout_engine():
        engine.execute(figure)
        figure.set_layout_engine("none")  # once is enough
    content = BytesIO()
    if suffix == ".pdf":
        figure.savefig(content, format="pdf", dpi=DPI, metadata={"CreationDate": None})
    else:
        # Draws once, where savefig draws twice, and packs in two thirds of the time what is 6% longer.
        figure.canvas.print_png(content, pil_kwargs={"compress_level": 4})
    return content.getvalue()


def note(figure: Any, text: str, ax: Any = None) -> None:
    """A sentence below a figure, or beside the axes that it was drawn into; a line for each part of it."""
    text = text.replace("; ", "\n")
    if ax is not None and ax.figure is figure:
        beside = {"va": "center", "rotation": 270, "fontsize": SMALL}
        ax.text(1.02, 0.5, text, transform=ax.transAxes, **beside)
    else:
        figure.supxlabel(text, fontsize=SMALL)


def dress(axes: Any, x_label: str = "", y_label: str = "") -> None:
    """Ticks inwards on all sides, labels in print size."""
    axes.tick_params(which="both", direction="in", top=True, right=True, labelsize=SMALL, width=0.6)
    axes.set_xlabel(x_label, fontsize=NORMAL)
    axes.set_ylabel(y_label, fontsize=NORMAL)
    for axis in (axes.xaxis, axes.yaxis):
        axis.get_offset_text().set_fontsize(SMALL)
    for spine in axes.spines.values():
        spine.set_linewidth(0.6)


def legend(axes: Any, handles: Sequence[Any] | None = None, **where: Any) -> None:
    """A small legend without a frame, of all that has a label or of the given handles."""
    handles = axes.get_legend_handles_labels()[0] if handles is None else handles
    if handles:
        axes.legend(
            handles=handles, fontsize=SMALL, frameon=False, labelspacing=0.3, borderaxespad=0.4, **where
        )


def shades(count: int) -> list[Any]:
    """Colours of one scale, in order."""
    from matplotlib import colormaps

    return [colormaps["viridis"](x) for x in np.linspace(0.0, 0.9, count)]


def outlined(text: Any, width: float = 1.4, colour: str = "white") -> None:
    """Give text an outline, to be read on any ground."""
    from matplotlib.patheffects import withStroke

    text.set_path_effects([withStroke(linewidth=width, foreground=colour)])


# -- numbers on logarithmic scales ---------------------------------------------------------


def positive(values: ArrayLike) -> FloatArray:
    """The values, NaN where they are not positive and finite."""
    array = np.asarray(values, dtype=float)
    return np.where(np.isfinite(array) & (array > 0), array, np.nan)


def positive_range(arrays: Sequence[ArrayLike], decades: float) -> tuple[float, float] | None:
    """Smallest and largest positive value, at most so many decades apart; None if there is none."""
    values = np.concatenate([np.ravel(positive(array)) for array in arrays])
    values = values[np.isfinite(values)]
    if values.size == 0:
        return None
    return max(float(values.min()), float(values.max()) * 10**-decades), float(values.max())


def log_tick(value: float, _: Any = None) -> str:
    """A number such as 2 x 10^-9, without the factor where it is one."""
    power = int(np.floor(np.log10(value) + 1e-9))
    factor = round(value / 10.0**power)
    return rf"$10^{{{power}}}$" if factor == 1 else rf"${factor}\times10^{{{power}}}$"


def plain_tick(value: float, _: Any = None) -> str:
    """A number such as 0.2; a function with a name, for figures that are sent to another process."""
    return f"{value:g}"


def value_and_band(curve: Estimate) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Value and the ends of its band; NaN where the error exceeds the value, no band where there is none."""
    value, error = (np.asarray(each, dtype=float) for each in (curve.value, curve.error))
    error = np.where(np.isfinite(error), error, 0.0)
    value = np.where(error > value, np.nan, positive(value))
    return value, np.maximum(value - error, 0.1 * value), value + error


def lie_together(curves: Sequence[ArrayLike], share: float) -> bool:
    """Whether curves differ nowhere by more than a share: they would be drawn on top of each other."""
    values = np.array([positive(curve) for curve in curves])
    known = np.isfinite(values).all(axis=0)
    return bool(np.all(np.ptp(values[:, known], axis=0) <= share * values[:, known].max(axis=0)))


def show_at_least(axes: Any, factor: float) -> None:
    """Widen the y-axis to a factor between its ends where it spans less: round-off is no structure."""
    low, high = axes.get_ylim()
    if 0 < low and high < factor * low:
        middle = np.sqrt(low * high)
        axes.set_ylim(middle / np.sqrt(factor), middle * np.sqrt(factor))


def plain_numbers(axis: Any) -> None:
    """A logarithmic axis over a few decades at most, marked at 1, 2 and 5 times powers of ten."""
    from matplotlib.ticker import LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(10, subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(plain_tick)
    axis.set_minor_formatter(NullFormatter())


def band(axes: Any, x: FloatArray, curve: Estimate, label: str, colour: str, style: Any = "-") -> None:
    """A line with its error as a band; no label where nothing is above zero."""
    value, low, high = value_and_band(curve)
    named = label if np.any(value > 0) else "_"
    axes.plot(x, value, color=colour, linestyle=style, linewidth=1.2, label=named)
    axes.fill_between(x, low, high, color=colour, alpha=0.22, linewidth=0)


def error_bars(axes: Any, x: FloatArray, curve: Estimate, label: str, colour: str, marker: str) -> None:
    """Joined points with error bars; no label where nothing is above zero."""
    value, low, high = value_and_band(curve)
    known = np.isfinite(value)
    x, value, low, high = x[known], value[known], low[known], high[known]
    style: dict[str, Any] = {"marker": marker, "markersize": 3, "linewidth": 0.8, "elinewidth": 0.8}
    axes.errorbar(
        x,
        value,
        [value - low, high - value],
        color=colour,
        label=label if np.any(value > 0) else "_",
        **style,
    )


def colour_bar(figure: Any, axes: Any, mesh: Any, **where: Any) -> Any:
    """A bar below the axes; pointed where a colour stands for all that is lower."""
    from matplotlib.colors import LogNorm
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = mesh.norm.vmin, mesh.norm.vmax
    extend = "min" if np.any(mesh.get_array().compressed() < low * (1 - 1e-9)) else "neither"
    bar = figure.colorbar(mesh, ax=axes, orientation="horizontal", extend=extend, aspect=32, **where)
    if isinstance(mesh.norm, LogNorm):
        subs: tuple[float, ...] = (1.0,)
        if high < 12 * low:
            subs = (1.0, 2.0, 5.0)
            power = 10.0 ** np.floor(np.log10(low))
            # With fewer than two Matplotlib takes others, too many.
            if sum(low <= each * power * ten <= high for each in subs for ten in (1.0, 10.0)) < 2:
                subs = (1.0, 2.0, 3.0, 5.0, 7.0)
        bar.ax.xaxis.set_major_locator(LogLocator(10, subs=subs))
        bar.ax.xaxis.set_major_formatter(FuncFormatter(log_tick))
        bar.ax.xaxis.set_minor_formatter(NullFormatter())
    bar.ax.tick_params(which="both", labelsize=SMALL, width=0.5, direction="in")
    bar.outline.set_linewidth(0.5)
    return bar


INTENSITY_UNIT = r"GeV cm$^{-2}$ s$^{-1}$ sr$^{-1}$"
