"""The figure of many sources on the sky, beside the diffuse emission of the Galaxy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ....fields.units import FloatArray, energy_label
from ...data.read import Points
from ..page import BLACK, GREY, INTENSITY_UNIT, NORMAL, PAGE_INCH, colour_bar, dress, legend, page
from ..skies import draw_sky, graticule, sky_scale
from ..spectra import draw_points
from .tube import PHASE_COLOURS

_SKY_GEV = 100.0
_REGION, _TITLE = "lhaaso-inner", "inner Galaxy"


def cocoons_figure(
    energy_GeV: FloatArray,
    rows: Sequence[Mapping[str, Any]],
    skies: tuple[str, FloatArray, FloatArray],
    points: Mapping[str, Points],
    ax: Any = None,
) -> Any:
    """Two skies of one realisation; spectra of the inner plane, and the share of the diffuse emission.

    Parameters
    ----------
    energy_GeV : ndarray
        Of the skies.
    rows : sequence of mapping
        "region", "phase", "energy_GeV", "diffuse_E2_flux", "cocoons_E2_flux", "share" and "spread".
    skies : (str, ndarray, ndarray)
        A phase, the map of its cocoons and that of the diffuse emission, (energies, pixels) each.
    points : mapping of Points
        Measured in regions, by their names.
    """
    figure = page(ax, PAGE_INCH, 5.4)
    grid = figure.add_gridspec(2, 2, height_ratios=(1.0, 1.25))
    phase, cocoons, diffuse = skies
    at = int(np.argmin(np.abs(np.log(energy_GeV / _SKY_GEV))))
    E = float(energy_GeV[at])
    titles = (f"sources in {phase.replace('-', ' ')} gas", "diffuse emission")
    norm = sky_scale(E**2 * diffuse[at])
    panels = [figure.add_subplot(grid[0, i], projection="mollweide") for i in (0, 1)]
    for axes, title, sky in zip(panels, titles, (cocoons[at], diffuse[at]), strict=True):
        image = draw_sky(axes, np.maximum(E**2 * sky, norm.vmin), norm, "viridis")
        axes.set_title(f"{title}, {energy_label(E)}", fontsize=NORMAL, pad=4)
        graticule(axes)
    bar = colour_bar(figure, panels, image, shrink=0.5, pad=0.06)
    bar.set_label(f"$E^2 I$  [{INTENSITY_UNIT}]", fontsize=NORMAL - 1)
    _spectra(figure.add_subplot(grid[1, 0]), rows, points[_REGION])
    _shares(figure.add_subplot(grid[1, 1]), rows)
    return figure


def _by_phase(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, FloatArray]]:
    """Columns of the inner plane, by phase."""
    inner = [row for row in rows if row["region"] == _REGION]
    found = {}
    for phase in dict.fromkeys(row["phase"] for row in inner):
        these = [row for row in inner if row["phase"] == phase]
        found[phase] = {
            key: np.array([row[key] for row in these]) for key in these[0] if key not in ("region", "phase")
        }
    return found


def _spectra(axes: Any, rows: Sequence[Mapping[str, Any]], measured: Points) -> None:
    columns = _by_phase(rows)
    first = next(iter(columns.values()))
    for phase, one in columns.items():
        axes.plot(
            one["energy_GeV"], one["cocoons_E2_flux"], color=PHASE_COLOURS.get(phase, GREY), linewidth=1.2
        )
    axes.plot(
        first["energy_GeV"], first["diffuse_E2_flux"], color=BLACK, linewidth=1.4, label="diffuse emission"
    )
    draw_points(axes, measured, GREY, "o")
    dress(axes, "$E$  [GeV]", f"$E^2 I$  [{INTENSITY_UNIT}]")
    top = 3.0 * max(
        float(one[key].max()) for one in columns.values() for key in ("cocoons_E2_flux", "diffuse_E2_flux")
    )
    axes.set(xscale="log", yscale="log", ylim=(1e-6 * top, top))
    axes.set_title(f"gamma rays of the {_TITLE}", fontsize=NORMAL, pad=4)
    legend(axes, loc="lower left")


def _shares(axes: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    for phase, one in _by_phase(rows).items():
        colour, E = PHASE_COLOURS.get(phase, GREY), one["energy_GeV"]
        axes.plot(E, one["share"], color=colour, linewidth=1.2, label=phase.replace("-", " "))
        low = np.maximum(one["share"] - one["spread"], 1e-2 * one["share"])
        axes.fill_between(E, low, one["share"] + one["spread"], color=colour, alpha=0.2, linewidth=0)
    axes.axhline(1.0, color=GREY, linewidth=0.8, linestyle=(0, (5, 1.5)))
    dress(axes, "$E$  [GeV]", "sources over diffuse emission")
    axes.set(xscale="log", yscale="log")
    axes.set_title("the same; bands: spread of single skies", fontsize=NORMAL, pad=4)
    legend(axes, loc="upper left", ncols=2, columnspacing=1.0)
    axes.set_ylim(top=30.0 * axes.get_ylim()[1])
