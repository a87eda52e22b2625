"""Importance: what protons add to an observable by where they are released, and what D does on their way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ....fields.units import FloatArray, energy_label
from ..page import (
    BLACK,
    GREY,
    NORMAL,
    PAGE_INCH,
    SMALL,
    colour_bar,
    dress,
    legend,
    lie_together,
    page,
    plain_tick,
    shades,
)

_DECADES = 3.0  # of importance, where it is shown by its logarithm
_EVEN = 3.0  # below this, largest over mean, it is not
_TOGETHER = 0.02  # lines


def importance(maps: Mapping[str, Any], ax: Any = None) -> Any:
    """Importance at one energy, what sources within R make, and the sensitivity to D.

    Parameters
    ----------
    maps : mapping
        "R_edges_kpc" and "z_edges_kpc"; "used" and "inside", (R, z); "importance", (R, z), over its mean
        among sources, and its "energy_GeV"; "within" by energy of release [GeV], the share that is injected
        within each edge in R; the same of "all" energies, and of all that is "released"; "half_kpc", within
        which half of all is; "sensitivity", (R, z), and "of_D", by region; "title".
    """
    figure = page(ax, PAGE_INCH, 2.9)
    left, middle, right = figure.subplots(1, 3)
    R, z = (_from_above_zero(maps[f"{x}_edges_kpc"]) for x in "Rz")
    psi = np.where(maps["used"] & (maps["importance"] > 0.0), maps["importance"], np.nan)
    mesh = left.pcolormesh(
        R, z, np.ma.masked_invalid(psi).T, norm=_norm(psi), cmap="viridis", rasterized=True
    )
    bar = colour_bar(figure, left, mesh, pad=0.02)
    bar.set_label(rf"importance at {energy_label(maps['energy_GeV'])}, over mean", fontsize=SMALL)
    _within(middle, maps)
    per_area = maps["sensitivity"] / np.diff(np.log(R))[:, None] / np.diff(np.log(z))
    top = float(np.quantile(np.abs(per_area[maps["used"]]), 0.995)) or 1.0
    shown = np.ma.masked_array(per_area, ~maps["used"])
    mesh = right.pcolormesh(R, z, shown.T, vmin=-top, vmax=top, cmap="RdBu_r", rasterized=True)
    bar = colour_bar(figure, right, mesh, pad=0.02)
    bar.set_label(r"$\partial\ln O/\partial\ln D$ per $d\ln R\,d\ln z$", fontsize=SMALL)
    bar.locator = _few_ticks()
    bar.update_ticks()
    said = "\n".join(f"{name}: {_signed(value)}" for name, value in maps["of_D"].items())
    right.text(0.05, 0.05, said, transform=right.transAxes, fontsize=SMALL, va="bottom")
    for axes in (left, right):
        _surface(axes, R, z, maps)
        axes.set(xscale="log", yscale="log", xlim=(R[0], R[-1]), ylim=(z[0], z[-1]))
        dress(axes, "$R$  [kpc]", "$|z|$  [kpc]")
        axes.xaxis.set_major_formatter(plain_tick)
        axes.yaxis.set_major_formatter(plain_tick)
    figure.suptitle(maps["title"], fontsize=NORMAL)
    return figure


def _from_above_zero(edges: FloatArray) -> FloatArray:
    """Edges for a logarithmic axis: half of the first cell in place of zero."""
    return np.append(0.5 * edges[1], edges[1:])


def _norm(psi: FloatArray) -> Any:
    """Linear where importance is even, else logarithmic."""
    from matplotlib.colors import LogNorm, Normalize

    top = float(np.nanmax(psi))
    if top < _EVEN:
        return Normalize(0.0, top)
    return LogNorm(max(float(np.nanmin(psi)), top * 10.0**-_DECADES), top)


def _few_ticks() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(4)


def _within(axes: Any, maps: Mapping[str, Any]) -> None:
    """Shares that are injected within R; energies that lie together are one line."""
    edges, by_energy = maps["R_edges_kpc"], maps["within"]
    one = lie_together([maps["all"], *by_energy.values()], _TOGETHER)
    for colour, (E, share) in zip(shades(len(by_energy)), by_energy.items(), strict=True):
        if not one:
            axes.plot(edges, share, color=colour, linewidth=1.2, label=f"released at {energy_label(E)}")
    axes.plot(edges, maps["all"], color=BLACK, linewidth=1.6, label="all energies")
    axes.plot(edges, maps["released"], color=GREY, linewidth=1.0, linestyle=(0, (5, 1.5)), label="sources")
    end, half = edges[np.searchsorted(maps["released"], 1.0 - 1e-9)], maps["half_kpc"]
    axes.plot([0.0, half, half], [0.5, 0.5, 0.0], color=GREY, linewidth=0.7, linestyle=(0, (1.5, 1)))
    away = {"xytext": (-4, 0), "ha": "right"} if half > 0.7 * end else {"xytext": (4, 0), "ha": "left"}
    axes.annotate(f"{half:.2f} kpc", (half, 0.03), textcoords="offset points", fontsize=SMALL, **away)
    axes.set(xlim=(0.0, end), ylim=(0.0, 1.0))
    dress(axes, "$R$  [kpc]", "share injected within $R$")
    legend(axes, loc="upper left")


def _signed(value: float) -> str:
    """A number to two decimals, without a sign where it is zero."""
    text = f"{value:+.2f}".replace("-", "\u2212")
    return text[1:] if float(f"{value:.2f}") == 0.0 else text


def _surface(axes: Any, R: FloatArray, z: FloatArray, maps: Mapping[str, Any]) -> None:
    """The surface of the halo, along the edges of cells."""
    inside, used = maps["inside"], maps["used"]
    style = {"color": BLACK, "linewidth": 0.8}
    for i, j in np.argwhere(inside[:, :-1] & ~inside[:, 1:] & used[:, 1:]):
        axes.plot(R[i : i + 2], [z[j + 1]] * 2, **style)
    for i, j in np.argwhere((inside[:-1] != inside[1:]) & used[1:] & used[:-1]):
        axes.plot([R[i + 1]] * 2, z[j : j + 2], **style)
