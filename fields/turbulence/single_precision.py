"""Plane waves summed in float32, about a base point that follows the particle.

Phases are taken in float64 at the base and kept in float32; from there on only small differences count. A
record remembers its base, so every thread needs one of its own; the field depends on the base by 1e-6 of
its rms.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from .._jit import kernel
from ..vectors import vector_field
from .synthetic import PlaneWaves

_C0, _C1, _C2, _C3, _C4, _C5 = (
    np.float32(c)
    for c in (25.132741080068058, -64.83582257510265, 67.0767586866532, -38.49841879799369,
              14.065504059417252, -3.1933718429900817)
)  # fmt: skip
_QUARTER, _ZERO = np.float32(0.25), np.float32(0.0)


class SinglePrecisionWaves(NamedTuple):
    """The same waves in float64 and float32, and the base: its place [kpc] and the phases there [turns]."""

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


@kernel
def _sine_of_turns(turns):
    """As `turbulence.sine_of_turns`, in float32."""
    t = turns - np.rint(turns)
    s = t * t
    p = ((((_C5 * s + _C4) * s + _C3) * s + _C2) * s + _C1) * s + _C0
    return t * (_QUARTER - s) * p


@kernel
def _move_base(field, x, y, z):
    field.base[0], field.base[1], field.base[2] = x, y, z
    waves = field.waves
    for n in range(waves.phase.size):
        turns = waves.k_x[n] * x + waves.k_y[n] * y + waves.k_z[n] * z + waves.phase[n]
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
        sine = _sine_of_turns(turns)
        B_x += field.a_x[n] * sine
        B_y += field.a_y[n] * sine
        B_z += field.a_z[n] * sine
    return float(B_x), float(B_y), float(B_z)
