"""Test protons through the waves of a flux tube, one by one, in flights between scatterings or in steps.

The D(s, t) of a `TubeRun` is taken between its snapshots, linear in s and in ln t; each particle's own time
picks it. In flights they scatter isotropically in the frame of the waves, at v/lambda with lambda = 3D/v, by
Woodcock's method: exact for any lambda, in a time that goes as lambda^-2. In steps they diffuse and are
carried from one face to the next (`tube_steps`), which is right where lambda is short, in a time that does
not depend on it. Energies do not change; what expansion does to those of one momentum is a weight, by the
steepness of the spectrum that was found there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...fields.exceptions import UserError
from ...fields.gas_density import grammage_per_length_g_cm2_kpc
from ...fields.units import FloatArray
from .flux_tube import TubeRun
from .tube_steps import Walk

DIFFUSIVE, BALLISTIC = 0.1, 1.0
"""lambda/L_c below which transport is diffusive, and above which a particle meets nothing on its way."""
FLIGHTS_FROM = 0.06
"""lambda/L_c above which particles fly: the surface of diffusion is 0.7 lambda off, a tenth of the time."""
AtEpoch = tuple[np.ndarray, FloatArray]
"""Snapshots that times lie behind, and how far between them and the next."""
_MOST_EVENTS = 1_000_000
_NOTHING = 1e-300
# How many cells a flight may cross at once, and how much D may vary there.
_FAR, _EVEN = 12, 0.3


@dataclass(frozen=True)
class Passage:
    """What particles of one momentum took to pass: means and their errors.

    Attributes
    ----------
    residence_Myr, residence_error_Myr : float
        Time in the tube.
    grammage_g_cm2, grammage_error_g_cm2 : float
        Gas passed.
    finished : bool
        Whether all left, or reached the last snapshot.
    steps : bool
        Whether they diffused in steps; else they flew.
    """

    residence_Myr: float
    residence_error_Myr: float
    grammage_g_cm2: float
    grammage_error_g_cm2: float
    finished: bool
    steps: bool


class _Table:
    """D of one momentum on faces (epochs, faces), the flow, and the gas of a tube."""

    def __init__(self, run: TubeRun, at: int) -> None:
        tube, waves = run.tube, run.waves
        # Before the first snapshot D is that of the first.
        self.ln_t = np.log([each.age_Myr for each in run.snapshots])
        self.D = np.array([waves.D_kpc2_Myr(each.F)[:, at] for each in run.snapshots])
        if self.ln_t.size < 2:
            self.ln_t, self.D = np.append(self.ln_t, self.ln_t + 1.0), np.repeat(self.D, 2, axis=0)
        self.end, self.h, self.count = tube.L_c_kpc, tube.width_kpc, tube.gas_cm3.size
        self.last = run.snapshots[-1].age_Myr
        self.v_A = float(waves.v_A_kpc_Myr[at]) * float(waves.advected)
        self.source, self.gas = tube.source_kpc, tube.gas_cm3
        self._steepness, self._loss = _steepness(run, at), float(run.loss_Myr[at])
        self.speed = float(waves.speed_kpc_Myr[at])

    def epoch(self, t: FloatArray) -> AtEpoch:
        x = np.log(np.maximum(t, 1e-300))
        i = np.clip(np.searchsorted(self.ln_t, x, side="right") - 1, 0, self.ln_t.size - 2)
        return i, np.clip((x - self.ln_t[i]) / (self.ln_t[i + 1] - self.ln_t[i]), 0.0, 1.0)

    def diffusion(self, s: FloatArray, t: FloatArray) -> FloatArray:
        """D at places and times."""
        i, a = self.epoch(t)
        x = np.minimum(np.abs(s) / self.h, self.count - 1e-9)
        c = x.astype(int)
        low, high = ((1.0 - a) * self.D[i, c + k] + a * self.D[i + 1, c + k] for k in (0, 1))
        return np.asarray(low + (x - c) * (high - low))

    def smallest(self, cells: int) -> FloatArray:
        """Smallest D of two epochs within some cells either side of each cell, (epochs - 1, cells)."""
        both = np.minimum(self.D[1:], self.D[:-1])
        wide = np.pad(both, ((0, 0), (cells, cells)), mode="symmetric")
        windows = np.lib.stride_tricks.sliding_window_view(wide, 2 * cells + 2, axis=1)
        return np.asarray(windows.min(axis=-1)[:, : self.count])

    def flow(self, s: FloatArray) -> FloatArray:
        return self.v_A * np.clip(s / self.source, -1.0, 1.0)

    def falling(self, s: FloatArray, at_epoch: AtEpoch, within_kpc: float) -> FloatArray:
        """Rate at which there are fewer at this momentum, by expansion and collisions [1/Myr].

        Of a particle that is anywhere `within_kpc` of s.
        """
        i, a = at_epoch
        steep = (1.0 - a) * self._steepness[i] + a * self._steepness[i + 1]
        share = np.clip(0.5 + 0.5 * (self.source - np.abs(s)) / max(within_kpc, 1e-12), 0.0, 1.0)
        return steep * (share * self.v_A / self.source / 3.0 + self._loss * self.target(s))

    def target(self, s: FloatArray) -> FloatArray:
        cell = np.minimum((np.abs(s) / self.h).astype(int), self.count - 1)
        return self.gas[cell]


def _steepness(run: TubeRun, at: int) -> FloatArray:
    """-d ln n/d ln p of the protons within the source at one momentum, (epochs,) and two at least."""
    ln_p = np.log(run.waves.p_GeV)
    within = run.tube.faces_kpc[:-1] < run.tube.source_kpc
    beside = slice(max(at - 1, 0), at + 2)
    found = []
    for one in run.snapshots:
        n = one.n_cm3[within].sum(axis=0)[beside]
        known = bool((n > _NOTHING).all())
        found.append(-np.polyfit(ln_p[beside], np.log(n), 1)[0] if known else run.tube.slope - 1.0)
    return np.array(found if len(found) > 1 else 2 * found)


def passage(run: TubeRun, at: int, particles: int, seed: int, steps: bool | None = None) -> Passage:
    """Follow particles of one momentum of a run from the source until they leave the tube.

    Parameters
    ----------
    run : TubeRun
        With snapshots close enough to take D between them.
    at : int
        Number of the momentum.
    particles, seed : int
        How many, and of which random numbers.
    steps : bool, optional
        Whether they diffuse in steps; by default where lambda is below `FLIGHTS_FROM` L_c (`free_path_kpc`).
    """
    if particles < 2:
        raise UserError(f"particles = {particles}: allowed: 2 or more")
    if steps is None:
        steps = bool(free_path_kpc(run)[at] < FLIGHTS_FROM * run.tube.L_c_kpc)
    table, rng = _Table(run, at), np.random.default_rng(seed)
    move = _Steps(table, rng, particles) if steps else _Flights(table, rng, particles)
    t = np.full(particles, float(run.tube.release_Myr[at]))
    weight, held, passed = np.ones(particles), np.zeros(particles), np.zeros(particles)
    alive, events = np.arange(particles), 0
    while alive.size and events < _MOST_EVENTS:
        x, now = move.s[alive], t[alive]
        at_epoch = table.epoch(now)
        dt = move(alive, now, at_epoch)
        new = move.s[alive]
        w = weight[alive]
        held[alive] += w * dt
        passed[alive] += w * dt * 0.5 * (table.target(x) + table.target(new))
        weight[alive] = w * np.exp(-table.falling(x, at_epoch, move.within_kpc) * dt)
        t[alive] = now + dt
        alive = alive[(np.abs(new) < table.end * (1.0 - 1e-12)) & (now + dt < table.last)]
        events += 1
    to_grammage = float(grammage_per_length_g_cm2_kpc(1.0)) * table.speed
    root = np.sqrt(particles)
    return Passage(
        float(held.mean()),
        float(held.std(ddof=1) / root),
        float(passed.mean() * to_grammage),
        float(passed.std(ddof=1) / root * to_grammage),
        not alive.size,
        steps,
    )


class _Steps:
    """Moves of particles by steps from face to face of a `Walk`."""

    def __init__(self, table: _Table, rng: np.random.Generator, particles: int) -> None:
        self._walk, self._rng = Walk(table.D, table.h, table.flow), rng
        self.within_kpc = 0.5 * self._walk.h
        self.s = rng.uniform(-1.0, 1.0, particles) * table.source

    def __call__(self, alive: np.ndarray, t: FloatArray, at_epoch: AtEpoch) -> FloatArray:
        epoch, share = at_epoch
        self.s[alive], dt = self._walk.step(self.s[alive], t, epoch + (share > 0.5), self._rng)
        return dt


class _Flights:
    """Moves of particles by flights to what may be a scattering."""

    def __init__(self, table: _Table, rng: np.random.Generator, particles: int) -> None:
        self._table, self._rng, self.within_kpc = table, rng, 0.0
        self.s = rng.uniform(-1.0, 1.0, particles) * table.source
        self._mu = rng.uniform(-1.0, 1.0, particles)
        near, far = table.smallest(1), table.smallest(_FAR)
        # As far as D does not vary much.
        reach = np.where(far > _EVEN * near, _FAR, 1)
        self._bounds = np.where(reach > 1, far, near), reach

    def __call__(self, alive: np.ndarray, t: FloatArray, at_epoch: AtEpoch) -> FloatArray:
        s, mu = self.s[alive], self._mu[alive]
        self.s[alive], dt, self._mu[alive] = _flight(
            self._table, (*self._bounds, at_epoch[0]), self._rng, s, t, mu
        )
        return dt


def _flight(
    table: _Table,
    bounds: tuple[FloatArray, np.ndarray, np.ndarray],
    rng: np.random.Generator,
    s: FloatArray,
    t: FloatArray,
    mu: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """A flight to what may be a scattering, some cells away at most: new place, time taken, direction.

    `bounds` are the smallest D within as many cells of each, (epochs - 1, cells) both, and the epochs.
    """
    smallest, reach, i = bounds
    cell = np.minimum((np.abs(s) / table.h).astype(int), table.count - 1)
    most = table.speed**2 / (3.0 * smallest[i, cell])  # scatterings per time
    u = table.flow(s)
    speed = table.speed * mu + u
    free = -np.log1p(-rng.random(s.size)) / most
    dt = np.minimum(free, reach[i, cell] * table.h / np.maximum(np.abs(speed), 1e-12 * table.speed))
    new = s + speed * dt
    # Within the tube up to its end.
    over = np.abs(new) > table.end
    dt = np.where(over, dt * np.clip((table.end - np.abs(s)) / np.abs(new - s), 0.0, 1.0), dt)
    D = table.diffusion(new, t + dt)
    real = (free <= dt) & ~over & (rng.random(s.size) * most < table.speed**2 / (3.0 * D))
    return new, dt, np.where(real, rng.uniform(-1.0, 1.0, s.size), mu)


def free_path_kpc(run: TubeRun) -> FloatArray:
    """Mean free path 3 D/v, (n,), of the constant D that holds protons in the tube as long: L_c^2/(2 T)."""
    return 3.0 * run.tube.D_times_residence_kpc2 / run.residence_Myr / run.waves.speed_kpc_Myr


def verdict(free_path_over_L_c: float) -> str:
    """Whether transport through a tube is by diffusion."""
    if free_path_over_L_c < DIFFUSIVE:
        return "diffusive"
    return "in between" if free_path_over_L_c < BALLISTIC else "not diffusive"
