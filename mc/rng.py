"""Counter-based random numbers: Philox4x32-10 (Salmon et al. 2011, SC'11).

A draw depends on nothing but (seed, purpose, particle, life, branch, draw index), so a particle is the
same on any machine, thread or order of work, and a stream needs no state but its draw index.
"""

from __future__ import annotations

import math

import numpy as np

from ..fields._jit import kernel, small_kernel

_M0 = np.uint64(0xD2511F53)
_M1 = np.uint64(0xCD9E8D57)
_W0 = np.uint64(0x9E3779B9)
_W1 = np.uint64(0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)
_STEP = 2.0**-32

PURPOSE_SOURCE = np.uint64(1)
PURPOSE_TRANSPORT = np.uint64(2)
# Draws that `next4` makes at a time: enough for the processor's vector units.
LANES = 16


@small_kernel
def philox4x32(c0, c1, c2, c3, k0, k1, rounds):
    """Four 32-bit words (held in uint64) from a 4x32-bit counter and a 2x32-bit key."""
    for _ in range(rounds):
        product0 = _M0 * c0
        product1 = _M1 * c2
        c0, c1, c2, c3 = (
            (product1 >> _SHIFT) ^ c1 ^ k0,
            product1 & _LOW,
            (product0 >> _SHIFT) ^ c3 ^ k1,
            product0 & _LOW,
        )
        k0 = (k0 + _W0) & _LOW
        k1 = (k1 + _W1) & _LOW
    return c0, c1, c2, c3


@small_kernel
def open_uniform(word):
    """A number in the open interval (0, 1) from a 32-bit word."""
    return (np.float64(word) + 0.5) * _STEP


@small_kernel
def uniform4(seed, purpose, particle, life, branch, draw):
    """Four independent uniforms in (0, 1): the `draw`-th set of a branch of a life of a particle.

    All arguments are integers below 2**32.
    """
    a, b, c, d = philox4x32(
        np.uint64(draw),
        np.uint64(branch),
        np.uint64(particle),
        np.uint64(life),
        np.uint64(seed),
        np.uint64(purpose),
        10,
    )
    return open_uniform(a), open_uniform(b), open_uniform(c), open_uniform(d)


@kernel
def _refill(buffer, seed, particle, life, branch, draw):
    # A trip count that the compiler does not know keeps this loop one for the vector units.
    for lane in range(buffer.shape[1]):
        a, b, c, d = uniform4(seed, PURPOSE_TRANSPORT, particle, life, branch, draw + lane)
        buffer[0, lane] = a
        buffer[1, lane] = b
        buffer[2, lane] = c
        buffer[3, lane] = d


@small_kernel
def next4(buffer, seed, particle, life, branch, draw):
    """`uniform4` for transport, of draws that follow each other from 0; `buffer` is (4, LANES)."""
    lane = draw % LANES
    if lane == 0:
        _refill(buffer, seed, particle, life, branch, draw)
    return buffer[0, lane], buffer[1, lane], buffer[2, lane], buffer[3, lane]


@small_kernel
def isotropic(u, v):
    """A unit vector, uniform on the sphere, from two uniforms."""
    mu = 2.0 * u - 1.0
    sine = math.sqrt(1.0 - mu * mu)
    angle = 2.0 * math.pi * v
    return sine * math.cos(angle), sine * math.sin(angle), mu


@small_kernel
def normal_pair(u, v):
    """Two independent standard normals from two uniforms (Box & Muller)."""
    radius = math.sqrt(-2.0 * math.log(u))
    angle = 2.0 * math.pi * v
    return radius * math.cos(angle), radius * math.sin(angle)
