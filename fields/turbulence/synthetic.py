"""Synthetic turbulence for orbits: a sum of plane waves, or a periodic grid.

A spectrum is a function of k [1/kpc] proportional to the power per ln k. Every field here has zero
divergence: the amplitude of each wave is normal to its k, and where the amplitudes follow a stratified field
the waves are those of the vector potential, B = curl(g A).

l_c is the one-sided correlation length, int_0^infinity <B(0).B(r)> dr/<B^2>, half of the two-sided one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import scipy.fft
from scipy.integrate import quad

from .._jit import kernel
from ..exceptions import on_a_line
from ..units import LARMOR_KPC, FloatArray, total_energy_GeV
from ..vectors import Sum, Uniform, vector_field
from .grid import GridField

Power = Callable[[FloatArray], FloatArray]
GEOMETRIES = ("isotropic", "slab", "2D", "composite")
# Share of the power in the slab part of a composite (Bieber et al. 1996).
SLAB_SHARE = 0.2


def kolmogorov(k_kpc: FloatArray) -> FloatArray:
    """Power per ln k of a Kolmogorov cascade, k^(-2/3)."""
    return np.asarray(k_kpc, float) ** (-2.0 / 3.0)


def scale_invariant(k_kpc: FloatArray) -> FloatArray:
    """The same power in every ln k, as in the saturated Bell instability (PRL, after Eq. 9)."""
    return np.ones_like(np.asarray(k_kpc, float))


def resonant(F: Callable[[FloatArray], FloatArray], B_uG: float) -> Power:
    """Power per ln k from waves F(E) that resonate with protons of energy E in a field, at k = 1/r_L.

    F is one of `streaming`'s, the same that gives D.
    """

    def power(k_kpc: FloatArray) -> FloatArray:
        return F(total_energy_GeV(B_uG / (LARMOR_KPC * np.asarray(k_kpc, float))))

    return power


class PlaneWaves(NamedTuple):
    """Sum of a sin 2 pi (k.x + phase); k in turns per kpc, phases in turns, amplitudes in uG."""

    k_x: np.ndarray
    k_y: np.ndarray
    k_z: np.ndarray
    phase: np.ndarray
    a_x: np.ndarray
    a_y: np.ndarray
    a_z: np.ndarray


class StratifiedWaves(NamedTuple):
    """curl(g A) with g = exp(-|z|/z_B): `waves` is curl A, and p_x, p_y are those of A [uG kpc]."""

    waves: PlaneWaves
    p_x: np.ndarray
    p_y: np.ndarray
    z_B_kpc: float


@kernel
def sine_of_turns(turns):
    """sin(2 pi turns) to 1.4e-11, in a form that vectorises."""
    # A cosine, which is even: by its distance from the next crest it is a sine between -1/4 and 1/4 turn.
    t = turns - 0.25
    h = 0.25 - abs(t - np.rint(t))
    s = h * h
    # Minimax on |h| <= 1/4 for sin(2 pi h)/h.
    p = -14.337024680480976
    p = p * s + 41.99998982559342
    p = p * s - 76.70366782754725
    p = p * s + 81.60520943107682
    p = p * s - 41.34170192977268
    p = p * s + 6.283185306487505
    return h * p


@kernel
def _waves_at(waves, x, y, z):
    B_x = B_y = B_z = 0.0
    for n in range(waves.phase.size):
        turns = waves.k_x[n] * x + waves.k_y[n] * y + waves.k_z[n] * z + waves.phase[n]
        sine = sine_of_turns(turns)
        B_x += waves.a_x[n] * sine
        B_y += waves.a_y[n] * sine
        B_z += waves.a_z[n] * sine
    return B_x, B_y, B_z


@vector_field(PlaneWaves)
def _plane_waves(field, x, y, z):
    return _waves_at(field, x, y, z)


@vector_field(StratifiedWaves)
def _stratified_waves(field, x, y, z):
    waves = field.waves
    A_x = A_y = 0.0
    for n in range(waves.phase.size):
        turns = waves.k_x[n] * x + waves.k_y[n] * y + waves.k_z[n] * z + waves.phase[n]
        cosine = sine_of_turns(turns + 0.25)
        A_x += field.p_x[n] * cosine
        A_y += field.p_y[n] * cosine
    B_x, B_y, B_z = _waves_at(waves, x, y, z)
    g = math.exp(-abs(z) / field.z_B_kpc)
    slope = -math.copysign(1.0, z) / field.z_B_kpc
    return g * (B_x - slope * A_y), g * (B_y + slope * A_x), g * B_z


def _checked(wavelengths_kpc: tuple[float, float], rms_uG: float) -> tuple[float, float]:
    shortest, longest = (float(x) for x in wavelengths_kpc)
    if not 0.0 < shortest < longest < math.inf:
        raise ValueError(f"wavelengths_kpc = {wavelengths_kpc}: must be (shortest, longest), above zero")
    if not 0.0 < rms_uG < math.inf:
        raise ValueError(f"rms_uG = {rms_uG}: must be above zero")
    return 2.0 * math.pi / longest, 2.0 * math.pi / shortest


def plane_waves(
    power: Power,
    wavelengths_kpc: tuple[float, float],
    modes: int,
    rms_uG: float,
    seed: int | Sequence[int],
    geometry: str = "isotropic",
) -> PlaneWaves:
    """One realisation of turbulence as plane waves, one in each of `modes` equal steps of ln k.

    Parameters
    ----------
    power : callable
        Power per ln k, up to a factor.
    wavelengths_kpc : (float, float)
        Shortest and longest.
    modes : int
        Number of waves.
    rms_uG : float
        Root of <B^2>, all three components together.
    seed : int
        Of the directions, polarisations and phases.
    geometry : str
        "isotropic"; "slab": k along z; "2D": k and B normal to z; "composite": slab and 2D waves in turn,
        with 20% of the power in the slab.

    Raises
    ------
    ValueError
        For an empty or inverted range, no modes, no field, an unknown geometry.
    """
    k_min, k_max = _checked(wavelengths_kpc, rms_uG)
    if modes < 1:
        raise ValueError(f"modes = {modes}: must be at least 1")
    if geometry not in GEOMETRIES:
        raise ValueError(f"geometry = {on_a_line(geometry)}: must be one of {', '.join(GEOMETRIES)}")
    rng = np.random.default_rng(seed)
    k = k_min * (k_max / k_min) ** ((np.arange(modes) + 0.5) / modes)
    weight = np.asarray(power(k), float)
    cosine = 1.0 - 2.0 * rng.random(modes)
    slab = np.full(modes, geometry == "slab")
    if geometry == "composite":
        slab = np.arange(modes) % 2 == 0
        weight = np.where(slab, SLAB_SHARE, 1.0 - SLAB_SHARE) * weight
    if geometry in ("2D", "composite"):
        cosine = np.zeros(modes)
    cosine = np.where(slab, np.sign(rng.random(modes) - 0.5), cosine)
    sine = np.sqrt(1.0 - cosine**2)
    around, turned = 2.0 * math.pi * rng.random((2, modes))
    # Normal to z: no component along the second of the two directions normal to k.
    turned = np.where((geometry in ("2D", "composite")) & ~slab, 0.0, turned)
    direction = np.array([sine * np.cos(around), sine * np.sin(around), cosine])
    first = np.array([-np.sin(around), np.cos(around), np.zeros(modes)])
    second = np.cross(direction, first, axis=0)
    amplitude = rms_uG * np.sqrt(2.0 * weight / weight.sum())
    a = amplitude * (np.cos(turned) * first + np.sin(turned) * second)
    return PlaneWaves._make([*(k / (2.0 * math.pi) * direction), rng.random(modes), *a])


def vector_potential(waves: PlaneWaves) -> FloatArray:
    """Amplitudes p [uG kpc], (3, waves): waves a sin(k.x) are the curl of p cos(k.x)."""
    k = 2.0 * math.pi * np.array([waves.k_x, waves.k_y, waves.k_z])
    return np.cross(k, np.array([waves.a_x, waves.a_y, waves.a_z]), axis=0) / (k**2).sum(axis=0)


def stratified(waves: PlaneWaves, z_B_kpc: float) -> StratifiedWaves:
    """Waves whose amplitude falls as exp(-|z|/z_B), still without divergence."""
    p = vector_potential(waves)
    return StratifiedWaves(waves, p[0].copy(), p[1].copy(), z_B_kpc)


def grid_field(
    power: Power, wavelengths_kpc: tuple[float, float], cells: int, box_kpc: float, rms_uG: float, seed: int
) -> GridField:
    """One realisation of isotropic turbulence on a periodic cube of `cells`^3 float32 vectors.

    Takes 12 bytes a cell, and three times that while it is made. Interpolation leaves a divergence where the
    field turns within a few cells: waves shorter than two cells are refused.

    Raises
    ------
    ValueError
        For an empty or inverted range, waves that the grid cannot hold, no field.
    """
    k_min, k_max = _checked(wavelengths_kpc, rms_uG)
    if wavelengths_kpc[0] < 2.0 * box_kpc / cells or wavelengths_kpc[1] > box_kpc * (1 + 1e-12):
        raise ValueError(
            f"wavelengths_kpc = {wavelengths_kpc}: must lie between two cells, "
            f"{2.0 * box_kpc / cells:g} kpc, and the box, {box_kpc:g} kpc"
        )
    rng = np.random.default_rng(seed)
    line = (2.0 * math.pi / box_kpc * scipy.fft.fftfreq(cells, 1.0 / cells)).astype(np.float32)
    k = np.meshgrid(line, line, np.abs(line[: cells // 2 + 1]), indexing="ij", sparse=True)
    size = np.sqrt(k[0] ** 2 + k[1] ** 2 + k[2] ** 2)
    inside = (size >= k_min * (1 - 1e-6)) & (size <= k_max * (1 + 1e-6))
    # Power per ln k over the shell's volume 4 pi k^3.
    scale = np.zeros_like(size)
    scale[inside] = np.sqrt(power(size[inside]) / size[inside] ** 3)
    unit = 1.0 / np.maximum(size, np.float32(1e-30))
    noise = [
        scipy.fft.rfftn(rng.standard_normal((cells,) * 3, dtype=np.float32), workers=-1) * scale for _ in k
    ]
    along = sum(component * (k_i * unit) for component, k_i in zip(noise, k, strict=True))
    B = np.empty((cells, cells, cells, 3), np.float32)
    for i, k_i in enumerate(k):
        B[..., i] = scipy.fft.irfftn(noise[i] - along * (k_i * unit), s=(cells,) * 3, workers=-1)
    B *= rms_uG / math.sqrt(3.0 * float(np.mean(np.square(B), dtype=np.float64)))
    return GridField(B, 1.0 / box_kpc)


def _mean(power: Power, wavelengths_kpc: tuple[float, float], weight: Callable[[float], float]) -> float:
    """Integral of power times weight(k) over ln k."""
    ends = np.log(_checked(wavelengths_kpc, 1.0))
    return quad(
        lambda x: float(power(np.array(math.exp(x)))) * weight(math.exp(x)), ends[0], ends[1], limit=200
    )[0]


def correlation_length_kpc(power: Power, wavelengths_kpc: tuple[float, float]) -> float:
    """l_c, averaged over all directions: (pi/2) <1/k>, averaged over the power.

    Examples
    --------
    >>> round(correlation_length_kpc(kolmogorov, (1e-3, 1.0)), 3)
    0.101
    """
    inverse_k = _mean(power, wavelengths_kpc, lambda k: 1.0 / k)
    return 0.5 * math.pi * inverse_k / _mean(power, wavelengths_kpc, lambda k: 1.0)


def rms_of_waves_uG(power: Power, wavelengths_kpc: tuple[float, float], B_uG: float) -> float:
    """Root of <dB^2> of waves whose power per ln k is F itself: B (int F dlnk)^(1/2)."""
    return B_uG * math.sqrt(_mean(power, wavelengths_kpc, lambda k: 1.0))


@dataclass(frozen=True)
class Turbulence:
    """What all realisations of homogeneous turbulence have in common: plane waves about a mean field along z.

    Attributes
    ----------
    power : callable
        Power per ln k, up to a factor.
    wavelengths_kpc : (float, float)
        Shortest and longest.
    modes : int
        Waves of a realisation.
    rms_uG, mean_field_uG : float
        Root of <dB^2>, all three components together, and the field along z (may be 0).
    geometry : str
        See `plane_waves`.

    Raises
    ------
    ValueError
        As `plane_waves`, and for a mean field below zero.
    """

    power: Power
    wavelengths_kpc: tuple[float, float]
    modes: int
    rms_uG: float
    mean_field_uG: float = 0.0
    geometry: str = "isotropic"

    def __post_init__(self) -> None:
        if not 0.0 <= self.mean_field_uG < math.inf:
            raise ValueError(f"mean_field_uG = {self.mean_field_uG}: must be zero or above")
        plane_waves(self.power, self.wavelengths_kpc, min(self.modes, 1), self.rms_uG, 0, self.geometry)

    def realisation(self, seed: int | Sequence[int]) -> Sum:
        """One realisation, a record for `magnetic_field`."""
        waves = plane_waves(self.power, self.wavelengths_kpc, self.modes, self.rms_uG, seed, self.geometry)
        return Sum(Uniform(0.0, 0.0, self.mean_field_uG), waves)

    @property
    def reference_field_uG(self) -> float:
        """The field that Larmor radii are given in: the mean field, or the rms where there is none."""
        return self.mean_field_uG or self.rms_uG

    @property
    def total_field_uG(self) -> float:
        """Root of <B^2>, mean field and waves."""
        return math.hypot(self.mean_field_uG, self.rms_uG)

    @property
    def k_range_kpc(self) -> tuple[float, float]:
        """Smallest and largest k [1/kpc]."""
        return _checked(self.wavelengths_kpc, self.rms_uG)

    @property
    def modes_per_decade(self) -> float:
        """Waves in a decade of k."""
        return self.modes / math.log10(self.wavelengths_kpc[1] / self.wavelengths_kpc[0])

    @cached_property
    def correlation_length_kpc(self) -> float:
        """One-sided correlation length."""
        return correlation_length_kpc(self.power, self.wavelengths_kpc)

    @cached_property
    def _norm(self) -> float:
        total = _mean(self.power, self.wavelengths_kpc, lambda k: 1.0)
        return (self.rms_uG / self.reference_field_uG) ** 2 / total

    def F(self, k_kpc: FloatArray) -> FloatArray:
        """Power per ln k over the square of the reference field, zero beyond the waves that there are.

        Its integral over ln k is (dB/B)^2.
        """
        k = np.asarray(k_kpc, float)
        low, high = self.k_range_kpc
        inside = (k >= low * (1 - 1e-12)) & (k <= high * (1 + 1e-12))
        return np.where(inside, self._norm * self.power(np.clip(k, low, high)), 0.0)
