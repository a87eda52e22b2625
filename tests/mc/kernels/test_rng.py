"""Random numbers: known answers of Philox, moments, independence of neighbouring streams."""

import numba
import numpy as np
import pytest
from crhalo.mc.kernels.rng import (
    DRAWS_AHEAD,
    PURPOSE_SOURCE,
    PURPOSE_TRANSPORT,
    block_draw,
    capture_draw,
    heading_draw,
    history_draw,
    isotropic,
    next4,
    normal_pair,
    open_uniform,
    philox4x32,
    source_draw,
    split_draw,
    start_draw,
    uniform4,
    window_draw,
)

# (rounds, counter, key, output), words in order, from Random123's tests/kat_vectors (Salmon et al. 2011).
PI = "243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0"
KNOWN_ANSWERS = [
    (7, "0 0 0 0", "0 0", "5f6fb709 0d893f64 4f121f81 4f730a48"),
    (7, "ffffffff " * 4, "ffffffff " * 2, "5207ddc2 45165e59 4d8ee751 8c52f662"),
    (7, *PI, "4dfccaba 190a87f0 c47362ba b6b5242a"),
    (10, "0 0 0 0", "0 0", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    (10, "ffffffff " * 4, "ffffffff " * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    (10, *PI, "d16cfe09 94fdcceb 5001e420 24126ea1"),
]
DRAWS = 100_000
LARGEST_Z = 4.5


def words(text):
    return [np.uint64(int(word, 16)) for word in text.split()]


@numba.njit
def streams(particles, draws, rounds):
    """First uniform of each draw of some neighbouring particles, (particles, draws)."""
    out = np.empty((particles, draws))
    zero, one, two = np.uint64(0), np.uint64(1), np.uint64(2)
    for i in range(particles):
        for j in range(draws):
            out[i, j] = open_uniform(philox4x32(np.uint64(j), zero, np.uint64(i), zero, one, two, rounds)[0])
    return out


@numba.njit
def four_at_a_time(draws):
    out = np.empty((draws, 4))
    for draw in range(draws):
        out[draw] = uniform4(1, 2, 3, 6, 4, draw)
    return out


@numba.njit
def through(function, u):
    """A function of two uniforms for each row of u, as rows of (at most) three numbers."""
    out = np.zeros((len(u), 3))
    for i in range(len(u)):
        for k, value in enumerate(function(u[i, 0], u[i, 1])):
            out[i, k] = value
    return out


@pytest.fixture(scope="module")
def uniforms():
    return four_at_a_time(DRAWS)


def moment_z(values, power, expected, variance):
    return (np.mean(values**power) - expected) / np.sqrt(variance / len(values))


def pair_z(samples):
    """z of the correlation of each stream with the next, and of each with itself one draw later."""
    centred = samples - 0.5
    neighbours = (centred[1:] * centred[:-1]).sum(axis=1)
    lagged = (centred[:, 1:] * centred[:, :-1]).sum(axis=1)
    return 12 * np.concatenate([neighbours, lagged]) / np.sqrt(samples.shape[1])


@pytest.mark.parametrize(("rounds", "counter", "key", "output"), KNOWN_ANSWERS)
def test_known_answers(rounds, counter, key, output):
    assert list(philox4x32.py_func(*words(counter), *words(key), rounds)) == words(output)
    assert list(philox4x32(*words(counter), *words(key), rounds)) == words(output)


def test_arguments_are_seed_purpose_particle_split_branch_draw():
    expected = philox4x32.py_func(*words("5 4 3 6"), *words("1 2"), 10)
    assert uniform4(1, 2, 3, 6, 4, 5) == tuple(open_uniform.py_func(word) for word in expected)


def test_streams_are_those_of_the_table():
    seed, particle, split, branch = 5, 17, 3, 2

    def source(*where):
        return uniform4(seed, PURPOSE_SOURCE, particle, *where)

    assert block_draw(seed, particle) == source(0, 0, 2)[:2]
    assert source_draw(seed, particle, split) == source(split, 0, 0)
    assert history_draw(seed, particle, split) == source(split, 0, 1)[:3]
    assert split_draw(seed, particle, split, branch) == source(split, branch, 0)
    assert capture_draw(seed, particle, split, branch) == source(split, branch, 1)
    assert window_draw(seed, particle, split, 7) == uniform4(seed, 3, particle, split, 0, 7)[:2]
    assert start_draw(seed, particle, split) == source(split, 0, 0)[:3]
    assert heading_draw(seed, particle, split) == source(split, 0, 1)[:2]


def test_streams_of_a_run_share_no_number():
    seed, particle = 5, 17
    drawn = [block_draw(seed, particle)]
    for split in range(3):
        drawn += [source_draw(seed, particle, split), history_draw(seed, particle, split)]
        drawn += [window_draw(seed, particle, split, draw) for draw in (0, 1)]
        for branch in (1, 2):
            drawn += [split_draw(seed, particle, split, branch), capture_draw(seed, particle, split, branch)]
    drawn += [
        uniform4(seed, PURPOSE_TRANSPORT, particle, 0, branch, draw) for branch in (0, 1) for draw in (0, 1)
    ]
    numbers = [number for each in drawn for number in each]
    assert len(set(numbers)) == len(numbers)


@numba.njit
def one_after_the_other(draws, buffer):
    out = np.empty((draws, 4))
    for draw in range(draws):
        out[draw] = next4(buffer, 1, 3, 6, 4, draw)
    return out


def test_draws_in_a_row_are_the_same_as_single_ones():
    draws = 3 * DRAWS_AHEAD + 1
    expected = [uniform4(1, PURPOSE_TRANSPORT, 3, 6, 4, draw) for draw in range(draws)]
    np.testing.assert_array_equal(one_after_the_other(draws, np.full((4, DRAWS_AHEAD), np.nan)), expected)


def test_uniforms_are_in_the_open_interval(uniforms):
    assert 0 < open_uniform.py_func(0) < open_uniform.py_func(2**32 - 1) < 1
    assert uniforms.min() > 0 and uniforms.max() < 1


def test_uniform_moments(uniforms):
    for column in uniforms.T:
        assert abs(moment_z(column, 1, 1 / 2, 1 / 12)) < LARGEST_Z
        assert abs(moment_z(column, 2, 1 / 3, 4 / 45)) < LARGEST_Z
    counts = np.histogram(uniforms, 256, (0, 1))[0]
    chi2 = ((counts - uniforms.size / 256) ** 2).sum() / (uniforms.size / 256)
    assert abs(chi2 - 255) / np.sqrt(2 * 255) < LARGEST_Z


def test_isotropic_moments(uniforms):
    n = through(isotropic, uniforms)
    np.testing.assert_allclose((n**2).sum(axis=1), 1, rtol=1e-14)
    for component in n.T:
        assert abs(moment_z(component, 1, 0, 1 / 3)) < LARGEST_Z
        assert abs(moment_z(component, 2, 1 / 3, 4 / 45)) < LARGEST_Z
    for a, b in ((0, 1), (1, 2), (2, 0)):
        assert abs(moment_z(n[:, a] * n[:, b], 1, 0, 1 / 15)) < LARGEST_Z


def test_normal_moments(uniforms):
    x, y, _ = through(normal_pair, uniforms).T
    for values in (x, y):
        for power, expected, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
            assert abs(moment_z(values, power, expected, variance)) < LARGEST_Z
    assert abs(moment_z(x * y, 1, 0, 1)) < LARGEST_Z


def test_neighbouring_streams_are_uncorrelated():
    assert np.abs(pair_z(streams(40, 20_000, 10))).max() < LARGEST_Z


@pytest.mark.parametrize("rounds", [2, 3, 4])
def test_too_few_rounds_are_caught(rounds):
    assert np.abs(pair_z(streams(40, 20_000, rounds))).max() > LARGEST_Z
