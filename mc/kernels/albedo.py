"""Diffuse reflection by a half-space of scatterers: Chandrasekhar's H function.

A particle that enters a region of tiny mean free path lambda does one of two things: it comes back
out, by the law of diffuse reflection for isotropic conservative scattering (Chandrasekhar 1960,
Radiative Transfer, ch. III-IV),

    p(mu | mu0) = H(mu0) H(mu) mu / (2 (mu + mu0)),

or it diffuses on to a depth s >> lambda, with probability h(mu0)/(s + q lambda), h = lambda H(mu0)/sqrt(3),
q = 0.7104 the Milne extrapolation length. With the medium receding at u the harmonic function of
drift and diffusion replaces the linear one (`transmission`). Both are exact to O(u/c, lambda/s).
"""

from __future__ import annotations

import math

import numpy as np

from ...fields._jit import kernel

MILNE_EXTRAPOLATION = 0.7104461
# Averages over a flux at random angles: of H(mu)/sqrt(3), and of the cosine.
MEAN_ENTRY_DEPTH = 4.0 / 3.0
MEAN_COSINE = 2.0 / 3.0
# Nodes of the integral that H solves, and iterations of it: five digits of Chandrasekhar's table.
_QUADRATURE = 128
_ITERATIONS = 200
# Intervals of the table of H.
_NODES = 512
# Below this drift over the depth of a layer, diffusion alone is exact to half of it.
_STILL = 1e-6
# Below this the mean time is that without a drift, which is exact to it: the two terms that remain of the
# other form would cancel.
_STILL_FOR_TIMES = 1e-3


def chandrasekhar_h(mu: np.ndarray) -> np.ndarray:
    """H function of isotropic, conservative scattering, H(0) = 1 and H(1) = 2.9078.

    Parameters
    ----------
    mu : ndarray
        Cosines to the normal, in [0, 1].

    Examples
    --------
    >>> chandrasekhar_h(np.array([0.0, 0.5, 1.0])).round(4).tolist()
    [1.0, 2.0128, 2.9078]
    """
    nodes, weights = np.polynomial.legendre.leggauss(_QUADRATURE)
    nodes, weights = 0.5 * (nodes + 1.0), 0.5 * weights
    # 1/H = (1/2) integral mu' H(mu')/(mu + mu') dmu', the form that converges for albedo one.
    kernel_matrix = 0.5 * weights * nodes / (nodes[:, None] + nodes)
    H = np.ones(nodes.size)
    for _ in range(_ITERATIONS):
        H = 0.5 * (H + 1.0 / (kernel_matrix @ H))
    mu = np.asarray(mu, float)
    return 1.0 / ((0.5 * weights * nodes / (mu[..., None] + nodes)) @ H)


def h_table() -> np.ndarray:
    """H at equidistant sqrt(mu), for `h_of`: the square root resolves its steep start."""
    return chandrasekhar_h(np.linspace(0.0, 1.0, _NODES + 1) ** 2)


@kernel
def h_of(table, mu):
    """H(mu) by linear interpolation in sqrt(mu)."""
    position = math.sqrt(mu) * (table.size - 1)
    i = min(int(position), table.size - 2)
    return table[i] + (position - i) * (table[i + 1] - table[i])


@kernel
def entry_depth(table, mu0):
    """Depth [lambda] from which diffusion behind the wall seems to start: H(mu0)/sqrt(3)."""
    return h_of(table, mu0) / math.sqrt(3.0)


@kernel
def transmission(start, mean_free_path, depth, u_over_v):
    """Probability that a particle entering reaches `depth` before it comes out.

    `start` is its `entry_depth` (or the mean of it, MEAN_ENTRY_DEPTH, for many at random angles), `u_over_v`
    the speed of the medium along the inward normal over that of the particle.
    """
    end = depth / mean_free_path + MILNE_EXTRAPOLATION
    drift = 3.0 * u_over_v
    if drift * end < _STILL:
        return start / end
    return math.expm1(-drift * start) / math.expm1(-drift * end)


@kernel
def incursion_time(start, chance, free_path, depth, speed, u_over_v):
    """Mean time spent between the wall and `depth` before a particle that enters leaves that layer.

    By optional stopping of depth - u t, with `chance` that of leaving at `depth` (`transmission`).
    """
    begin = free_path * start
    end = depth + MILNE_EXTRAPOLATION * free_path
    if 3.0 * u_over_v * end < _STILL_FOR_TIMES * free_path:
        return 1.5 * begin * (end - begin) / (free_path * speed)
    return (end * chance - begin) / (u_over_v * speed)


@kernel
def accept_reflection(table, mu0, mu, u):
    """Rejection test of the law of diffuse reflection for a trial cosine `mu` uniform in (0, 1)."""
    largest = table[table.size - 1] / (1.0 + mu0)
    return u * largest <= h_of(table, mu) * mu / (mu + mu0)
