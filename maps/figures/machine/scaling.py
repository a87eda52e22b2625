"""How the time of a run goes with threads, workers, particles and cores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..page import BLACK, BLUE, GREEN, NORMAL, PAGE_INCH, RED, dress, legend, page

_PANELS = (("threads", "threads", BLUE), ("workers", "dask workers", GREEN), ("model", "cores, model", RED))


def scaling(rows: Sequence[Mapping[str, Any]], ax: Any = None) -> Any:
    """Speed over that of one, and time and memory by the number of particles.

    Parameters
    ----------
    rows : sequence of dict
        As `crhalo bench --scaling` has them.
    ax : Axes, optional
        Whose place is taken.
    """
    figure = page(ax, PAGE_INCH, 2.6)
    faster, model, grown = figure.subplots(1, 3)
    for kind, name, colour in _PANELS:
        part = [row for row in rows if row["kind"] == kind]
        if not part:
            continue
        axes = model if kind == "model" else faster
        number = np.array([row["number"] for row in part], float)
        gained = number * [row["efficiency"] for row in part]
        axes.plot(number, gained, "o-", color=colour, markersize=3, linewidth=1.0, label=name)
    for axes, x_label in ((faster, "threads or workers"), (model, "cores")):
        ends = np.array([1.0, max(axes.get_xlim()[1], 2.0)])
        axes.plot(ends, ends, ":", color=BLACK, linewidth=0.8, label="ideal")
        dress(axes, x_label, "times as fast as one")
        legend(axes)
    faster.set_title("measured", fontsize=NORMAL, pad=4)
    model.set_title(r"modelled, $10^6$ particles", fontsize=NORMAL, pad=4)
    model.set_xscale("log")
    model.set_yscale("log")
    _draw_growth(grown, [row for row in rows if row["kind"] == "particles"])
    return figure


def _draw_growth(axes: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    particles = [row["particles"] for row in rows]
    axes.loglog(particles, [row["time_s"] for row in rows], "o-", color=BLUE, markersize=3, label="time  [s]")
    memory = [row["memory_MB"] for row in rows]
    axes.loglog(particles, memory, "s--", color=RED, markersize=3, label="memory  [MB]")
    axes.set_title("1 to 10 PeV, all threads", fontsize=NORMAL, pad=4)
    dress(axes, "particles", "")
    legend(axes)
