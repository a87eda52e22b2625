"""Elementary functions without branches, against the library's in more digits."""

import numba
import numpy as np
import pytest
from crhalo.fields._jit import entry
from crhalo.mc.kernels.arithmetic.elementary import (
    exponential,
    exponential_less_one,
    logarithm,
    sine_and_cosine_of_turn,
)

MANY = 100_000
# Longer floats than the functions return; where there are none, they only agree to a digit less.
LONG = np.longdouble
DIGIT = 1.0 if np.finfo(LONG).eps < 1e-17 else 3.0


@entry(cached=False)
def each(out, x, which):
    for i in range(x.size):
        if which == 0:
            out[i, 0] = exponential(x[i])
        elif which == 1:
            out[i, 0] = exponential_less_one(x[i])
        elif which == 2:
            out[i, 0] = logarithm(x[i])
        else:
            out[i, 0], out[i, 1] = sine_and_cosine_of_turn(x[i])


def values(which, x):
    out = np.zeros((x.size, 2))
    each(out, x, which)
    return out


def uniform(low, high):
    return np.random.default_rng(1).uniform(low, high, MANY)


def test_exponential():
    x = uniform(-60.0, 60.0)
    error = np.abs(values(0, x)[:, 0] / np.exp(x.astype(LONG)) - 1)
    # x itself has an error of 1.1e-16 of it.
    assert (error < DIGIT * (3.5e-16 + 1.2e-16 * np.abs(x))).all()
    far = values(0, np.array([-1e4, -708.0, 709.0, 1e4]))[:, 0]
    assert far[0] == far[1] > 0 and far[3] == far[2] < np.inf


@pytest.mark.parametrize("decade", range(-12, 1))
def test_exponential_less_one(decade):
    x = -(10.0 ** uniform(decade - 1, decade))
    assert np.abs(values(1, x)[:, 0] / np.expm1(x.astype(LONG)) - 1).max() < DIGIT * 2e-15


@pytest.mark.parametrize("x", [uniform(1e-10, 1.0), 1 + 10 ** uniform(-9, 0), 10 ** uniform(-300, 300)])
def test_logarithm(x):
    assert np.abs(values(2, x)[:, 0] / np.log(x.astype(LONG)) - 1).max() < DIGIT * 4e-16


def test_sine_and_cosine():
    v = np.concatenate([uniform(0.0, 1.0), np.arange(9) / 8])
    phase = 2 * LONG("3.14159265358979323846264338327950288") * v
    sine, cosine = values(3, v).T
    assert np.abs(sine - np.sin(phase)).max() < DIGIT * 3e-16
    assert np.abs(cosine - np.cos(phase)).max() < DIGIT * 3e-16


def test_they_are_evaluated_for_many_numbers_at_once():
    """A loop over any of them has instructions on vectors: none of it calls a library, or branches."""

    @numba.njit(fastmath={"contract"}, error_model="numpy")
    def loop(out, x):
        for i in range(x.size):
            out[i] = exponential(x[i]) + logarithm(x[i]) + sine_and_cosine_of_turn(x[i])[0]

    loop(np.zeros(64), np.ones(64))
    (code,) = loop.inspect_asm().values()
    assert any(word in code for word in ("mulpd", "fmul\tv", "fmla\tv"))
    assert not any(f"{name}@" in code or f" {name}\n" in code for name in ("exp", "log", "sin", "cos"))
