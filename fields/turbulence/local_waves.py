"""Plane waves whose strength goes with the place, and of which there are those near resonance there.

The field is curl(sum_n g w(k_n r_L) A_n): g(R, z) is the strength, r_L(R, z) the local Larmor radius, and w
how the amplitude goes with k r_L, zero for waves that are much longer or shorter than r_L. There are waves of
all places, in equal steps of ln k; at each place only those in its window are summed. Since it is a curl, it
has no divergence, however the strength and the window change.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from .._jit import kernel
from ..interpolate import cell_at, in_cell, slopes_in_cell
from ..medium_table import Axis
from ..units import FloatArray
from ..vectors import vector_field
from .synthetic import Turbulence, plane_waves, scale_invariant, sine_of_turns, vector_potential

MODES_PER_DECADE = 80
# Wavelengths over 2 pi r_L: from those that are in resonance where mu = 0.05 to twice the longest that are.
SHORTEST_OVER_LARMOR, LONGEST_OVER_LARMOR = 0.05, 2.0
# Waves come and go over this part of a decade at the ends of the window.
_FADES_OVER = 0.1
# Offsets of the waves to the window for which their shares are tabulated; linear in between.
_OFFSETS = 16
_NOTHING = 1e-12


class LocalWaves(NamedTuple):
    """Waves with the strength of the place.

    Attributes
    ----------
    R, z : Axis
        Nodes in R and |z| [kpc].
    strength : ndarray, shape (n_R, n_z, 2)
        g [uG], and the wave that the window begins with, a number that is not whole: it falls by one where
        ln r_L rises by a step of ln k.
    shares : ndarray, shape (offsets + 1, waves in a window)
        w of the waves of a window, by how far the first one is above its begin.
    k_x, k_y, k_z, phase : ndarray
        In turns per kpc, and in turns.
    a_x, a_y, a_z : ndarray
        curl A of amplitude sqrt(2) over g [1].
    p_x, p_y, p_z : ndarray
        A over g [kpc].
    """

    R: Axis
    z: Axis
    strength: np.ndarray
    shares: np.ndarray
    k_x: np.ndarray
    k_y: np.ndarray
    k_z: np.ndarray
    phase: np.ndarray
    a_x: np.ndarray
    a_y: np.ndarray
    a_z: np.ndarray
    p_x: np.ndarray
    p_y: np.ndarray
    p_z: np.ndarray


@vector_field(LocalWaves)
def _local_waves(field, x, y, z):
    R = math.sqrt(x * x + y * y)
    cell, f = cell_at(field, R, z), field.strength
    g = in_cell(f, cell, 0)
    if g == 0.0:
        return 0.0, 0.0, 0.0
    side = math.copysign(1.0, z)
    e_x, e_y = (x / R, y / R) if R > _NOTHING else (0.0, 0.0)
    g_R, g_z = slopes_in_cell(f, cell, 0)
    g_x, g_y, g_z = g_R * e_x, g_R * e_y, side * g_z
    begin = in_cell(f, cell, 1)
    s_R, s_z = slopes_in_cell(f, cell, 1)
    first = int(math.ceil(begin))
    offsets = field.shares.shape[0] - 1
    row = min(int((first - begin) * offsets), offsets - 1)
    part = (first - begin) * offsets - row
    # grad w is dw/d(offset) times -grad(begin).
    steep = -g * offsets
    h_x, h_y, h_z = steep * s_R * e_x, steep * s_R * e_y, steep * side * s_z
    curl, of_w, of_rise = _window_sums(field, first, field.shares[row], field.shares[row + 1], part, x, y, z)
    return (
        g * curl[0] + g_y * of_w[2] - g_z * of_w[1] + h_y * of_rise[2] - h_z * of_rise[1],
        g * curl[1] + g_z * of_w[0] - g_x * of_w[2] + h_z * of_rise[0] - h_x * of_rise[2],
        g * curl[2] + g_x * of_w[1] - g_y * of_w[0] + h_x * of_rise[1] - h_y * of_rise[0],
    )


@kernel
def _window_sums(field, first, lower, upper, part, x, y, z):
    """Sums over the waves of a window: of w curl A, of w A, and of A times the rise of w between offsets."""
    end, phase = first + lower.size, field.phase[first:]
    k_x, k_y, k_z = field.k_x[first:end], field.k_y[first:end], field.k_z[first:end]
    a_x, a_y, a_z = field.a_x[first:end], field.a_y[first:end], field.a_z[first:end]
    p_x, p_y, p_z = field.p_x[first:end], field.p_y[first:end], field.p_z[first:end]
    B_x = B_y = B_z = A_x = A_y = A_z = R_x = R_y = R_z = 0.0
    for n in range(lower.size):
        turns = k_x[n] * x + k_y[n] * y + k_z[n] * z + phase[n]
        rise = upper[n] - lower[n]
        w = lower[n] + part * rise
        sine, cosine = w * sine_of_turns(turns), sine_of_turns(turns + 0.25)
        B_x += sine * a_x[n]
        B_y += sine * a_y[n]
        B_z += sine * a_z[n]
        u, v = w * cosine, rise * cosine
        A_x += u * p_x[n]
        A_y += u * p_y[n]
        A_z += u * p_z[n]
        R_x += v * p_x[n]
        R_y += v * p_y[n]
        R_z += v * p_z[n]
    return (B_x, B_y, B_z), (A_x, A_y, A_z), (R_x, R_y, R_z)


def _share_of(waves: WavesOfPlace, larmor_radius_kpc: float, k_kpc: FloatArray) -> FloatArray:
    """Power per ln k of waves [1/kpc] where r_L is given."""
    return waves.share(np.asarray(k_kpc, float) * larmor_radius_kpc)


@dataclass(frozen=True)
class WavesOfPlace:
    """What all realisations of waves with the strength of the place have in common.

    Attributes
    ----------
    R, z : Axis
        Nodes [kpc].
    power_uG2 : ndarray, shape (n_R, n_z)
        <dB^2> per ln k of waves at k r_L = 1, all three components together; zero where there are none.
    larmor_radius_kpc : ndarray, shape (n_R, n_z)
        r_L, by which waves are chosen.
    slope : float
        The power goes as (k r_L)^-slope.
    spread : (float, float)
        Smallest and largest r_L of all particles over that one.
    present : ndarray, shape (n_R, n_z), or 1
        Share of their amplitude that realisations have, where these waves give way to others.
    """

    R: Axis
    z: Axis
    power_uG2: FloatArray
    larmor_radius_kpc: FloatArray
    slope: float
    spread: tuple[float, float] = (1.0, 1.0)
    present: FloatArray | float = 1.0

    @property
    def window(self) -> tuple[float, float]:
        """Smallest and largest k r_L of the waves at a place."""
        smallest, largest = self.spread
        return 1.0 / (LONGEST_OVER_LARMOR * largest), 1.0 / (SHORTEST_OVER_LARMOR * smallest)

    def share(self, k_r_L: FloatArray) -> FloatArray:
        """Power per ln k over that at k r_L = 1."""
        low, high = self.window
        x = np.log10(np.asarray(k_r_L, float))
        inside = np.minimum(x - np.log10(low), np.log10(high) - x) / _FADES_OVER + 0.5
        fades = np.sin(0.5 * np.pi * np.clip(inside, 0.0, 1.0)) ** 2
        return fades * np.asarray(k_r_L, float) ** -self.slope

    @property
    def _power_present_uG2(self) -> FloatArray:
        """The power of realisations."""
        return np.where(np.greater(self.present, 0.0), self.power_uG2, 0.0) * np.square(self.present)

    def at(self, i: int, j: int, mean_field_uG: float) -> Turbulence:
        """The waves at a node as homogeneous turbulence, as far as they are at least half there."""
        r_L = float(self.larmor_radius_kpc[i, j])
        low, high = self.window
        k = np.geomspace(low, high, 2001)
        rms = math.sqrt(float(self.power_uG2[i, j]) * float(np.trapezoid(self.share(k), np.log(k))))
        wavelengths = 2.0 * math.pi * r_L / high, 2.0 * math.pi * r_L / low
        modes = round(MODES_PER_DECADE * math.log10(high / low))
        return Turbulence(partial(_share_of, self, r_L), wavelengths, modes, rms, mean_field_uG)

    @property
    def _ends(self) -> tuple[float, float]:
        """The window with where it fades."""
        low, high = self.window
        return low * 10.0 ** (-0.5 * _FADES_OVER), high * 10.0 ** (0.5 * _FADES_OVER)

    def realisation(self, seed: int | Sequence[int]) -> LocalWaves:
        """One realisation, a record for `magnetic_field`."""
        step = np.log(10.0) / MODES_PER_DECADE
        r_L = np.clip(self.larmor_radius_kpc, *self._ends_kpc)
        low, high = self._ends
        # Wave n has k_0 exp(n step).
        k_0 = low / r_L.max()
        begin = np.log(low / r_L / k_0) / step
        count = math.floor(np.log(high / low) / step) + 1
        offsets = np.arange(_OFFSETS + 1)[:, None] / _OFFSETS + np.arange(count)
        share: FloatArray = np.sqrt(self.share(low * np.exp(step * offsets)))
        modes = math.ceil(begin.max()) + count
        k_end = k_0 * np.exp(step * (modes - 0.5)), k_0 * np.exp(-0.5 * step)
        # Each has <B^2> = 1; `plane_waves` puts them in the middle of equal steps of ln k.
        shortest, longest = (2.0 * np.pi / k for k in k_end)
        waves = plane_waves(scale_invariant, (shortest, longest), modes, np.sqrt(modes), seed)
        g = np.sqrt(self._power_present_uG2 * step)
        strength = np.ascontiguousarray(np.stack([g, begin], axis=-1))
        each = (np.ascontiguousarray(values) for values in (*waves, *vector_potential(waves)))
        return LocalWaves(self.R, self.z, strength, share, *each)

    @property
    def correlation_length_kpc(self) -> float:
        """One-sided correlation length, where it is largest."""
        k_r_L = np.geomspace(*self.window, 400)
        share = self.share(k_r_L)
        return 0.5 * math.pi * self._ends_kpc[1] * float((share / k_r_L).sum() / share.sum())

    @property
    def _ends_kpc(self) -> tuple[float, float]:
        """Smallest and largest r_L where there are waves."""
        there = self.larmor_radius_kpc[self._power_present_uG2 > 0]
        return float(there.min()), float(there.max())
