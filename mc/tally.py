"""What is counted: tallies per injected-energy group, and the grids they live on.

Every tally is kept by injection group (16 per decade), so that any injection spectrum is applied
afterwards; residence times also by how many bins of energy were lost or won since (8 per decade). A block
of particles has a tally of its own; blocks are added in index order into `BATCHES` batches, and the
scatter between batches is the error of everything that is derived from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ..fields.galaxy import Galaxy
from ..fields.medium import Medium
from ..fields.medium_table import Wall, axis, doubling_pieces

BATCHES = 32
GROUPS_PER_DECADE = 16
ENERGY_BINS_PER_DECADE = 8
# Injection groups to a bin of current energy.
GROUPS_PER_BIN = GROUPS_PER_DECADE // ENERGY_BINS_PER_DECADE
# How many bins of current energy were lost, at the start of each step of the residence tallies: one bin to a
# step up to 8, then more and more. Below zero they were won, in a flow that slows down, 7 at most. One step
# more holds what has fallen below the energies that are followed.
STEP_STARTS = (-7, -3, -1, *range(10), 11, 15, 23, 39)
NOTHING_LOST = STEP_STARTS.index(0)
ENERGY_STEPS = len(STEP_STARTS) + 1
MEAN_BINS_LOST = np.array([*(0.5 * (a + b - 1) for a, b in pairwise(STEP_STARTS)), STEP_STARTS[-1], 0.0])
"""Bins lost in the middle of each step; at the start of the last that is in range, none of what is below."""
TIME_EDGES_MYR = np.logspace(-3, 4.5, 151)
GRAMMAGE_EDGES = np.logspace(-7, 3, 201)
# Ages at which the filling of the Bell region is told, and shells about the centre in which it is.
AGES_MYR = np.array([10.0, 30.0, 100.0, 300.0, 1e3, 3e3])
SHELLS = 20
NEAR_R_KPC = 5.0
NEAR_DEPTH_KPC = 4.0
DISC_HALF_THICKNESS_KPC = 0.1


class Fate(IntEnum):
    """How a particle ended; `sentence` says it."""

    ESCAPED = 0
    ABSORBED = 1
    ALIVE = 2
    MAX_STEPS = 3
    NOT_FINITE = 4

    @property
    def key(self) -> str:
        """Its name in files."""
        return _KEYS.get(self, self.name.lower())

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_KEYS = {Fate.MAX_STEPS: "capped", Fate.NOT_FINITE: "lost"}
_SENTENCES = {
    Fate.ESCAPED: "left through the outer sphere",
    Fate.ABSORBED: "left through the absorbing boundary of the halo",
    Fate.ALIVE: "was still on its way at the end of the history",
    Fate.MAX_STEPS: "was given up at the largest number of steps",
    Fate.NOT_FINITE: "was lost to a number that is not finite",
}


class Region(IntEnum):
    """Places with a tally of their own."""

    DISC = 0
    DISC_NO_RETURN = 1
    NEAR = 2


class Energy(IntEnum):
    """What becomes of the kinetic energy that is injected; what collisions take is `Tally.pp_loss`."""

    INJECTED = 0
    STORED = 1
    ESCAPED = 2
    ABSORBED = 3
    ADIABATIC_HALO = 4
    ADIABATIC_BEHIND = 5
    WALL = 6


def bins_of_step(step: int, first_bin: int, bins: int) -> range:
    """Current-energy bins that a step holds, of particles injected in `first_bin`: only those that there are.

    Over the bins of a wide step residence is even: losses take equal times for equal parts of ln E.
    """
    if step == ENERGY_STEPS - 1:
        return range(0)
    end = STEP_STARTS[step + 1] if step + 1 < len(STEP_STARTS) else first_bin + 1
    return range(max(first_bin - end + 1, 0), min(first_bin - STEP_STARTS[step] + 1, bins))


class Binning(NamedTuple):
    """Edges of a spatial tally with an O(1) look-up, for kernels."""

    inverse_step_R: float
    inverse_step_z: float
    cell_of_R: np.ndarray
    cell_of_z: np.ndarray


class CellEdges(NamedTuple):
    """Edges of the (R, |z|) cells on one side of the surface [kpc]."""

    R_kpc: np.ndarray
    z_kpc: np.ndarray


class Tally(NamedTuple):
    """The counts of one block (or batch); first axis: injection group where there is one."""

    fates: np.ndarray
    work: np.ndarray
    injected: np.ndarray
    escape: np.ndarray
    escape_time_histogram: np.ndarray
    leave_time_histogram: np.ndarray
    alive: np.ndarray
    grammage: np.ndarray
    grammage_first: np.ndarray
    grammage_histogram: np.ndarray
    region: np.ndarray
    region_age: np.ndarray
    filling: np.ndarray
    pp_loss: np.ndarray
    energy: np.ndarray
    near_flux: np.ndarray
    halo: np.ndarray
    bell: np.ndarray


_CELLS = "group, energy step, R, |z|"
MEANING = {
    "fates": ("1", "fate"),
    "work": ("1", "(moves before the surface, split particles behind it, their moves)"),
    "injected": ("1", "group"),
    "escape": ("1, Myr, Myr2", "group, (first encounters with the surface, sum of ages, of their squares)"),
    "escape_time_histogram": ("1", "group, bin of the age of that"),
    "leave_time_histogram": ("1", "group, bin of the age on leaving for good"),
    "alive": ("1", "group"),
    "grammage": ("g cm-2", "group, (disc, halo, circumgalactic)"),
    "grammage_first": (
        "g cm-2",
        "group, (disc, halo, circumgalactic), until the first encounter with the surface",
    ),
    "grammage_histogram": ("1", "group, bin of the grammage until then"),
    "region": (
        "Myr",
        "group, energy step, (disc, disc until the first encounter with the surface, near it)",
    ),
    "region_age": ("Myr2", "group, the same regions"),
    "filling": ("Myr", "group, energy step, age, shell behind the surface, and the disc"),
    "pp_loss": ("GeV", "group, (before the surface, behind it)"),
    "energy": (
        "GeV",
        "group, kinetic energy (injected, with what ends by chance; stored at t_max, escaped, absorbed, lost "
        "to the flow of the halo, to that behind the surface, at the wall)",
    ),
    "near_flux": ("kpc", "group, energy step"),
    "halo": ("Myr", _CELLS),
    "bell": ("Myr", _CELLS),
}
"""Unit of each tally, summed over particles, and what its axes count; group: of injected energy."""


@dataclass(frozen=True)
class TallyGrid:
    """Spatial cells on either side of the surface and the energy groups.

    Attributes
    ----------
    energy_edges_GeV : ndarray, shape (groups + 1,)
        Edges of the injection groups (total energy).
    halo_R_kpc, halo_z_kpc, bell_R_kpc, bell_z_kpc : ndarray
        Edges of the (R, |z|) cells inside and outside the surface.
    """

    energy_edges_GeV: np.ndarray
    halo_R_kpc: np.ndarray
    halo_z_kpc: np.ndarray
    bell_R_kpc: np.ndarray
    bell_z_kpc: np.ndarray

    @property
    def cells(self) -> dict[str, CellEdges]:
        """Cells on either side of the surface, "halo" and "bell"."""
        return {
            "halo": CellEdges(self.halo_R_kpc, self.halo_z_kpc),
            "bell": CellEdges(self.bell_R_kpc, self.bell_z_kpc),
        }

    @property
    def groups(self) -> int:
        return len(self.energy_edges_GeV) - 1

    @property
    def current_edges_GeV(self) -> np.ndarray:
        """Edges of the current-energy bins."""
        return self.energy_edges_GeV[::GROUPS_PER_BIN]

    @property
    def shell_edges_kpc(self) -> np.ndarray:
        """Radii of the shells of `Tally.filling`, which count what is behind the surface."""
        return np.linspace(0.0, self.bell_R_kpc[-1], SHELLS + 1)

    def empty(self) -> Tally:
        """A tally of zeros."""
        g = self.groups

        def cells(R: np.ndarray, z: np.ndarray) -> tuple[int, ...]:
            return (g, ENERGY_STEPS, len(R) - 1, len(z) - 1)

        return Tally(
            fates=np.zeros(len(Fate), np.int64),
            work=np.zeros(3, np.int64),
            injected=np.zeros(g),
            escape=np.zeros((g, 3)),
            escape_time_histogram=np.zeros((g, len(TIME_EDGES_MYR) + 1)),
            leave_time_histogram=np.zeros((g, len(TIME_EDGES_MYR) + 1)),
            alive=np.zeros(g),
            grammage=np.zeros((g, 3)),
            grammage_first=np.zeros((g, 3)),
            grammage_histogram=np.zeros((g, len(GRAMMAGE_EDGES) + 1)),
            region=np.zeros((g, ENERGY_STEPS, len(Region))),
            region_age=np.zeros((g, len(Region))),
            pp_loss=np.zeros((g, 2)),
            energy=np.zeros((g, len(Energy))),
            filling=np.zeros((g, ENERGY_STEPS, len(AGES_MYR) + 1, SHELLS + 1)),
            near_flux=np.zeros((g, ENERGY_STEPS)),
            halo=np.zeros(cells(self.halo_R_kpc, self.halo_z_kpc)),
            bell=np.zeros(cells(self.bell_R_kpc, self.bell_z_kpc)),
        )

    def binnings(self) -> tuple[Binning, Binning]:
        """(halo, bell) look-ups for kernels."""
        return _binning(self.halo_R_kpc, self.halo_z_kpc), _binning(self.bell_R_kpc, self.bell_z_kpc)


_MOST_STEPS = 1000  # of a look-up, in the smallest cell


def _binning(R_edges: np.ndarray, z_edges: np.ndarray) -> Binning:
    R, z = _step_of(R_edges), _step_of(z_edges)
    return Binning(1.0 / R, 1.0 / z, _cells_of_steps(R_edges, R), _cells_of_steps(z_edges, z))


def _step_of(edges: np.ndarray) -> float:
    """The longest step that all edges are multiples of."""
    for parts in range(1, _MOST_STEPS + 1):
        step = float(np.diff(edges).min()) / parts
        if np.allclose(edges / step, np.round(edges / step), rtol=0.0, atol=1e-6):
            return step
    raise ValueError(f"edges {edges} kpc are not multiples of one step")


def _cells_of_steps(edges: np.ndarray, step: float) -> np.ndarray:
    centres = (np.arange(round(edges[-1] / step)) + 0.5) * step
    inside = np.searchsorted(edges, centres, side="right") - 1
    # One more entry for whatever lies beyond the last edge: -1, not counted.
    return np.append(np.clip(inside, 0, len(edges) - 2), -1).astype(np.int16)


def energy_groups(E_min_GeV: float, E_max_GeV: float) -> np.ndarray:
    """Edges of at least 16 injection groups a decade, whole current-energy bins."""
    bins = int(np.ceil(np.log10(E_max_GeV / E_min_GeV) * ENERGY_BINS_PER_DECADE - 1e-9))
    count = max(bins, 1) * GROUPS_PER_BIN
    return np.geomspace(E_min_GeV, E_max_GeV, count + 1)


# Widths of cells are multiples of it, where the disc asks for no finer ones.
_FINEST_KPC = 0.05
# Cells to the radius of the disc, and to the least of the lengths over which densities change with height.
_CELLS_TO_RIM, _CELLS_IN_HEIGHT = 4, 6


def galactic_grid(energy_edges_GeV: np.ndarray, galaxy: Galaxy) -> TallyGrid:
    """Cells for a galaxy: fine at the disc and about the surface, coarse far away.

    The rim of the disc, and the surface of a flat halo, are edges of cells.
    """
    r_max = galaxy.r_max_kpc
    R_halo, z_halo = (float(np.ceil(min(x, r_max))) for x in galaxy.surface_extent_kpc)
    flat = galaxy.halo == "constant"
    top = galaxy.H_kpc if flat else z_halo
    R_pieces = [*doubling_pieces(galaxy.R_d_kpc, _CELLS_TO_RIM, 1.0), (24.0, 1.0), (R_halo, 8.0)]
    height = min(galaxy.R_d_kpc, top)
    disc = ((0.1, 0.1), (0.3, 0.2), (0.6, 0.3), (1.0, 0.4))
    z_pieces = [*doubling_pieces(height, _CELLS_IN_HEIGHT, 0.1), *disc, (15.0, 1.0), (top, 8.0)]
    far = ((40.0, 4.0), (r_max, 12.0))
    return TallyGrid(
        energy_edges_GeV=energy_edges_GeV,
        halo_R_kpc=_edges(R_pieces, R_halo, edge=galaxy.R_d_kpc),
        halo_z_kpc=_edges(z_pieces, top, edge=top if flat else None),
        bell_R_kpc=_edges([(20.0, 2.5), *far], r_max),
        bell_z_kpc=_edges([(20.0, 1.25), *far], r_max),
    )


def _edges(pieces: list[tuple[float, float]], end: float, edge: float | None = None) -> np.ndarray:
    """Edges of cells to the end of an axis through (end, width) pieces."""
    within = ((min(stop, end), width) for stop, width in pieces)
    return axis((0.0, _FINEST_KPC), *within, edge=edge).nodes


def cell_volumes_kpc3(medium: Medium, R_edges: np.ndarray, z_edges: np.ndarray, inside: bool) -> np.ndarray:
    """Volume of each (R, |z|) cell, both signs of z, on one side of the surface [kpc^3].

    Cells cut by the surface are integrated on a sub-grid; the outer sphere cuts them too.
    """
    sub = 24
    offsets = (np.arange(sub) + 0.5) / sub
    R = R_edges[:-1, None] + np.diff(R_edges)[:, None] * offsets
    z = z_edges[:-1, None] + np.diff(z_edges)[:, None] * offsets
    R4, z4 = R[:, None, :, None], z[None, :, None, :]
    wanted = (medium.distance_kpc(R4, z4) < 0) == inside
    wanted &= R4**2 + z4**2 < (medium.table.r_max if inside else medium.table.bell_outer_radius) ** 2
    area = np.diff(R_edges)[:, None] * np.diff(z_edges)[None, :] / sub**2
    return 2.0 * area * (2.0 * np.pi * R4 * wanted).sum(axis=(2, 3))


def filling_volumes_kpc3(medium: Medium, grid: TallyGrid) -> np.ndarray:
    """Volumes of the parts of the shells that lie behind the surface [kpc^3]."""
    edges = grid.shell_edges_kpc
    r = (np.arange(4000) + 0.5) * edges[-1] / 4000
    cosine = (np.arange(400) + 0.5) / 400
    behind = medium.distance_kpc(r[:, None] * np.sqrt(1 - cosine**2), r[:, None] * cosine) > 0
    behind &= (r < medium.table.bell_outer_radius)[:, None]
    shells = 4 * np.pi * r**2 * (edges[-1] / 4000) * behind.mean(axis=1)
    return shells.reshape(SHELLS, -1).sum(axis=1)


def region_volumes_kpc3(medium: Medium, R_d_kpc: float) -> dict[Region, float]:
    """Volumes of the regions with a tally of their own [kpc^3]; none behind a closed or absorbing surface."""
    disc = np.pi * R_d_kpc**2 * 2 * DISC_HALF_THICKNESS_KPC
    if medium.table.wall not in (Wall.TWO_WAY, Wall.ONE_WAY):
        return {Region.DISC: disc, Region.DISC_NO_RETURN: disc, Region.NEAR: 0.0}
    z = np.linspace(0, medium.table.r_max, 40_001)
    R = (np.arange(100) + 0.5) * NEAR_R_KPC / 100
    depth = medium.distance_kpc(R[:, None], z[None, :])
    near = (
        (depth > 0) & (depth < NEAR_DEPTH_KPC) & (R[:, None] ** 2 + z**2 < medium.table.bell_outer_radius**2)
    )
    cell = 2 * np.pi * R * (NEAR_R_KPC / 100) * (z[1] - z[0])
    return {
        Region.DISC: disc,
        Region.DISC_NO_RETURN: disc,
        Region.NEAR: 2.0 * float((near * cell[:, None]).sum()),
    }


def add(total: Tally, block: Tally) -> None:
    """Add a block's counts to a batch, in place."""
    for into, values in zip(total, block, strict=True):
        into += values
