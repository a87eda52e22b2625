"""Protons that leave a source along a flux tube, and the waves that they excite there, in time.

    dn/dt + d(v n)/ds = d/ds(D dn/ds) + d/dln p [(dv/ds/3 + b n_gas) n],    n per ln p, n = 0 at |s| = L_c,

with v = +-v_A away from the source, which rises from 0 to v_A over the source itself, and the waves of
`fields.waves.tube_waves`. n is what there is beyond the Galaxy's own protons, which are even: it ends at L_c,
where transport becomes three-dimensional. Both halves of the tube are alike, so one is solved: n in cells, F
on their faces, where the gradient that excites it is known.

A step is implicit: transport with the D of the last F, then losses, then the waves with the new gradient.
Every part is positive. The work on the waves, v dP/ds, is what the expansion of the flow takes from the
protons: the sums over cells are the same to rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.linalg import solve_banded

from ...fields.exceptions import UserError
from ...fields.gas_density import grammage_per_length_g_cm2_kpc
from ...fields.units import (
    C_KPC_MYR,
    EV_ERG,
    GEV_ERG,
    KPC_CM,
    M_P_GEV,
    FloatArray,
    total_energy_GeV,
)
from ...fields.waves.tube_waves import TubeWaves
from ..diffusion.faces import bernoulli

_FIRST_STEP = 1e-9
"""Of the age."""
_GROWTH_OF_STEP = 1.25


@dataclass(frozen=True)
class Tube:
    """A tube along the field, the source in its middle, and what is released there.

    Attributes
    ----------
    L_c_kpc : float
        Half of its length.
    radius_kpc : float
        Of its cross-section.
    source_kpc : float
        Half of the length that the source fills when it lets protons go.
    energy_erg : float
        Kinetic energy of all that it lets go.
    slope : float
        Of the momenta released: dN/dp ~ p^-slope.
    release_Myr : ndarray, shape (n,)
        When protons of each momentum are released.
    gas_cm3 : ndarray, shape (cells,)
        Hydrogen masses per cm^3 in each cell, mean of both halves: what protons collide with.
    """

    L_c_kpc: float
    radius_kpc: float
    source_kpc: float
    energy_erg: float
    slope: float
    release_Myr: FloatArray
    gas_cm3: FloatArray

    def __post_init__(self) -> None:
        if not 0.0 < self.source_kpc < self.L_c_kpc:
            raise UserError(f"a source of {self.source_kpc:g} kpc: allowed: shorter than the tube")
        if min(self.radius_kpc, self.energy_erg) <= 0.0 or self.gas_cm3.min() < 0.0:
            raise UserError("a flux tube: allowed: a radius and an energy above zero")
        if self.gas_cm3.size < 4:
            raise UserError("a flux tube: allowed: 4 cells or more")

    @property
    def width_kpc(self) -> float:
        """Of a cell."""
        return self.L_c_kpc / self.gas_cm3.size

    @property
    def faces_kpc(self) -> FloatArray:
        """From the middle to the end, (cells + 1,)."""
        return np.asarray(np.arange(self.gas_cm3.size + 1) * self.width_kpc, float)

    @property
    def centres_kpc(self) -> FloatArray:
        """Of the cells, (cells,)."""
        return np.asarray((np.arange(self.gas_cm3.size) + 0.5) * self.width_kpc, float)

    @property
    def D_times_residence_kpc2(self) -> float:
        """Mean time from the source to the ends, times a D that is the same everywhere: (L_c^2 - l^2/3)/2."""
        return (self.L_c_kpc**2 - self.source_kpc**2 / 3.0) / 2.0

    @property
    def area_cm2(self) -> float:
        """Cross-section of both halves together."""
        return 2.0 * np.pi * (self.radius_kpc * KPC_CM) ** 2

    def spread(self) -> FloatArray:
        """What a unit of column, evenly over the source, is in each cell [1/kpc]."""
        inside = np.clip((self.source_kpc - self.faces_kpc[:-1]) / self.width_kpc, 0.0, 1.0)
        return inside / self.source_kpc

    def released(self, p_GeV: FloatArray) -> FloatArray:
        """Protons released per ln p, (n,)."""
        shape = p_GeV ** (1.0 - self.slope)
        kinetic = (total_energy_GeV(p_GeV) - M_P_GEV) * GEV_ERG
        return self.energy_erg * shape / ((shape * kinetic).sum() * float(np.log(p_GeV[1] / p_GeV[0])))


@dataclass(frozen=True)
class TubeSnapshot:
    """A tube at an age: n [cm^-3 per ln p] in cells and F on faces, (cells, n) and (cells + 1, n)."""

    age_Myr: float
    n_cm3: FloatArray
    F: FloatArray


@dataclass(frozen=True)
class TubeRun:
    """What became of the protons of a tube.

    Attributes
    ----------
    tube, waves : Tube, TubeWaves
        What was solved.
    snapshots : list of TubeSnapshot
        At the ages asked for.
    residence_Myr, grammage_g_cm2 : ndarray, shape (n,)
        Mean time in the tube, and gas passed, per proton released at each momentum.
    escaped : ndarray, shape (n,)
        Protons per ln p that left through the ends, over those released.
    half_left_Myr : ndarray, shape (n,)
        After what time from release half of them are no longer in the tube; NaN: not before the last age.
    energy_erg : dict
        released, in the tube, escaped, work (on waves), collisions, cooled (below the lowest momentum), waves
        (what growth alone gave them).
    loss_Myr : ndarray, shape (n,)
        -dln p/dt of collisions in gas of 1 cm^-3.
    steps : int
        How many were made.
    finished : bool
        Whether the last age was reached in the steps allowed.
    """

    tube: Tube
    waves: TubeWaves
    snapshots: list[TubeSnapshot]
    residence_Myr: FloatArray
    grammage_g_cm2: FloatArray
    escaped: FloatArray
    half_left_Myr: FloatArray
    energy_erg: dict[str, float]
    loss_Myr: FloatArray
    steps: int
    finished: bool

    @property
    def imbalance(self) -> float:
        """What the protons' energies miss, and the work that waves did not get, over all released."""
        E = self.energy_erg
        kept = E["in the tube"] + E["escaped"] + E["work"] + E["collisions"]
        return max(abs(kept / E["released"] - 1.0), abs(E["waves"] - E["work"]) / E["released"])


@dataclass
class FluxTube:
    """Protons and waves of a tube, followed by `follow`.

    Parameters
    ----------
    tube, waves : Tube, TubeWaves
        What to solve.
    loss_rate : callable, optional
        -dln p/dt [1/Myr] of p_GeV in gas of 1 cm^-3; none: no losses.
    change : float
        Of ln F, and of the protons in the tube, that a step may make.
    most_steps : int
        After which it ends, finished or not.
    """

    tube: Tube
    waves: TubeWaves
    loss_rate: Callable[[FloatArray], FloatArray] | None = None
    change: float = 0.3
    most_steps: int = 20_000
    n: FloatArray = field(init=False)
    F: FloatArray = field(init=False)
    time_Myr: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        tube, waves = self.tube, self.waves
        p = waves.p_GeV
        if p.size < 2 or np.ptp(np.diff(np.log(p))) > 1e-6:
            raise UserError("momenta of a flux tube: allowed: two or more, even in the logarithm")
        count, energies = tube.gas_cm3.size, p.size
        self.n = np.zeros((count, energies))
        self.F = np.tile(waves.F_gal, (count + 1, 1))
        self._total = tube.released(p)
        # Per column: n of a proton in one half of the tube.
        self._place = tube.spread()[:, None] / (tube.area_cm2 * KPC_CM)
        self._pending = tube.release_Myr >= 0.0
        self._width = float(np.log(p[1] / p[0]))
        ramp = np.minimum(tube.faces_kpc / tube.source_kpc, 1.0)[:, None]
        self._v = ramp * waves.v_A_kpc_Myr
        self._carried = self._v * float(waves.advected)
        kinetic = total_energy_GeV(np.append(p[0] * p[0] / p[1], p)) - M_P_GEV
        self._kinetic, steps = kinetic[1:] * GEV_ERG, np.diff(kinetic)
        pressure = p * waves.speed_kpc_Myr / C_KPC_MYR / 3.0
        # Work and losses per time, over the fall of energy from one momentum to the next.
        self._expansion = np.diff(self._carried, axis=0) / tube.width_kpc * pressure / steps
        self._loss = np.zeros_like(p) if self.loss_rate is None else np.asarray(self.loss_rate(p))
        self._colliding = tube.gas_cm3[:, None] * self._loss * 3.0 * pressure / steps
        self._steps_erg = steps * GEV_ERG
        self._sums = {name: np.zeros(energies) for name in ("time", "gas", "out", "work", "hit", "gain")}
        self._half, self._leaving = np.full(energies, np.nan), np.zeros(energies)

    def follow(self, ages_Myr: Sequence[float]) -> TubeRun:
        """The tube at some rising ages, and what has left it by the last."""
        snapshots = []
        dt, steps = _FIRST_STEP * ages_Myr[-1], 0
        for age in ages_Myr:
            while self.time_Myr < age * (1.0 - 1e-12) and steps < self.most_steps:
                dt = self._advance(dt, age)
                steps += 1
            snapshots.append(TubeSnapshot(self.time_Myr, self.n.copy(), self.F.copy()))
        return self._found(snapshots, steps, self.time_Myr >= ages_Myr[-1] * (1.0 - 1e-12))

    def _advance(self, wanted: float, age: float) -> float:
        """One step of `wanted` or less, until the next release or the age; returns the step to take next."""
        if (now := self._pending & (self.tube.release_Myr <= self.time_Myr)).any():
            self.n[:, now] += self._place * self._total[now]
            self._pending &= ~now
            wanted = min(wanted, max(1e-3 * self.time_Myr, _FIRST_STEP * age))
        longest = max(self.change * self.time_Myr, _FIRST_STEP * age)
        ends = np.append(self.tube.release_Myr[self._pending], age)
        dt = min(wanted, longest, float(ends.min()) - self.time_Myr)
        while True:
            n, F = self._stepped(dt)
            moved = self._moved(n, F)
            if moved <= 2.0 * self.change or dt < _FIRST_STEP**2 * age:
                break
            dt *= max(0.3, 0.7 * self.change / moved)
        self._count(n, dt)
        self.n, self.F, self.time_Myr = n, F, self.time_Myr + dt
        return max(dt, min(wanted, longest) if moved < self.change else dt) * min(
            _GROWTH_OF_STEP, 0.9 * self.change / max(moved, 1e-9)
        )

    def _moved(self, n: FloatArray, F: FloatArray) -> float:
        """Largest change of ln F on a face, and of ln N in the tube."""
        waves = float(np.abs(np.log(F / self.F)).max())
        before, after = self.n.sum(axis=0), n.sum(axis=0)
        some = before > 1e-3 * self._place.sum() * self._total
        gone = np.abs(np.log(after[some] / before[some])).max(initial=0.0)
        return max(waves, float(gone))

    def _stepped(self, dt: float) -> tuple[FloatArray, FloatArray]:
        """n and F after a step."""
        moved = self._transported(dt)
        self._leaving = (self._conductance()[-1] + self._carried[-1]) * moved[-1]
        n = self._lost(moved, dt)
        F = self._travelled(dt) if self.waves.advected else self.F
        return n, self.waves.after(F, self._growth(n) * dt, dt)

    def _conductance(self) -> FloatArray:
        """D/h at the faces (cells + 1, n) [kpc/Myr]; at the end n vanishes, half a cell away.

        Times x/(e^x - 1), x = u h/D: with u n of the cell behind a face, the exact flux of a steady flow.
        """
        D = self.waves.D_kpc2_Myr(self.F) / self.tube.width_kpc
        D[0], D[-1] = 0.0, 2.0 * D[-1]
        D[1:] *= bernoulli(self._carried[1:] / D[1:])
        return D

    def _transported(self, dt: float) -> FloatArray:
        """n after diffusion and advection away from the source: one tridiagonal system, a block an energy."""
        through, share = self._conductance(), dt / self.tube.width_kpc
        bands = np.zeros((3, *self.n.T.shape))
        bands[0, :, 1:] = -share * through[1:-1].T
        bands[1] = 1.0 + share * (through[:-1] + through[1:] + self._carried[1:]).T
        bands[2, :, :-1] = -share * (through[1:-1] + self._carried[1:-1]).T
        flat = solve_banded((1, 1), bands.reshape(3, -1), self.n.T.ravel(), check_finite=False)
        return np.maximum(flat.reshape(bands.shape[1:]).T, 0.0)

    def _lost(self, n: FloatArray, dt: float) -> FloatArray:
        """n after expansion and collisions: protons step down from one momentum to the next."""
        rate = dt * (self._expansion + self._colliding)
        new, falling = np.empty_like(n), np.zeros(len(n))
        for j in range(n.shape[1] - 1, -1, -1):
            new[:, j] = (n[:, j] + falling) / (1.0 + rate[:, j])
            falling = rate[:, j] * new[:, j]
        return new

    def _growth(self, n: FloatArray) -> FloatArray:
        """Growth times F at the faces [1/Myr]: v_A |dP/ds|/U_B (REV Eq. 2); inward gradients damp."""
        if not self.waves.growth:
            return np.zeros_like(self.F)
        fall = -np.diff(n, axis=0, prepend=n[:1], append=0.0 * n[:1]) / self.tube.width_kpc
        fall[-1] *= 2.0
        return self._v * fall * self.waves.pressure_eV_cm3 / self.waves.U_B_eV_cm3

    def _travelled(self, dt: float) -> FloatArray:
        """F after its way outwards: F_i (1 + c_i) - c_i F_(i-1) = F_i before."""
        c = dt / self.tube.width_kpc * self._v
        bands = np.stack([1.0 + c.T, np.zeros_like(c.T)])
        bands[1, :, :-1] = -c[1:].T
        flat = solve_banded((1, 0), bands.reshape(2, -1), self.F.T.ravel(), check_finite=False)
        return np.asarray(flat.reshape(c.T.shape).T)

    def _count(self, n: FloatArray, dt: float) -> None:
        """Add a step to the sums, all of them per column of one half."""
        h, sums = self.tube.width_kpc, self._sums
        sums["time"] += dt * h * n.sum(axis=0)
        sums["gas"] += dt * h * (self.tube.gas_cm3[:, None] * n).sum(axis=0)
        sums["out"] += dt * self._leaving
        sums["work"] += dt * h * (self._expansion * n).sum(axis=0)
        sums["hit"] += dt * h * (self._colliding * n).sum(axis=0)
        share = np.full(len(n) + 1, dt * h)
        share[-1] *= 0.5
        sums["gain"] += share @ self._growth(n)
        there = h * n.sum(axis=0) * self.tube.area_cm2 * KPC_CM
        passed = np.isnan(self._half) & ~self._pending & (there < 0.5 * self._total)
        self._half[passed] = (self.time_Myr + dt - self.tube.release_Myr)[passed]

    def _found(self, snapshots: list[TubeSnapshot], steps: int, finished: bool) -> TubeRun:
        column = self.tube.area_cm2 * KPC_CM
        sums = {name: each * column for name, each in self._sums.items()}
        total, width = np.where(self._pending, np.nan, self._total), self._width
        inside = self.n.sum(axis=0) * self.tube.width_kpc * column
        energy = {
            "released": float((self._total * self._kinetic)[~self._pending].sum()) * width,
            "in the tube": float((inside * self._kinetic).sum()) * width,
            "escaped": float((sums["out"] * self._kinetic).sum()) * width,
            "work": float((sums["work"] * self._steps_erg).sum()) * width,
            "collisions": float((sums["hit"] * self._steps_erg).sum()) * width,
            "waves": float(sums["gain"].sum()) * width * self.waves.U_B_eV_cm3 * EV_ERG,
        }
        # What steps down from the lowest momentum keeps the energy that is left to it.
        cooled = (sums["work"] + sums["hit"])[0] * (self._kinetic[0] - self._steps_erg[0]) * width
        energy["in the tube"] += float(cooled)
        gas_passed = grammage_per_length_g_cm2_kpc(sums["gas"] / total) * self.waves.speed_kpc_Myr
        return TubeRun(
            tube=self.tube,
            waves=self.waves,
            snapshots=snapshots,
            residence_Myr=sums["time"] / total,
            grammage_g_cm2=gas_passed,
            escaped=sums["out"] / total,
            half_left_Myr=self._half,
            energy_erg=energy,
            loss_Myr=self._loss,
            steps=steps,
            finished=finished,
        )
