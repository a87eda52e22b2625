"""Diffuse reflection and transmission of a half-space."""

import math

import numba
import numpy as np
import pytest
from crhalo.mc.kernels.albedo import (
    MILNE_EXTRAPOLATION,
    accept_reflection,
    chandrasekhar_h,
    entry_depth,
    h_of,
    h_table,
    incursion_time,
    transmission,
)
from crhalo.mc.kernels.rng import uniform4
from scipy.integrate import quad
from scipy.linalg import solve_banded

NODES, WEIGHTS = np.polynomial.legendre.leggauss(200)
NODES, WEIGHTS = 0.5 * (NODES + 1), 0.5 * WEIGHTS
TABLE = h_table()


def cosine_law(values):
    """Mean over particles that cross a surface from an isotropic gas: weight 2 mu."""
    return float(2 * (WEIGHTS * NODES) @ np.asarray(values))


def test_h_function_of_chandrasekhars_table():
    # Radiative Transfer (1960), table XI, albedo 1.
    mu = np.array([0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    H = [1.0, 1.2474, 1.4503, 1.6425, 1.8293, 2.0128, 2.1941, 2.3740, 2.5527, 2.7306, 2.9078]
    np.testing.assert_allclose(chandrasekhar_h(mu), H, atol=6e-5)


@pytest.mark.parametrize("mu", [0.003, 0.05, 0.37, 1.0])
def test_h_function_of_fock(mu):
    # ln H = -(mu/pi) integral_0^inf ln(1 - arctan(k)/k)/(1 + mu^2 k^2) dk, with k = tan(t).
    def integrand(t):
        k = math.tan(t)
        return math.log(1 - t / k) / (math.cos(t) ** 2 + mu**2 * math.sin(t) ** 2)

    exact = math.exp(-mu / math.pi * quad(integrand, 0, math.pi / 2, epsabs=1e-10, limit=500)[0])
    assert chandrasekhar_h(np.array(mu)) == pytest.approx(exact, rel=2e-5)


def test_moments_of_h():
    H = chandrasekhar_h(NODES)
    zeroth, first, second = (WEIGHTS @ (H * NODES**k) for k in range(3))
    assert zeroth == pytest.approx(2, rel=1e-5)
    assert first == pytest.approx(2 / math.sqrt(3), rel=1e-5)
    assert second / first == pytest.approx(MILNE_EXTRAPOLATION, rel=1e-5)


def test_table_of_h():
    ours = [h_of(TABLE, mu) for mu in NODES]
    np.testing.assert_allclose(ours, chandrasekhar_h(NODES), rtol=1e-5)
    assert h_of(TABLE, 0.0) == TABLE[0] == pytest.approx(1) and h_of(TABLE, 1.0) == TABLE[-1]


def reflection_law(mu0):
    H = chandrasekhar_h(NODES)
    return chandrasekhar_h(np.array(mu0)) * H * NODES / (2 * (NODES + mu0))


@pytest.mark.parametrize("mu0", [0.02, 0.3, 1.0])
def test_what_is_not_transmitted_is_reflected(mu0):
    assert WEIGHTS @ reflection_law(mu0) == pytest.approx(1, rel=1e-5)
    # A deep layer transmits h/(s + q lambda) of what enters.
    assert transmission(entry_depth(TABLE, mu0), 1.0, 1e8, 0.0) < 1e-7


@numba.njit
def reflected(table, mu0, n, seed):
    out = np.empty(n)
    for i in range(n):
        draw = 0
        while True:
            mu, u, _, _ = uniform4(seed, 0, i, 0, 0, draw)
            draw += 1
            if accept_reflection(table, mu0, mu, u):
                out[i] = mu
                break
    return out


@pytest.mark.parametrize("mu0", [0.1, 0.9])
def test_sampled_reflection(mu0):
    n = 100_000
    sample, law = reflected(TABLE, mu0, n, 1), reflection_law(mu0)
    for power in (1, 2):
        mean = WEIGHTS @ (law * NODES**power)
        sigma = math.sqrt((WEIGHTS @ (law * NODES ** (2 * power)) - mean**2) / n)
        assert abs((sample**power).mean() - mean) < 4.5 * sigma
        # A cosine law, as of a rough wall, is not the same.
        assert abs(cosine_law(NODES**power) - mean) > 4.5 * sigma


def test_rejection_test_never_clips():
    for mu0 in (0.0, 0.1, 1.0):
        assert not accept_reflection(TABLE, mu0, 0.999, 1.0)
        assert accept_reflection(TABLE, mu0, 1.0, 1.0 - 1e-9)


@pytest.mark.parametrize("u_over_v", [1e-6, 1e-4])
def test_deep_layer_captures_4_u_over_c(u_over_v):
    chance = [transmission(entry_depth(TABLE, mu), 1.0, 1e9, u_over_v) for mu in NODES]
    assert cosine_law(chance) == pytest.approx(4 * u_over_v, rel=3 * u_over_v + 1e-4)


def test_still_layer_transmits_four_thirds_lambda_over_depth():
    depth = 50.0
    chance = cosine_law([transmission(entry_depth(TABLE, mu), 0.1, 0.1 * depth, 0.0) for mu in NODES])
    assert chance == pytest.approx(4 / 3 / (depth + MILNE_EXTRAPOLATION), rel=1e-5)


def test_transmission_falls_with_depth_and_rises_with_drift():
    depths = np.geomspace(10, 1e6, 60)
    for u_over_v in (0.0, 1e-5, 1e-3):
        chance = np.array([transmission(entry_depth(TABLE, 0.5), 1.0, depth, u_over_v) for depth in depths])
        # The two forms meet without a jump.
        assert (np.diff(chance) <= 0).all() and (chance < 1).all()
    chance = [
        transmission(entry_depth(TABLE, 0.5), 1.0, 1e3, u_over_v)
        for u_over_v in np.geomspace(1e-12, 1e-1, 60)
    ]
    assert (np.diff(chance) >= -1e-9).all()


@numba.njit
def walks(mu0, depth, n, seed):
    """Depth [lambda] of the first collision beyond `depth`, zero for those that come out before."""
    out = np.zeros(n)
    for i in range(n):
        x, mu, draw = 0.0, mu0, 0
        while True:
            u, v, _, _ = uniform4(seed, 0, i, 0, 0, draw)
            draw += 1
            x -= mu * math.log(u)
            if x < 0.0:
                break
            if x > depth:
                out[i] = x
                break
            mu = 2.0 * v - 1.0
    return out


def test_flights_into_a_still_half_space():
    # Optional stopping: the mean of (x + q) over those that get there is H(mu0)/sqrt(3), exactly.
    n, mu0 = 100_000, 0.4
    end = walks(mu0, 10.0, n, 5)
    value = np.where(end > 0, end + MILNE_EXTRAPOLATION, 0.0)
    sigma = value.std() / math.sqrt(n)
    assert abs(value.mean() - h_of(TABLE, mu0) / math.sqrt(3)) < 4.5 * sigma
    # Entering as if from the Milne layer, mu0 + q, is caught.
    assert abs(value.mean() - (mu0 + MILNE_EXTRAPOLATION)) > 4.5 * sigma


def test_incursion_time_of_a_cosine_law():
    depth, free_path, speed = 3.0, 1e-3, 300.0

    def time(mu):
        chance = transmission(entry_depth(TABLE, mu), free_path, depth, 0.0)
        return incursion_time(entry_depth(TABLE, mu), chance, free_path, depth, speed, 0.0)

    times = [time(mu) for mu in NODES]
    # Behind a closed far side it would be 4 depth/v (volume over area); an open one halves it.
    assert cosine_law(times) == pytest.approx(2 * depth / speed, rel=2e-3)


@pytest.mark.parametrize("u_over_v", [0.0, 1e-5, 1e-3, 3e-3])
def test_incursion_time_solves_the_equation_of_the_mean(u_over_v):
    # D T'' + u T' = -1, T = 0 at either end, by finite differences.
    mu0, free_path, depth, speed = 0.6, 0.01, 1.0, 300.0
    D, u = free_path * speed / 3, u_over_v * speed
    start = free_path * h_of(TABLE, mu0) / math.sqrt(3)
    x = np.linspace(0, depth + MILNE_EXTRAPOLATION * free_path, 2001)
    h = x[1]
    bands = np.outer([D / h**2 + u / (2 * h), -2 * D / h**2, D / h**2 - u / (2 * h)], np.ones(1999))
    exact = np.interp(start, x[1:-1], solve_banded((1, 1), bands, np.full(1999, -1.0)))
    chance = transmission(entry_depth(TABLE, mu0), free_path, depth, u_over_v)
    ours = incursion_time(entry_depth(TABLE, mu0), chance, free_path, depth, speed, u_over_v)
    assert ours == pytest.approx(exact, rel=3e-3)


def test_optional_stopping():
    # The mean of (depth - u t) is the same at the end as at the start.
    mu0, free_path, depth, speed, u_over_v = 0.6, 0.01, 0.5, 300.0, 5e-3
    chance = transmission(entry_depth(TABLE, mu0), free_path, depth, u_over_v)
    time = incursion_time(entry_depth(TABLE, mu0), chance, free_path, depth, speed, u_over_v)
    start = free_path * h_of(TABLE, mu0) / math.sqrt(3)
    end = (depth + MILNE_EXTRAPOLATION * free_path) * chance
    assert end - u_over_v * speed * time == pytest.approx(start, rel=1e-12)
