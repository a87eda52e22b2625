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
from ...fields.units import FloatArray, momentum_GeV
from ..blocks import REALISATION, Transport
from ..diffusion.finite_volumes import cells_of
from ..diffusion.solve import residence
from ..engine import run
from ..result import Result
from ..tally import Region, TallyGrid
from ..uncertainty import value_and_error
from .diffusion_test import DiffusionTest
from .escape import Slab, compare, quantity, seed_for
from .galactic_cost import line_out
from .local_diffusion import LocalDiffusion, Place, measured_on, place_in, tracks_at

HEIGHTS = (0.1, 0.5, 0.9)
"""Where D is measured, over the height at which the line from the middle of the source disc ends."""
WAYS = ("tracks", "guiding-centre", "isotropic")
CENTRES_PER_ORBIT = 8
LAYERS = 12
# D at a height is measured in as many realisations as take so many steps, but not fewer or more than these.
_LOCAL_STEPS, _FEWEST, _MOST = 1e8, 8, 64
_MEASURED_REALISATIONS = 16
_BEHIND_PARTICLES = 1024
_WIDTH = 1.005
TIME_TOLERANCE, TIME_SIGMAS = 0.05, 2.0
# lambda over the height of the halo, or over the length on which the field changes.
DIFFUSIVE_BELOW, BALLISTIC_ABOVE = 0.1, 1.0


class Escaped(NamedTuple):
    """What became of the particles of one way: times [Myr] by block, means with errors, time in layers of z.

    `times_Myr` are those at which they leave for good, `time_Myr` is that of first passage, `behind_Myr`
    the time behind the surface, `near_Myr` that in the region `NEAR` there. `inside` of them had not left
    when their histories ended.
    """

    times_Myr: list[FloatArray]
    time_Myr: tuple[float, float]
    grammage_g_cm2: tuple[float, float]
    layers_Myr_kpc: tuple[FloatArray, FloatArray]
    behind_Myr: tuple[float, float]
    near_Myr: tuple[float, float]
    inside: int
    result: Result

    @property
    def leaving_Myr(self) -> tuple[float, float]:
        """Mean time at which they leave for good, and its error by the scatter of blocks."""
        means = np.array([block.mean() for block in self.times_Myr if block.size])
        return float(means.mean()), float(means.std(ddof=1) / math.sqrt(means.size))


class Solved(NamedTuple):
    """By the transport equation: mean times of first passage and of leaving, in layers of z, and behind."""

    time_Myr: float
    leaving_Myr: float
    layers_Myr_kpc: FloatArray
    behind_Myr: float


@dataclass(frozen=True)
class GalacticTest:
    """Protons of one energy, and what is measured on them, when it is asked for.

    Attributes
    ----------
    galaxy : Galaxy
        With field lines.
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
    def height_kpc(self) -> float:
        """Of the surface, on the axis."""
        table = self.medium.table
        return float(np.interp(0.0, table.distance[0], table.z.nodes))

    @property
    def layers_kpc(self) -> FloatArray:
        """Edges of the layers of |z| that time is counted in."""
        return np.linspace(0.0, self.height_kpc, LAYERS + 1)

    def _seed_of(self, *words: int) -> int:
        return seed_for(self.seed, self.energy_GeV, *words)

    # -- D at three heights ---------------------------------------------------------------

    @cached_property
    def places(self) -> list[Place]:
        """At three heights along the line from the middle of the source disc, from low to high."""
        R, z = line_out(self.medium, 0.5 * self.R_d_kpc)
        heights = [share * z[-1] for share in HEIGHTS]
        return [
            place_in(self.medium, self.turbulence, float(np.interp(height, z, R)), height, self.energy_GeV)
            for height in heights
        ]

    @property
    def local_steps(self) -> float:
        """Steps that it takes to measure D at the three heights."""
        return sum(_realisations(place.steps) * REALISATION * place.steps for place in self.places)

    @cached_property
    def local(self) -> list[LocalDiffusion]:
        """D from tracks at the three heights."""
        return [
            measured_on(
                place, tracks_at(place, _realisations(place.steps), self._seed_of(0, number), self.threads)
            )
            for number, place in enumerate(self.places)
        ]

    def waves_met(self) -> list[TurbulenceStatistics]:
        """What orbits meet at the three heights, to be held against the waves of `places`."""
        found = []
        for number, place in enumerate(self.places):
            seed = self._seed_of(4, number)
            waves = [self.turbulence.waves.realisation((seed, n)) for n in range(_MEASURED_REALISATIONS)]
            found.append(measure(place.waves, waves, seed, (place.R_kpc, 0.0, place.z_kpc)))
        return found

    @cached_property
    def D_over_bohm(self) -> tuple[float, float]:
        """D behind the surface over r_L v/3, from tracks through homogeneous turbulence like that there.

        The same everywhere, since its waves go with r_L.
        """
        waves = self.turbulence.behind
        if waves is None:
            return self.galaxy.D_over_bohm, 0.0
        i, j = np.argwhere(waves.power_uG2 == waves.power_uG2.max())[0]
        seed = self._seed_of(5)
        test = DiffusionTest(
            waves.at(i, j, 0.0), self.energy_GeV, Slab(1.0, 1.0, 1.0), _BEHIND_PARTICLES, seed, self.threads
        )
        r_L, found = float(waves.larmor_radius_kpc[i, j]), test.late.along
        return 3.0 * found.plateau / r_L, 3.0 * found.plateau_error / r_L

    @property
    def epsilon(self) -> float:
        """D across over D along, the mean of the three heights."""
        return min(max(float(np.mean([each.epsilon for each in self.local])), 0.0), 1.0)

    def diffusion(self, p_GeV: ArrayLike, R_kpc: ArrayLike, z_kpc: ArrayLike) -> FloatArray:
        """D of the medium, times what tracks have over it, which is interpolated in height [kpc2/Myr]."""
        z = [each.z_kpc for each in self.local]
        over = np.log([max(each.free_path_kpc, 1e-9) / each.formula_kpc for each in self.local])
        factor = np.exp(np.interp(np.abs(np.asarray(z_kpc, float)), z, over))
        return factor * np.asarray(self.galaxy.diffusion_halo(p_GeV, R_kpc, z_kpc), float)

    @cached_property
    def media(self) -> dict[str, Medium]:
        """The media of guiding centres and of the hybrid engine: D of tracks along the lines, or anywhere.

        Behind the surface too.
        """
        measured = replace(self.galaxy, diffusion=self.diffusion, D_over_bohm=self.D_over_bohm[0])
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
        grid = TallyGrid(self._ends, whole, self.layers_kpc, whole, whole)
        each: list[FloatArray] = []
        result = run(
            medium, grid, transport, threads=self.threads, watch=lambda block, *_: each.append(block.ages_Myr)
        )
        return _of_result(result, each, particles, self.t_max_Myr)

    @cached_property
    def by_transport_equation(self) -> Solved:
        """What the transport equation along the lines says."""
        far = self.galaxy.r_max_kpc
        cells = cells_of(
            self.media["guiding-centre"], far, far if self.galaxy.has_bell_region else self.height_kpc
        )
        found = residence(cells, self.momentum_GeV, self.R_d_kpc)
        time = cells.spread(found.per_cell_Myr)
        below = np.append(0.0, np.cumsum((time * cells.inside).sum(axis=0)))
        total = np.interp(self.layers_kpc, np.asarray(cells.z_edges_kpc, float), below)
        behind = float((time * ~cells.inside).sum())
        layers = np.diff(total) / np.diff(self.layers_kpc)
        return Solved(found.escape_time_Myr, float(time.sum()), layers, behind)

    # -- who is right ---------------------------------------------------------------------

    def ratio(self, way: str) -> tuple[float, float]:
        """Mean time of escape of tracks over that of another way, and its error."""
        time, error = self.escapes["tracks"].time_Myr
        if way == "transport equation":
            other, its = self.by_transport_equation.time_Myr, 0.0
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
        solved = self.by_transport_equation
        escape_times = {way: quantity(each.time_Myr) for way, each in self.escapes.items()}
        return {
            "energy_GeV": self.energy_GeV,
            "local": [each._asdict() | {"epsilon": each.epsilon} for each in self.local],
            "D_over_bohm": quantity(self.D_over_bohm),
            "escape_time_Myr": escape_times | {"transport equation": quantity((solved.time_Myr, 0.0))},
            "leaving_time_Myr": {way: quantity(each.leaving_Myr) for way, each in self.escapes.items()}
            | {"transport equation": quantity((solved.leaving_Myr, 0.0))},
            "time_of_tracks_over": {
                way: quantity(self.ratio(way)) for way in (*WAYS[1:], "transport equation")
            },
            "describes": {way: self.describes(way) for way in (*WAYS[1:], "transport equation")},
            "grammage_g_cm2": {way: quantity(each.grammage_g_cm2) for way, each in self.escapes.items()},
            "exit_time_tests": self.tests(),
            "inside_at_end": {way: each.inside for way, each in self.escapes.items()},
            "z_edges_kpc": self.layers_kpc.tolist(),
            "time_in_layers_Myr_kpc": {
                way: {"value": each.layers_Myr_kpc[0].tolist(), "error": each.layers_Myr_kpc[1].tolist()}
                for way, each in self.escapes.items()
            }
            | {"transport equation": {"value": solved.layers_Myr_kpc.tolist()}},
            "time_behind_Myr": {way: quantity(each.behind_Myr) for way, each in self.escapes.items()}
            | {"transport equation": quantity((solved.behind_Myr, 0.0))},
            "time_near_Myr": {way: quantity(each.near_Myr) for way, each in self.escapes.items()},
            "flag": flag,
            "reason": reason,
        }


def _realisations(steps_of_a_track: float) -> int:
    """How many realisations D at one height is measured in."""
    return int(np.clip(_LOCAL_STEPS / (REALISATION * steps_of_a_track), _FEWEST, _MOST))


def _of_result(result: Result, ages: list[FloatArray], particles: int, t_max_Myr: float) -> Escaped:
    """What a run says of the escape of its particles."""
    counted = result.per_particle("escape").mean(axis=1)
    with np.errstate(invalid="ignore"):
        time = _pair(counted[:, 1] / counted[:, 0])
    X = result.per_particle("grammage").sum(axis=2).mean(axis=1)
    edges = result.grid.cells["halo"].z_kpc
    in_layers = result.per_particle("halo").sum(axis=2)[:, :, 0, :].mean(axis=1) / np.diff(edges)
    behind = result.per_particle("bell").sum(axis=(2, 3, 4)).mean(axis=1)
    near = result.per_particle("region")[..., int(Region.NEAR)].sum(axis=2).mean(axis=1)
    gone = [block[block < t_max_Myr * (1.0 - 1e-9)] for block in ages]
    inside = particles - sum(block.size for block in gone)
    return Escaped(
        gone,
        time,
        _pair(X),
        value_and_error(in_layers),
        _pair(behind),
        _pair(near),
        inside,
        result,
    )


def _pair(replicas: FloatArray) -> tuple[float, float]:
    value, error = value_and_error(replicas)
    return float(value), float(error)
