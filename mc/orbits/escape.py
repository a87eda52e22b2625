"""Escape from the middle of a slab |z| < H: by an engine, and by the diffusion equation."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ...fields.medium import Medium
from ...fields.medium_table import Wall, axis
from ...fields.turbulence.synthetic import Turbulence
from ...fields.units import FloatArray
from ..blocks import REALISATION, Transport
from ..engine import run
from ..kernels.albedo import MILNE_EXTRAPOLATION
from ..result import Result
from ..tally import Fate, TallyGrid
from ..uncertainty import value_and_error

_WIDTH = 1.005
_FAR_OVER_H = 1e4
_PERMUTATIONS = 199


class Slab(NamedTuple):
    """Half-thickness [kpc], hydrogen [cm^-3], and when histories end [Myr]."""

    H_kpc: float
    gas_cm3: float
    t_max_Myr: float


class Escape(NamedTuple):
    """What became of particles: times [Myr] of those that got out, by block; means with their errors.

    `inside` of them were still there at the end, or lost; means are of the others.
    """

    times_Myr: list[FloatArray]
    time_Myr: tuple[float, float]
    grammage_g_cm2: tuple[float, float]
    inside: int
    result: Result


def seed_for(seed: int, energy_GeV: float, *words: int) -> int:
    """A seed for one of the measurements at an energy."""
    energy = int(np.float64(energy_GeV).view(np.uint64))
    return int(np.random.SeedSequence((seed, energy, *words)).generate_state(1)[0])


def quantity(pair: tuple[float, float]) -> dict[str, float]:
    """A value and its error by their names."""
    return {"value": pair[0], "error": pair[1]}


def escape(
    slab: Slab,
    energy_GeV: float,
    D_kpc2_Myr: float,
    turbulence: Turbulence | None,
    particles: int,
    seed: int,
    threads: int,
) -> Escape:
    """Let protons of one energy out of a slab: by orbits, or without turbulence by the hybrid engine with D.

    They start spread over a disc of radius H.
    """
    H, gas = slab.H_kpc, slab.gas_cm3
    far = _FAR_OVER_H * H
    medium = Medium.tabulate(
        diffusion_halo=lambda p, R, z: D_kpc2_Myr + 0.0 * p * R * z,
        surface=lambda R, z: z - H + 0.0 * R,
        gas_halo=lambda R, z: gas + 0.0 * R * z,
        R_axis=axis((2.0 * H, H)),
        z_axis=axis((H, H / 64), (4.0 * H, H / 4)),
        r_max_kpc=far,
        wall=Wall.ABSORBING,
    )
    whole = np.array([0.0, far])
    energies = energy_GeV * np.array([1.0 / _WIDTH, 1.0, _WIDTH])
    grid = TallyGrid(energies, whole, np.array([0.0, H]), whole, whole)
    method = "hybrid" if turbulence is None else "orbit"
    transport = Transport(particles, seed, method, 1, slab.t_max_Myr, R_d_kpc=H, turbulence=turbulence)
    each: list[FloatArray] = []
    provenance = {"energy_GeV": energy_GeV, "method": method}
    result = run(
        medium,
        grid,
        transport,
        threads=threads,
        watch=lambda block, *_: each.append(block.ages_Myr),
        provenance=provenance,
    )
    escaped = result.per_particle("escape").mean(axis=1)
    with np.errstate(invalid="ignore"):
        mean, error = value_and_error(escaped[:, 1] / escaped[:, 0])
    X, X_error = value_and_error(result.per_particle("grammage").sum(axis=2).mean(axis=1))
    inside = particles - result.counters[Fate.ABSORBED.key]
    ages = np.concatenate(each)
    blocks = [ages[first : first + REALISATION] for first in range(0, particles, REALISATION)]
    # Who ended otherwise has the age of the end, or none.
    times = [block[block < slab.t_max_Myr * (1.0 - 1e-9)] for block in blocks]
    return Escape(times, (float(mean), float(error)), (float(X), float(X_error)), inside, result)


class DiffusiveEscape(NamedTuple):
    """The law of escape by diffusion alone, with a density that falls to zero 0.71 lambda outside (Milne)."""

    H_kpc: float
    D_kpc2_Myr: float
    mean_free_path_kpc: float

    @property
    def thicker_kpc(self) -> float:
        """Half-thickness with the 0.71 lambda."""
        return self.H_kpc + MILNE_EXTRAPOLATION * self.mean_free_path_kpc

    @property
    def mean_Myr(self) -> float:
        """Mean escape time, (H + 0.71 lambda)^2/(2 D)."""
        return self.thicker_kpc**2 / (2.0 * self.D_kpc2_Myr)

    @property
    def slope(self) -> float:
        """d ln(mean)/d ln D: less than 1 in size, since lambda is 3 D/v."""
        return 2.0 * MILNE_EXTRAPOLATION * self.mean_free_path_kpc / self.thicker_kpc - 1.0

    def cdf(self, time_Myr: FloatArray) -> FloatArray:
        """Share that has escaped by a time."""
        x = self.D_kpc2_Myr * np.asarray(time_Myr, float)[..., None] / self.thicker_kpc**2
        n = np.arange(200)
        terms = (-1.0) ** n / (2 * n + 1) * np.exp(-((np.pi * (n + 0.5)) ** 2) * x)
        # The sum converges slowly where nothing has escaped yet.
        left = np.where(x[..., 0] > 5e-3, 4.0 / np.pi * terms.sum(axis=-1), 1.0)
        return np.clip(1.0 - left, 0.0, 1.0)


def compare(mine: list[FloatArray], theirs: list[FloatArray], seed: int) -> dict[str, float]:
    """Kolmogorov-Smirnov and Anderson-Darling statistics of two samples, and the chance of larger ones.

    Particles of a block share a realisation of the turbulence, so whole blocks are shuffled.
    """
    rng = np.random.default_rng(seed)
    both = [block for block in (*mine, *theirs) if block.size]
    first = sum(block.size > 0 for block in mine)
    statistics: tuple[Callable, ...] = (_kolmogorov_smirnov, _anderson_darling)
    found = np.array([[s(both[:first], both[first:]) for s in statistics]])
    for _ in range(_PERMUTATIONS):
        order = rng.permutation(len(both))
        one, other = ([both[i] for i in part] for part in (order[:first], order[first:]))
        found = np.vstack([found, [s(one, other) for s in statistics]])
    chance = (found >= found[0] * (1.0 - 1e-12)).mean(axis=0)
    names = ("ks", "ad")
    return {name: float(value) for name, value in zip(names, found[0], strict=True)} | {
        f"{name}_p": float(p) for name, p in zip(names, chance, strict=True)
    }


def _kolmogorov_smirnov(one: list[FloatArray], other: list[FloatArray]) -> float:
    from scipy.stats import ks_2samp

    return float(ks_2samp(np.concatenate(one), np.concatenate(other), method="asymp").statistic)


def _anderson_darling(one: list[FloatArray], other: list[FloatArray]) -> float:
    """A^2 of two samples without ties (Pettitt 1976)."""
    a, b = np.concatenate(one), np.concatenate(other)
    n, m = a.size, b.size
    mine = np.cumsum(np.argsort(np.concatenate([a, b]), kind="stable") < n)[:-1]
    i = np.arange(1, n + m)
    return float((((n + m) * mine - i * n) ** 2 / (i * (n + m - i))).sum() / (n * m))
