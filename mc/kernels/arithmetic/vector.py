"""Vectors in three dimensions."""

from __future__ import annotations

from typing import NamedTuple

from ....fields._jit import kernel


class Vector(NamedTuple):
    """Cartesian components along the axes of `Particle`."""

    x: float
    y: float
    z: float


@kernel
def dot(a, b):
    """Scalar product of two vectors."""
    return a.x * b.x + a.y * b.y + a.z * b.z
