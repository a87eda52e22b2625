"""Orbits: what `validate` does not say of them already."""

from typing import NamedTuple

import numpy as np
import pytest
from crhalo.fields.turbulence import kolmogorov, plane_waves
from crhalo.fields.vectors import Uniform, is_ours, vector_field
from crhalo.mc.orbit import tracks


def one(field, path, *, place=(0.0, 0.0, 0.0), direction=(1.0, 0.0, 0.0), step=0.1):
    """Places and directions, (paths, 6), of one particle with r_L = 1 kpc in 3 uG."""
    starts = (np.array([place], float), np.array([direction], float))
    out = tracks([field], 3.0, step, np.asarray(path, float), 1, 0.0, 1, starts=starts)
    return out[0, 0]


def test_gyration():
    # A positive charge in B along z turns clockwise: from +x to -y.
    step = 2 * np.pi / 64
    out = one(Uniform(0.0, 0.0, 3.0), 2 * np.pi * np.array([0.25, 0.5, 1.0, 100.0]), step=step)
    np.testing.assert_allclose(out[1, 3:], [0.0, -1.0, 0.0], atol=1e-8)
    np.testing.assert_allclose(out[3, :3], out[0, :3], atol=1e-9)
    np.testing.assert_allclose(out[4, :3], out[0, :3], atol=1e-6)
    # Steps are the sides of a polygon about the circle, recorded at their middles.
    diameter = np.linalg.norm(out[2, :3] - out[0, :3])
    assert diameter == pytest.approx(2.0 * (1 - step**2 / 12), rel=1e-5)


def test_momentum_is_kept():
    waves = plane_waves(kolmogorov, (0.1, 10.0), 32, 3.0, 1)
    out = one(waves, [2 * np.pi * 1e5], step=2 * np.pi / 60)
    assert abs(np.linalg.norm(out[1, 3:]) - 1.0) < 3e-12


def test_threads_do_not_matter():
    fields = [plane_waves(kolmogorov, (0.1, 1.0), 16, 1.0, seed) for seed in range(4)]
    one_thread, two = (tracks(fields, 0.2, 0.02, np.array([1.0, 3.0]), 5, 10.0, 3, threads=n) for n in (1, 2))
    np.testing.assert_array_equal(one_thread, two)


class _Own(NamedTuple):
    B_uG: float


@vector_field(_Own)
def _(field, x, y, z):
    return 0.0, 0.0, field.B_uG


def test_a_field_of_the_users_own():
    ours, own = (one(field, [1.0, 5.0]) for field in (Uniform(0.0, 0.0, 3.0), _Own(3.0)))
    np.testing.assert_array_equal(ours, own)


def test_only_our_records_may_be_cached():
    assert is_ours(plane_waves(kolmogorov, (0.1, 1.0), 4, 1.0, 1))
    assert not is_ours(_Own(1.0))
