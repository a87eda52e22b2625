"""Plane waves summed in float32, about a base point that follows the particle.

Phases are taken in float64 at the base and kept in float32; from there on only small differences count. A
record remembers its base, so every thread needs one of its own; the field depends on the base by 1e-6 of
its rms.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .._jit import kernel
from ..vectors import vector_field
from .synthetic import PlaneWaves

_C0, _C1, _C2, _C3, _C4 = (
    np.float32(c)
    for c in (6.283185160089478, -41.341655031416316, 81.6010040732688, -76.54978229378095, 39.5367060671378)
)
_QUARTER, _ZERO = np.float32(0.25), np.float32(0.0)


class SinglePrecisionWaves(NamedTuple):
    """The same waves in float64 and float32, and a base: its place [kpc], phases of cosines there [turns]."""

    waves: PlaneWaves
    k_x: np.ndarray
    k_y: np.ndarray
    k_z: np.ndarray
    a_x: np.ndarray
    a_y: np.ndarray
    a_z: np.ndarray
    phase: np.ndarray
    base: np.ndarray
    reach_kpc: float


def single_precision(waves: PlaneWaves, reach_kpc: float) -> SinglePrecisionWaves:
    """Waves summed in float32 up to a distance from a base that then moves along; 32 steps are a good one."""
    k_x, k_y, k_z, a_x, a_y, a_z = (
        np.asarray(values, np.float32)
        for values in (waves.k_x, waves.k_y, waves.k_z, waves.a_x, waves.a_y, waves.a_z)
    )
    nowhere = np.full(3, math.nan)
    return SinglePrecisionWaves(waves, k_x, k_y, k_z, a_x, a_y, a_z, np.zeros_like(k_x), nowhere, reach_kpc)


def remembers(field: Any) -> bool:
    """Whether a record, or one in it, has a base that follows a single particle."""
    parts = [part for part in field if isinstance(part, tuple)]
    return isinstance(field, SinglePrecisionWaves) or any(remembers(part) for part in parts)


@kernel
def _cosine_of_turns(turns):
    """As `synthetic.sine_of_turns`, a term less, in float32, and of turns that are a quarter less."""
    h = _QUARTER - abs(turns - np.rint(turns))
    s = h * h
    return h * ((((_C4 * s + _C3) * s + _C2) * s + _C1) * s + _C0)


@kernel
def _move_base(field, x, y, z):
    field.base[0], field.base[1], field.base[2] = x, y, z
    waves = field.waves
    for n in range(waves.phase.size):
        turns = waves.k_x[n] * x + waves.k_y[n] * y + waves.k_z[n] * z + waves.phase[n]
        # A quarter less, for sines are taken as cosines.
        turns -= 0.25
        field.phase[n] = turns - np.rint(turns)


@vector_field(SinglePrecisionWaves)
def _single_precision_waves(field, x, y, z):
    d_x, d_y, d_z = x - field.base[0], y - field.base[1], z - field.base[2]
    # Written so that a base that is nowhere is too far.
    if not d_x * d_x + d_y * d_y + d_z * d_z <= field.reach_kpc * field.reach_kpc:
        _move_base(field, x, y, z)
        d_x = d_y = d_z = 0.0
    u, v, w = np.float32(d_x), np.float32(d_y), np.float32(d_z)
    B_x = B_y = B_z = _ZERO
    for n in range(field.phase.size):
        turns = field.k_x[n] * u + field.k_y[n] * v + field.k_z[n] * w + field.phase[n]
        sine = _cosine_of_turns(turns)
        B_x += field.a_x[n] * sine
        B_y += field.a_y[n] * sine
        B_z += field.a_z[n] * sine
    return float(B_x), float(B_y), float(B_z)
