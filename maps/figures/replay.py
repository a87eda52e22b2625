"""Figure of the track of one particle."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...fields.galaxy import Galaxy
from ...fields.units import FloatArray
from .page import BLUE, GREY, NORMAL, PAGE_INCH, RED, dress, legend, page, positive, show_at_least


def replay_figure(lines: FloatArray, galaxy: Galaxy, title: str, ax: Any = None) -> Any:
    """Where it was in (R, z), and its height and momentum against age, without its first-passage splits.

    Parameters
    ----------
    lines : ndarray, shape (moves, 9)
        As of `mc.blocks.TRACK_COLUMNS`.
    galaxy : Galaxy
        For its surface.
    title : str
        Title of the figure.
    """
    age, x, y, z, momentum, behind = lines[lines[:, 8] == 0.0, :6].T
    R, outside = np.hypot(x, y), behind > 0
    figure = page(ax, PAGE_INCH, 2.7)
    figure.suptitle(title, fontsize=NORMAL)
    plane, height, energy = figure.subplots(1, 3)
    for where, colour, label in ((~outside, BLUE, "before the surface"), (outside, RED, "behind it")):
        if where.any():
            plane.scatter(R[where], z[where], s=0.6, color=colour, linewidths=0, label=label)
    if galaxy.has_bell_region:
        r = np.linspace(0.0, 1.2 * max(galaxy.surface_extent_kpc), 161)
        for side in (1.0, -1.0):
            level = galaxy.surface_level(r[None, :], side * r[:, None])
            plane.contour(r, side * r, level, levels=[0.0], colors=GREY, linewidths=0.6)
        plane.plot([], [], color=GREY, linewidth=0.6, label="Bell surface")
    dress(plane, "$R$  [kpc]", "$z$  [kpc]")
    legend(plane, markerscale=6)
    # Dots: split particles behind the surface are in between, and are no part of one line.
    for axes, values, label in (
        (height, z, "$z$  [kpc]"),
        (energy, momentum / momentum[-1], "$p$ over that at the end"),
    ):
        for where, colour in ((~outside, BLUE), (outside, RED)):
            axes.scatter(positive(age[where]), values[where], s=0.6, color=colour, linewidths=0)
        dress(axes, "age  [Myr]", label)
        axes.set(xscale="log")
    show_at_least(energy, 1.1)
    return figure
