"""Counter-based random numbers: Philox4x32-10 (Salmon et al. 2011, SC'11).

A set of four numbers depends on nothing but (seed, purpose, particle, split, branch, draw), so a particle is
the same on any machine, thread or order of work, and a stream needs no state but its draw index.

Each number has one use. These are the streams; `first` is the first particle of a block, `split` the number
of a first-passage split (0 is the particle itself) or of one of those that weight windows divide a particle
into, `branch` that of a split particle behind the wall (0 is the halo), and "-" stands for a number that is
free:

stream          purpose    particle, split, branch, draw  what its four numbers are for
--------------  ---------  -----------------------------  ---------------------------------------------------
`block_draw`    SOURCE     first, 0, 0, 2                 where the golden sequences of radius and of optical
                                                          depth begin; -; -
`source_draw`   SOURCE     particle, split, 0, 0          energy; azimuth in the disc; direction (two)
`history_draw`  SOURCE     particle, split, 0, 1          where on the first move it is counted; captures
                                                          until the first split particle; phase in the first
                                                          group of returns; -
`split_draw`    SOURCE     particle, split, branch > 0, 0 where on the first move it is counted; the others
                                                          at a wall that is flown through: whether the
                                                          history goes on from it; -; -
                                                          at a one-way wall: how many encounters it takes;
                                                          direction (two)
`capture_draw`  SOURCE     particle, split, branch > 0, 1 whether the history goes on from it; captures until
                                                          the next split particle; direction (two)
`next4`         TRANSPORT  particle, split, branch, 0 ..  moves and reflections, in their order
`window_draw`   WINDOW     particle, split, 0, moves      whether a history that weighs little goes on;
                                                          optical depth of one that is divided; -; -
`start_draw`    SOURCE     track, field, 0, 0             place in a cube (three); -
`heading_draw`  SOURCE     track, field, 0, 1             direction (two); -; -

`start_draw` and `heading_draw` have the numbers of `source_draw` and `history_draw`. They may, for tracks are
followed on their own: no run draws both.
"""

from __future__ import annotations

import math

import numpy as np

from ...fields._jit import kernel
from .arithmetic.elementary import logarithm, sine_and_cosine_of_turn
from .arithmetic.vector import Vector

_M0 = np.uint64(0xD2511F53)
_M1 = np.uint64(0xCD9E8D57)
_W0 = np.uint64(0x9E3779B9)
_W1 = np.uint64(0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)
_WORDS = 2.0**32
_STEP = 2.0**-32

PURPOSE_SOURCE = np.uint64(1)
PURPOSE_TRANSPORT = np.uint64(2)
_PURPOSE_WINDOW = np.uint64(3)
# Draws that `next4` makes at a time: enough for the processor's vector units.
DRAWS_AHEAD = 16


@kernel
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


@kernel
def open_uniform(word):
    """A number in the open interval (0, 1) from a 32-bit word."""
    return (np.float64(word) + 0.5) * _STEP


@kernel
def uniform4(seed, purpose, particle_id, split, branch, draw):
    """Four independent uniforms in (0, 1): set number `draw` of a stream.

    All arguments are integers below 2**32; what they mean is in the table at the head of this file.
    """
    a, b, c, d = philox4x32(
        np.uint64(draw),
        np.uint64(branch),
        np.uint64(particle_id),
        np.uint64(split),
        np.uint64(seed),
        np.uint64(purpose),
        10,
    )
    return open_uniform(a), open_uniform(b), open_uniform(c), open_uniform(d)


@kernel
def block_draw(seed, first_particle_id):
    """Where the golden sequences of a block begin: (radius, optical depth)."""
    radius, optical_depth, _, _ = uniform4(seed, PURPOSE_SOURCE, first_particle_id, 0, 0, 2)
    return radius, optical_depth


@kernel
def source_draw(seed, particle_id, split):
    """Numbers for (energy, azimuth in the disc, and two for the direction)."""
    return uniform4(seed, PURPOSE_SOURCE, particle_id, split, 0, 0)


@kernel
def history_draw(seed, particle_id, split):
    """Numbers for (place on the first move, captures until the first split particle, phase of returns)."""
    sample_at, until_split, phase, _ = uniform4(seed, PURPOSE_SOURCE, particle_id, split, 0, 1)
    return sample_at, until_split, phase


@kernel
def split_draw(seed, particle_id, split, branch):
    """Numbers for (place on the first move, choice or encounters at the wall, and two for the direction)."""
    return uniform4(seed, PURPOSE_SOURCE, particle_id, split, branch, 0)


@kernel
def capture_draw(seed, particle_id, split, branch):
    """Numbers for (whether to go on from it, captures until the next one, and two for the direction)."""
    return uniform4(seed, PURPOSE_SOURCE, particle_id, split, branch, 1)


@kernel
def window_draw(seed, particle_id, split, draw):
    """Numbers for (whether a history that weighs little goes on, optical depth of one that is divided)."""
    goes_on, optical_depth, _, _ = uniform4(seed, _PURPOSE_WINDOW, particle_id, split, 0, draw)
    return goes_on, optical_depth


@kernel
def start_draw(seed, track, field):
    """Numbers for the three coordinates where a track starts."""
    u, v, w, _ = uniform4(seed, PURPOSE_SOURCE, track, field, 0, 0)
    return u, v, w


@kernel
def heading_draw(seed, track, field):
    """Two numbers for the direction in which a track starts."""
    u, v, _, _ = uniform4(seed, PURPOSE_SOURCE, track, field, 0, 1)
    return u, v


@kernel
def _refill(buffer, seed, particle_id, split, branch, draw):
    # A trip count that the compiler does not know keeps this loop one for the vector units.
    for lane in range(buffer.shape[1]):
        a, b, c, d = uniform4(seed, PURPOSE_TRANSPORT, particle_id, split, branch, draw + lane)
        buffer[0, lane] = a
        buffer[1, lane] = b
        buffer[2, lane] = c
        buffer[3, lane] = d


@kernel
def next4(buffer, seed, particle_id, split, branch, draw):
    """The set `draw` of numbers for transport; sets are asked for one after the other, from 0.

    `buffer`, (4, DRAWS_AHEAD), holds those that were made in advance.
    """
    lane = draw % DRAWS_AHEAD
    if lane == 0:
        _refill(buffer, seed, particle_id, split, branch, draw)
    return buffer[0, lane], buffer[1, lane], buffer[2, lane], buffer[3, lane]


@kernel
def last_bit(u):
    """The last of the 32 bits that a uniform was made of; hardly anything else depends on it."""
    return np.uint64(u * _WORDS) & np.uint64(1)


@kernel
def isotropic(u, v):
    """A unit vector, uniform on the sphere, from two uniforms."""
    mu = 2.0 * u - 1.0
    sine = math.sqrt(1.0 - mu * mu)
    along_y, along_x = sine_and_cosine_of_turn(v)
    return Vector(sine * along_x, sine * along_y, mu)


@kernel
def normal_pair(u, v):
    """Two independent standard normals from two uniforms (Box & Muller)."""
    radius = math.sqrt(-2.0 * logarithm(u))
    sine, cosine = sine_and_cosine_of_turn(v)
    return radius * cosine, radius * sine
