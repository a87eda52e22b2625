"""Protons of one energy out of a halo with field lines, four ways: who is right about their escape?

Orbits go through the field and the waves of the galaxy. D along the lines and across is measured on orbits
through homogeneous turbulence that is like the waves at three heights; with it guiding centres are followed
along the lines, the hybrid engine as if that D were the same in all directions, and the transport equation is
solved along the lines. Each has realisations and seeds of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ...fields.galaxy import Galaxy
from ...fields.medium import Medium
from ...fields.turbulence.of_galaxy import GalacticTurbulence, galactic_turbulence
from ...fields.turbulence.statistics import TurbulenceStatistics, measure
from ...fields.turbulence.synthetic import Turbulence
from ...fields.units import LARMOR_KPC, FloatArray, momentum_GeV, speed_kpc_Myr
from ...fields.waves.streaming import larmor_radius_kpc
from ..blocks import REALISATION, Transport
from ..diffusion.finite_volumes import cells_of
from ..diffusion.solve import residence
from ..engine import run
from ..kernels.orbit import STEP_OVER_LARMOR, orbit_step_kpc
from ..result import Result
from ..tally import TallyGrid
from ..uncertainty import value_and_error
from .escape import compare, quantity, seed_for
from .measure import running_diffusion
from .tracks import tracks

HEIGHTS = (0.1, 0.5, 0.9)
"""Where D is measured, over the height of the halo on the axis."""
WAYS = ("tracks", "guiding-centre", "isotropic")
CENTRES_PER_ORBIT = 8
LAYERS = 12
# D is of displacements over up to so many free paths, along tracks of twice that: over five, those that turn
# slowly where mu = 0 are missed, and D is 7% too small.
_LONGEST_FREE_PATHS, _RECORDS = 8.0, 24
# As many realisations as take so many steps at a height, but not fewer or more than these.
_LOCAL_STEPS, _FEWEST, _MOST = 1e8, 8, 64
_MEASURED_REALISATIONS = 16
# Waves in all directions scatter less than r_L v/(3 F) says: the less of them, the less each.
_FREE_PATH_OVER_FORMULA = 4.0
_WIDTH = 1.005
TIME_TOLERANCE, TIME_SIGMAS = 0.05, 2.0
# lambda over the height of the halo, or over the length on which the field changes.
DIFFUSIVE_BELOW, BALLISTIC_ABOVE = 0.1, 1.0


class LocalDiffusion(NamedTuple):
    """What orbits measure at one height: lambda = 3 D/v along the lines, and D across over D along.

    `formula_kpc` is the lambda of the medium; errors are one sigma.
    """

    z_kpc: float
    larmor_radius_kpc: float
    formula_kpc: float
    free_path_kpc: float
    free_path_error: float
    across: float
    across_error: float


class Escaped(NamedTuple):
    """What became of the particles of one way: times [Myr] by block, means with errors, time in layers of z.

    `inside` of them had not left when their histories ended.
    """

    times_Myr: list[FloatArray]
    time_Myr: tuple[float, float]
    grammage_g_cm2: tuple[float, float]
    layers_Myr_kpc: tuple[FloatArray, FloatArray]
    inside: int
    result: Result


@dataclass(frozen=True)
class GalacticTest:
    """Protons of one energy, and what is measured on them, when it is asked for.

    Attributes
    ----------
    galaxy : Galaxy
        With field lines, and a surface that absorbs.
    energy_GeV : float
        Total energy.
    particles, seed, threads : int
        As in `run`; 16 orbits go through each realisation.
    R_d_kpc, t_max_Myr : float
        Radius of the source disc, and when histories end.
    """

    galaxy: Galaxy
    energy_GeV: float
    particles: int
    R_d_kpc: float
    t_max_Myr: float
    seed: int = 1
    threads: int = 1

    @cached_property
    def medium(self) -> Medium:
        return self.galaxy.medium()

    @cached_property
    def turbulence(self) -> GalacticTurbulence:
        """What orbits go through."""
        return galactic_turbulence(self.galaxy, self.medium, (self._ends[0], self._ends[2]))

    @property
    def _ends(self) -> FloatArray:
        return self.energy_GeV * np.array([1.0 / _WIDTH, 1.0, _WIDTH])

    @property
    def momentum_GeV(self) -> float:
        return float(momentum_GeV(self.energy_GeV))

    @property
    def speed_kpc_Myr(self) -> float:
        return float(speed_kpc_Myr(self.momentum_GeV))

    @property
    def height_kpc(self) -> float:
        """Of the surface, on the axis."""
        table = self.medium.table
        return float(np.interp(0.0, table.distance[0], table.z.nodes))

    def _seed_of(self, *words: int) -> int:
        return seed_for(self.seed, self.energy_GeV, *words)

    # -- D at three heights ---------------------------------------------------------------

    @cached_property
    def local(self) -> list[LocalDiffusion]:
        """D from tracks at the three heights, from low to high."""
        return [self._measured(number, share * self.height_kpc) for number, share in enumerate(HEIGHTS)]

    def _near(self, height_kpc: float) -> tuple[float, float, Turbulence]:
        """(z, B, the waves as homogeneous turbulence about B) at the node on the axis next to a height."""
        waves = self.turbulence.waves
        j = int(np.argmin(np.abs(waves.z.nodes - height_kpc)))
        z = float(waves.z.nodes[j])
        B = float(np.asarray(self.galaxy.magnetic_field_uG(0.0, z)))
        return z, B, waves.at(0, j, B)

    def waves_met(self) -> list[tuple[float, Turbulence, TurbulenceStatistics]]:
        """What orbits meet at the three heights: z, the waves as they should be, and as they are measured."""
        found = []
        for number, share in enumerate(HEIGHTS):
            z, _, local = self._near(share * self.height_kpc)
            seed, away = self._seed_of(4, number), 0.03 * self.height_kpc
            waves = [self.turbulence.waves.realisation((seed, n)) for n in range(_MEASURED_REALISATIONS)]
            found.append((z, local, measure(local, waves, seed, (away, away, z))))
        return found

    def _measured(self, number: int, height_kpc: float) -> LocalDiffusion:
        z, B, local = self._near(height_kpc)
        p, v = self.momentum_GeV, self.speed_kpc_Myr
        D = float(self.medium.diffusion_halo(np.asarray(p), np.asarray(0.0), np.asarray(z)))
        longest = _LONGEST_FREE_PATHS * _FREE_PATH_OVER_FORMULA * 3.0 * D / v
        step = orbit_step_kpc(float(larmor_radius_kpc(p, local.total_field_uG)), local.correlation_length_kpc)
        spacing = max(1, round(longest / _RECORDS / step)) * step
        count = _realisations(2.0 * _RECORDS * spacing / step)
        fields = [local.realisation((self._seed_of(0, number), n)) for n in range(count)]
        path, box = spacing * np.arange(1, 2 * _RECORDS + 1), 100.0 * local.wavelengths_kpc[1]
        seed = self._seed_of(1, number)
        found = tracks(fields, LARMOR_KPC * p, step, path, REALISATION, box, seed, self.threads)
        along, across = (running_diffusion(found, spacing, _RECORDS, axes) for axes in ((2,), (0, 1)))
        ratio = across.plateau / along.plateau
        error = math.hypot(across.plateau_error, ratio * along.plateau_error) / along.plateau
        r_L = float(larmor_radius_kpc(p, B))
        return LocalDiffusion(
            z, r_L, 3.0 * D / v, 3.0 * along.plateau, 3.0 * along.plateau_error, ratio, error
        )

    @property
    def epsilon(self) -> float:
        """D across over D along, the mean of the three heights."""
        return min(max(float(np.mean([each.across for each in self.local])), 0.0), 1.0)

    def diffusion(self, p_GeV: ArrayLike, R_kpc: ArrayLike, z_kpc: ArrayLike) -> FloatArray:
        """D of the medium, times what tracks have over it, which is interpolated in height [kpc2/Myr]."""
        z = [each.z_kpc for each in self.local]
        over = np.log([max(each.free_path_kpc, 1e-9) / each.formula_kpc for each in self.local])
        factor = np.exp(np.interp(np.abs(np.asarray(z_kpc, float)), z, over))
        return factor * np.asarray(self.galaxy.diffusion_halo(p_GeV, R_kpc, z_kpc), float)

    @cached_property
    def media(self) -> dict[str, Medium]:
        """The media of guiding centres and of the hybrid engine: D of tracks along the lines, or anywhere."""
        measured = replace(self.galaxy, diffusion=self.diffusion)
        along = replace(measured, epsilon=self.epsilon)
        alike = replace(measured, field="isotropic", field_uG=self.galaxy.magnetic_field_uG)
        return {"guiding-centre": along.medium(), "isotropic": alike.medium()}

    # -- escape ---------------------------------------------------------------------------

    @cached_property
    def escapes(self) -> dict[str, Escaped]:
        """What becomes of the particles, by way."""
        return {way: self._escaped(way) for way in WAYS}

    def _escaped(self, way: str) -> Escaped:
        orbits = way == "tracks"
        medium = self.medium if orbits else self.media[way]
        particles = self.particles * (1 if orbits else CENTRES_PER_ORBIT)
        transport = Transport(
            particles,
            self._seed_of(2, WAYS.index(way)),
            {"tracks": "orbit", "guiding-centre": "guiding-centre", "isotropic": "hybrid"}[way],
            t_max_Myr=self.t_max_Myr,
            R_d_kpc=self.R_d_kpc,
            turbulence=self.turbulence if orbits else None,
        )
        whole = np.array([0.0, self.galaxy.r_max_kpc])
        layers = np.linspace(0.0, self.height_kpc, LAYERS + 1)
        grid = TallyGrid(self._ends, whole, layers, whole, whole)
        each: list[FloatArray] = []
        result = run(
            medium, grid, transport, threads=self.threads, watch=lambda block, *_: each.append(block.ages_Myr)
        )
        return _of_result(result, each, particles, self.t_max_Myr)

    @cached_property
    def by_transport_equation(self) -> tuple[float, FloatArray]:
        """(mean time of escape [Myr], time in layers [Myr/kpc]) of the transport equation along the lines."""
        cells = cells_of(self.media["guiding-centre"], self.galaxy.r_max_kpc, self.height_kpc)
        found = residence(cells, self.momentum_GeV, self.R_d_kpc)
        edges = np.asarray(cells.z_edges_kpc, float)
        rows = found.per_cell_Myr.reshape(-1, edges.size - 1).sum(axis=0)
        total = np.interp(
            np.linspace(0.0, self.height_kpc, LAYERS + 1), edges, np.append(0.0, np.cumsum(rows))
        )
        return found.escape_time_Myr, np.diff(total) / (self.height_kpc / LAYERS)

    # -- who is right ---------------------------------------------------------------------

    def ratio(self, way: str) -> tuple[float, float]:
        """Mean time of escape of tracks over that of another way, and its error."""
        time, error = self.escapes["tracks"].time_Myr
        if way == "transport equation":
            other, its = self.by_transport_equation[0], 0.0
        else:
            other, its = self.escapes[way].time_Myr
        return time / other, time / other * math.hypot(error / time, its / other)

    def flag(self) -> tuple[str, str]:
        """(flag, reason): "diffusive", "focused" or "ballistic"."""
        longest = max(each.free_path_kpc for each in self.local)
        over_H = longest / self.height_kpc
        B = np.asarray(self.galaxy.magnetic_field_uG(0.0, np.array([0.0, self.height_kpc])), float)
        over_B = longest * abs(math.log(B[0] / B[1])) / self.height_kpc
        ratio, error = self.ratio("guiding-centre")
        said = f"lambda is up to {over_H:.2g} of the halo and {over_B:.2g} of the length that B falls over"
        said += f"; escape takes {ratio:.3f} +- {error:.3f} of that of guiding centres"
        if over_H > BALLISTIC_ABOVE:
            return "ballistic", said
        return ("focused" if max(over_H, over_B) > DIFFUSIVE_BELOW else "diffusive"), said

    def describes(self, way: str) -> bool:
        """Whether a way has the escape time of tracks, to 5% or two sigma."""
        ratio, error = self.ratio(way)
        return abs(ratio - 1.0) <= max(TIME_TOLERANCE, TIME_SIGMAS * error)

    def tests(self) -> dict[str, dict[str, float]]:
        """Kolmogorov-Smirnov and Anderson-Darling: times of tracks against those of the other engines."""
        mine = self.escapes["tracks"].times_Myr
        return {
            way: compare(mine, self.escapes[way].times_Myr[: len(mine)], self._seed_of(3, number))
            for number, way in enumerate(WAYS[1:])
        }

    def row(self) -> dict[str, Any]:
        """All of it as plain numbers."""
        flag, reason = self.flag()
        time, layers = self.by_transport_equation
        escape_times = {way: quantity(each.time_Myr) for way, each in self.escapes.items()}
        return {
            "energy_GeV": self.energy_GeV,
            "local": [each._asdict() for each in self.local],
            "escape_time_Myr": escape_times | {"transport equation": quantity((time, 0.0))},
            "time_of_tracks_over": {
                way: quantity(self.ratio(way)) for way in (*WAYS[1:], "transport equation")
            },
            "describes": {way: self.describes(way) for way in (*WAYS[1:], "transport equation")},
            "grammage_g_cm2": {way: quantity(each.grammage_g_cm2) for way, each in self.escapes.items()},
            "exit_time_tests": self.tests(),
            "inside_at_end": {way: each.inside for way, each in self.escapes.items()},
            "z_edges_kpc": np.linspace(0.0, self.height_kpc, LAYERS + 1).tolist(),
            "time_in_layers_Myr_kpc": {
                way: {"value": each.layers_Myr_kpc[0].tolist(), "error": each.layers_Myr_kpc[1].tolist()}
                for way, each in self.escapes.items()
            }
            | {"transport equation": {"value": layers.tolist()}},
            "flag": flag,
            "reason": reason,
        }


def _realisations(steps_of_a_track: float) -> int:
    """How many realisations D at one height is measured in."""
    return int(np.clip(_LOCAL_STEPS / (REALISATION * steps_of_a_track), _FEWEST, _MOST))


def local_steps(free_path_over_larmor_radius: FloatArray) -> float:
    """Steps that it takes to measure D at the three heights, of the largest lambda/r_L of a medium."""
    path = 2.0 * _LONGEST_FREE_PATHS * _FREE_PATH_OVER_FORMULA * float(np.max(free_path_over_larmor_radius))
    steps = path / STEP_OVER_LARMOR
    return len(HEIGHTS) * _realisations(steps) * REALISATION * steps


def _of_result(result: Result, ages: list[FloatArray], particles: int, t_max_Myr: float) -> Escaped:
    """What a run says of the escape of its particles."""
    counted = result.per_particle("escape").mean(axis=1)
    with np.errstate(invalid="ignore"):
        time, error = value_and_error(counted[:, 1] / counted[:, 0])
    X, X_error = value_and_error(result.per_particle("grammage").sum(axis=2).mean(axis=1))
    edges = result.grid.cells["halo"].z_kpc
    in_layers = result.per_particle("halo").sum(axis=2)[:, :, 0, :].mean(axis=1) / np.diff(edges)
    gone = [block[block < t_max_Myr * (1.0 - 1e-9)] for block in ages]
    inside = particles - sum(block.size for block in gone)
    return Escaped(
        gone,
        (float(time), float(error)),
        (float(X), float(X_error)),
        value_and_error(in_layers),
        inside,
        result,
    )
