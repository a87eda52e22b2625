"""A run beside the transport equation in the same medium, at the same age: where do they differ?

Both count protons in groups of cells and half-decades of energy. The equation is trusted where lambda
is below `SMALL` of the scale L on which the medium changes (the smallest of D/|grad D|, the distance from the
centre, inside the thickness of the halo and, outside, the mean distance of the group from the outer sphere),
and where cells twice as wide tell the same to `RESOLVED`. Where lambda is not small, it is the equation that
is wrong; the other groups ask for a finer grid.

In a halo with field lines lambda is that along them. There L is the least of the lengths over which D, or the
field strength, changes along the line, and of the way along it through the thickness.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ...fields.field_lines import norm
from ...fields.medium import Medium
from ...fields.medium_table import Wall
from ...fields.units import KPC_CM, FloatArray, momentum_GeV, speed_kpc_Myr
from ..result import Result
from ..tally import TallyGrid
from ..uncertainty import value_and_error
from .finite_volumes import Cells, cells_of
from .solve import Solution, solve

SMALL = 0.05
RESOLVED = 0.03
AGREE = 0.03
_SIGMAS = 3.0
_BINS_TOGETHER = 4
_WIDEST_BIN = 0.5  # in ln p
# Along each side of a cell, to find in which group it lies.
_POINTS = 6
# Nodes of the medium to a cell, of the wide grid and of the fine one.
_COARSEN = (4, 2)
_HEIGHTS_KPC = (0.0, 0.1, 0.3, 1.0, 3.0, 6.0, 10.0, 1e9)
_RADII_KPC = (0.0, 20.0, 40.0, 70.0, 1e9)


@dataclass(frozen=True)
class Place:
    """A group of cells: on one side of the surface, over the disc or between two radii."""

    side: str
    name: str
    low_kpc: float
    high_kpc: float
    R_max_kpc: float

    def holds(self, R_kpc: FloatArray, z_kpc: FloatArray) -> np.ndarray:
        """Whether cells with these centres belong to it."""
        at = z_kpc + 0.0 * R_kpc if self.side == "halo" else np.hypot(R_kpc, z_kpc)
        return (at >= self.low_kpc) & (at < self.high_kpc) & (R_kpc < self.R_max_kpc)


def places(medium: Medium, R_d_kpc: float) -> list[Place]:
    """Layers of the halo over the disc; shells behind a Bell wall."""
    top = min(medium.table.thickness, medium.table.r_max)
    layers = [h for h in _HEIGHTS_KPC if h < 0.9 * top] + [1e9]
    found = [
        Place("halo", f"halo, |z| {_span(low, high)}", low, high, R_d_kpc) for low, high in pairwise(layers)
    ]
    if medium.table.wall in (Wall.TWO_WAY, Wall.ONE_WAY):
        radii = [r for r in _RADII_KPC if r < 0.9 * medium.table.r_max] + [1e9]
        found += [
            Place("bell", f"outside, r {_span(low, high)}", low, high, 1e9) for low, high in pairwise(radii)
        ]
    return found


def _span(low: float, high: float) -> str:
    return f"{low:g}-{high:g} kpc" if high < 1e9 else f"> {low:g} kpc"


@dataclass(frozen=True)
class Comparison:
    """A run and the transport equation, group by group.

    Attributes
    ----------
    rows : list of dict
        {place, energy_GeV, run, error, referee, grid_error, ratio, ratio_error, lambda_over_L, status,
        agrees}: E n in cm^-3, lambda/L the largest in the group. The status is "diffusive" where the
        equation ("referee") is trusted, else "lambda" or "grid".
    most_negative : dict or None
        Where a density of the equation is furthest below zero: {energy_GeV, R_kpc, z_kpc,
        density_over_largest}, over the largest of that energy; None if none is.
    """

    rows: list[dict[str, Any]]
    most_negative: dict[str, float] | None = None

    @property
    def diffusive(self) -> list[dict[str, Any]]:
        """Groups in which the equation is trusted."""
        return [row for row in self.rows if row["status"] == "diffusive"]

    @property
    def chi2(self) -> float:
        """Of the groups where it is trusted, of as many degrees of freedom as there are."""
        return float(sum(((row["ratio"] - 1.0) / row["ratio_error"]) ** 2 for row in self.diffusive))

    @property
    def parting_GeV(self) -> dict[str, float | None]:
        """By place, the lowest energy at which lambda is no longer small; None if it always is."""
        found: dict[str, float | None] = {}
        for row in self.rows:
            if found.setdefault(row["place"], None) is None and row["lambda_over_L"] >= SMALL:
                found[row["place"]] = row["energy_GeV"]
        return found


def compare(result: Result, medium: Medium, R_d_kpc: float, t_Myr: float | None) -> Comparison:
    """Solve the transport equation in the medium of a run and compare the densities of both."""
    grid = result.grid
    extent = _extent(medium, max(float(grid.halo_R_kpc[-1]), R_d_kpc + 1.0), float(grid.halo_z_kpc[-1]))
    wide, fine = (
        solve(cells_of(medium, *extent, coarsen), grid.current_edges_GeV, result.spectrum, R_d_kpc, t_Myr)
        for coarsen in _COARSEN
    )
    ratios = _mean_free_path_over_scale(fine.cells, fine.energy_GeV)
    overlaps = (_overlap(wide.cells, grid), _overlap(fine.cells, grid))
    rows = []
    for place in places(medium, R_d_kpc):
        rows += _rows(place, result, (wide, fine), overlaps, ratios)
    return Comparison(rows, fine.most_negative)


def lambda_not_small_above_GeV(
    medium: Medium, R_d_kpc: float, energy_GeV: FloatArray
) -> dict[str, float | None]:
    """By place, the lowest energy with lambda above `SMALL` of the scale L; None if there is none."""
    cells = cells_of(medium, *_extent(medium, R_d_kpc + 1.0, medium.table.z.nodes[-1]), _COARSEN[0])
    ratios = _mean_free_path_over_scale(cells, energy_GeV)
    inside = cells.inside[cells.used]
    found: dict[str, float | None] = {}
    for place in places(medium, R_d_kpc):
        here = place.holds(*cells.centres_kpc) & (inside == (place.side == "halo"))
        if here.any():
            large = np.flatnonzero(ratios[:, here].max(axis=1) >= SMALL)
            found[place.name] = float(energy_GeV[large[0]]) if large.size else None
    return found


def _extent(medium: Medium, R_kpc: float, z_kpc: float) -> tuple[float, float]:
    """How far cells reach: to the outer sphere where there is a Bell wall."""
    if medium.table.wall in (Wall.TWO_WAY, Wall.ONE_WAY):
        return (float(np.ceil(medium.table.r_max)),) * 2
    return float(R_kpc), float(z_kpc)


def _rows(
    place: Place,
    result: Result,
    solutions: tuple[Solution, Solution],
    overlaps: tuple[_Overlap, _Overlap],
    ratios: FloatArray,
) -> list[dict[str, Any]]:
    """One row for every few energy bins of a place."""
    wide, fine = solutions
    mine, _ = _counted_in(place, result.grid)
    volume = result.volumes_kpc3[place.side][mine].sum()
    there, here = (overlap.share(place, result.grid) for overlap in overlaps)
    if not (volume > 0 and here.max() > 0.5 and there.max() > 0.5):
        return []
    counted = result.by_current_energy(place.side)[:, :, mine].sum(axis=2) / (volume * KPC_CM**3)
    coarse, solved = _mean_density(wide, there), _mean_density(fine, here)
    to_the_edge = _mean_free_path_to_the_edge(place, fine, here)
    E, width = fine.energy_GeV, np.diff(np.log(momentum_GeV(fine.energy_edges_GeV)))
    rows = []
    for first in range(0, E.size - _BINS_TOGETHER + 1, _BINS_TOGETHER):
        bins = slice(first, first + _BINS_TOGETHER)
        run, error = value_and_error(counted[:, bins] @ E[bins])
        expected = float(solved[bins] @ E[bins])
        # The lowest bins of total energy are too wide in momentum.
        if not (run > 0 and error > 0 and expected > 0 and width[bins].max() < _WIDEST_BIN):
            continue
        path = float(max(ratios[bins][:, here > 0.5].max(), to_the_edge[bins].max()))
        grid_error = abs(float(coarse[bins] @ E[bins]) - expected)
        ratio, ratio_error = float(run / expected), float(error / expected)
        status = "lambda" if path >= SMALL else "grid" if grid_error > RESOLVED * expected else "diffusive"
        rows.append(
            {
                "place": place.name,
                "energy_GeV": float(np.exp(np.log(E[bins]).mean())),
                "run": float(run),
                "error": float(error),
                "referee": expected,
                "grid_error": grid_error,
                "ratio": ratio,
                "ratio_error": ratio_error,
                "lambda_over_L": path,
                "status": status,
                "agrees": abs(ratio - 1.0) <= max(AGREE, _SIGMAS * ratio_error),
            }
        )
    return rows


@dataclass(frozen=True)
class _Overlap:
    """Where points spread evenly over the used cells lie: in which of the tally's cells, on the cell's side.

    Cells of the equation are not cells of the tally; to go by their centres shifts a group by up to half of
    a cell, which is 4% in density behind the wall.
    """

    tally_cell: dict[str, tuple[np.ndarray, np.ndarray]]
    same_side: np.ndarray
    inside: np.ndarray

    def share(self, place: Place, grid: TallyGrid) -> FloatArray:
        """Share of each used cell that lies in the tally's cells of a place."""
        mine, _ = _counted_in(place, grid)
        # A last row and column for whatever lies beyond the tally.
        i, j = self.tally_cell[place.side]
        counted = np.pad(mine, (0, 1))[i, j] & self.same_side
        return counted.mean(axis=1) * (self.inside == (place.side == "halo"))


def _overlap(cells: Cells, grid: TallyGrid) -> _Overlap:
    offsets = (np.arange(_POINTS) + 0.5) / _POINTS
    R, z = (
        (edges[:-1, None] + np.diff(edges)[:, None] * offsets)
        for edges in (cells.R_edges_kpc, cells.z_edges_kpc)
    )
    i, j = np.nonzero(cells.used)
    R, z = (np.repeat(R[i], _POINTS, axis=1), np.tile(z[j], (1, _POINTS)))
    inside = cells.inside[cells.used]
    tally_cell = {}
    for side in ("halo", "bell"):
        edges = grid.cells[side]
        a, b = (np.searchsorted(e, x, side="right") - 1 for e, x in zip(edges, (R, z), strict=True))
        tally_cell[side] = (a, b)
    return _Overlap(tally_cell, (cells.medium.distance_kpc(R, z) < 0) == inside[:, None], inside)


def _counted_in(place: Place, grid: TallyGrid) -> tuple[np.ndarray, tuple[FloatArray, FloatArray]]:
    """Which of the tally's cells belong to a place, and their edges."""
    edges = grid.cells[place.side]
    R, z = (0.5 * (each[1:] + each[:-1]) for each in edges)
    return place.holds(R[:, None], z[None, :]), edges


def _mean_density(solution: Solution, share: FloatArray) -> FloatArray:
    """Protons per cm^3 of each bin in shares of cells."""
    volume = solution.cells.volume_kpc3 * share
    return solution.protons_kpc3 @ volume / volume.sum() / KPC_CM**3


def _mean_free_path_to_the_edge(place: Place, solution: Solution, share: FloatArray) -> FloatArray:
    """Mean lambda of a group behind the surface over its mean distance from the outer sphere, by energy."""
    cells = solution.cells
    if place.side == "halo":
        return np.zeros(solution.energy_GeV.size)
    weight = share * cells.volume_kpc3 / (share @ cells.volume_kpc3)
    to_edge = cells.medium.table.bell_outer_radius - float(np.hypot(*cells.centres_kpc) @ weight)
    p = momentum_GeV(solution.energy_GeV)
    D = np.array([cells.diffusion_kpc2_Myr(float(each)) @ weight for each in p])
    return np.asarray(3.0 * D / speed_kpc_Myr(p) / to_edge)


def _mean_free_path_over_scale(cells: Cells, energy_GeV: FloatArray) -> FloatArray:
    """lambda/L of every energy and used cell."""
    inside = cells.inside[cells.used]
    R, z = cells.centres_kpc
    thickness = min(cells.medium.table.thickness, cells.medium.table.r_max)
    scale = np.where(inside, thickness, np.hypot(R, z))
    lines, change = cells.medium.lines, np.zeros(R.size)
    if lines is not None:
        b_R, _, b_z = lines.direction(R, z)
        scale = np.where(inside, scale / np.maximum(np.hypot(b_R, b_z), 1e-9), scale)
        ln_B = np.log(np.maximum(norm(*lines.field(R, z)), 1e-300))
        change = np.where(inside, np.abs(_along(b_R, b_z, _slopes(cells, ln_B))), 0.0)
    out = []
    for p in momentum_GeV(energy_GeV):
        D = cells.diffusion_kpc2_Myr(float(p))
        slopes = _slopes(cells, np.log(D))
        steepest = np.hypot(*slopes)
        if lines is not None:
            steepest = np.where(inside, np.maximum(np.abs(_along(b_R, b_z, slopes)), change), steepest)
        out.append(3.0 * D / float(speed_kpc_Myr(p)) / np.minimum(scale, 1.0 / np.maximum(steepest, 1e-9)))
    return np.array(out)


def _along(b_R: FloatArray, b_z: FloatArray, slopes: tuple[FloatArray, FloatArray]) -> FloatArray:
    return b_R * slopes[0] + b_z * slopes[1]


def _slopes(cells: Cells, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """How used cells change to the next one in R and in z on the same side of the surface [1/kpc]."""
    over_R, over_z = np.zeros(values.size), np.zeros(values.size)
    inside = cells.inside[cells.used]
    for side in (True, False):
        there = np.where((cells.inside == side) & cells.used, cells.spread(values), np.nan)
        steps = (
            np.diff(there, axis=0, append=np.nan) / np.gradient(cells.R_kpc)[:, None],
            np.diff(there, axis=1, append=np.nan) / np.gradient(cells.z_kpc),
        )
        along_R, along_z = (np.nan_to_num(each)[cells.used] for each in steps)
        over_R, over_z = np.where(inside == side, along_R, over_R), np.where(inside == side, along_z, over_z)
    return over_R, over_z
