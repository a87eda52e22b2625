"""Orbits: gyration, drifts, mirrors, and diffusion in turbulence whose coefficient is known."""

from typing import NamedTuple

import numpy as np
import pytest
from crhalo.fields.turbulence import correlation_length_kpc, kolmogorov, plane_waves
from crhalo.fields.vectors import Uniform, is_ours, vector_field
from crhalo.mc.diffusion import running_diffusion
from crhalo.mc.orbit import orbit_step_kpc, tracks

UP = np.array([[0.0, 0.0, 1.0]])


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


class _Gradient(NamedTuple):
    """B along z, rising with y."""

    B_uG: float
    scale_kpc: float


@vector_field(_Gradient)
def _(field, x, y, z):
    return 0.0, 0.0, field.B_uG * (1.0 + y / field.scale_kpc)


def test_gradient_drift():
    # v_drift = v r_L/(2 L), along B x grad B: -x here.
    scale, turns = 100.0, 200
    out = one(_Gradient(3.0, scale), [2 * np.pi * turns], place=(0.0, 1.0, 0.0), step=2 * np.pi / 100)
    drift = (out[1, 0] - out[0, 0]) / (2 * np.pi * turns)
    assert drift == pytest.approx(-0.5 / scale, rel=0.02)


class _Mirror(NamedTuple):
    """B_z = B (1 + z^2/L^2) on the axis, without divergence."""

    B_uG: float
    scale_kpc: float


@vector_field(_Mirror)
def _(field, x, y, z):
    pinch = -field.B_uG * z / field.scale_kpc**2
    return pinch * x, pinch * y, field.B_uG * (1.0 + (z / field.scale_kpc) ** 2)


def test_mirror_and_magnetic_moment():
    scale, pitch = 200.0, 0.5
    direction = (np.sqrt(1 - pitch**2), 0.0, pitch)
    path = np.linspace(0.0, 2000.0, 2001)[1:]
    out = one(_Mirror(3.0, scale), path, place=(0.0, np.sqrt(1 - pitch**2), 0.0), direction=direction)
    # Turned back where 1 - mu^2 = B/B_0 (1 - mu_0^2).
    assert out[:, 2].max() == pytest.approx(scale * np.sqrt(pitch**2 / (1 - pitch**2)), rel=0.01)
    B = np.linalg.norm(
        [-out[:, 2] * out[:, 0] / scale**2, -out[:, 2] * out[:, 1] / scale**2, 1 + (out[:, 2] / scale) ** 2],
        axis=0,
    )
    along = (
        -out[:, 2] * (out[:, 0] * out[:, 3] + out[:, 1] * out[:, 4]) / scale**2
        + (1 + (out[:, 2] / scale) ** 2) * out[:, 5]
    ) / B
    moment = (1 - along**2) / B
    np.testing.assert_allclose(moment, moment[0], rtol=0.02)


def diffusion(r_L_over_lc, D_known, realisations):
    """D/(c Lmax) in isotropic Kolmogorov turbulence of three decades without a mean field, and its error."""
    wavelengths = (1e-3, 1.0)
    fields = [plane_waves(kolmogorov, wavelengths, 500, 1.0, seed) for seed in range(realisations)]
    l_c = correlation_length_kpc(kolmogorov, wavelengths)
    r_L = r_L_over_lc * l_c
    path = 3.0 * D_known * np.array([4.0, 10.0])
    out = tracks(fields, r_L, orbit_step_kpc(r_L, l_c), path, 8, 100.0, 1, threads=2)[..., :3]
    squares = ((out - out[:, :, :1]) ** 2).sum(axis=-1).mean(axis=1)
    D = (squares[:, 2] - squares[:, 1]) / (6.0 * (path[1] - path[0]))
    return D.mean(), D.std() / np.sqrt(realisations)


@pytest.mark.parametrize(
    ("r_L_over_lc", "known"),
    [(0.1, 0.0111), (0.2, 0.0173), (0.5, 0.0413), (1.0, 0.0927), (2.0, 0.289), (5.0, 1.73)],
)
def test_isotropic_turbulence(r_L_over_lc, known):
    D, error = diffusion(r_L_over_lc, known, 60)
    assert abs(D / known - 1.0) < 0.2 and error < 0.1 * known


def test_straight_tracks_turn_as_2_r_L_squared_over_l_c():
    wavelengths = (0.1, 1.0)
    l_c = correlation_length_kpc(kolmogorov, wavelengths)
    r_L = 10.0 * l_c
    mean_free_path = 2.0 * r_L**2 / l_c
    path = mean_free_path * np.array([1.0, 2.0, 4.0])
    fields = [plane_waves(kolmogorov, wavelengths, 400, 1.0, seed) for seed in range(24)]
    out = tracks(fields, r_L, orbit_step_kpc(r_L, l_c), path, 10, 200.0, 1, threads=2)
    found = running_diffusion(out, path, (0, 1, 2))
    assert found.plateau == pytest.approx(mean_free_path / 3.0, rel=0.15)
    assert found.plateau_error < 0.07 * found.plateau


def test_the_other_correlation_length_is_caught():
    # The twin: r_L in units of the two-sided l_c, which is twice as long.
    D, error = diffusion(2 * 1.0, 0.0927, 60)
    assert abs(D / 0.0927 - 1.0) > 0.2 and abs(D - 0.0927) > 2 * error


def test_threads_do_not_matter():
    fields = [plane_waves(kolmogorov, (0.1, 1.0), 16, 1.0, seed) for seed in range(4)]
    one_thread, two = (tracks(fields, 0.2, 0.02, np.array([1.0, 3.0]), 5, 10.0, 3, threads=n) for n in (1, 2))
    np.testing.assert_array_equal(one_thread, two)


def test_only_our_records_may_be_cached():
    assert is_ours(plane_waves(kolmogorov, (0.1, 1.0), 4, 1.0, 1))
    assert not is_ours(_Mirror(1.0, 2.0))
