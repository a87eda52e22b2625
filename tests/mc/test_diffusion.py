"""Coefficients from tracks whose diffusion is known."""

import numpy as np
import pytest
from crhalo.fields.turbulence import plane_waves, scale_invariant
from crhalo.fields.vectors import Sum, Uniform
from crhalo.mc.diffusion import jackknife, running_diffusion
from crhalo.mc.orbit import tracks

PATH = np.linspace(0.5, 10.0, 20)


def walk(realisations=40, particles=100, mean_free_path=1.0, flights=60):
    """Tracks of isotropic scattering: D/v = lambda/3."""
    rng = np.random.default_rng(1)
    shape = (realisations, particles, flights)
    length = rng.exponential(mean_free_path, shape)
    direction = rng.standard_normal((*shape, 3))
    direction /= np.linalg.norm(direction, axis=-1)[..., None]
    ends = np.concatenate([np.zeros((*shape[:2], 1)), np.cumsum(length, axis=-1)], axis=-1)
    out = np.zeros((realisations, particles, 1 + PATH.size, 6))
    for j, path in enumerate(PATH, 1):
        flown = np.clip(path - ends[..., :-1], 0.0, length)
        out[:, :, j, :3] = (flown[..., None] * direction).sum(axis=2)
    return out


def test_jackknife_of_a_mean_is_its_standard_error():
    x = np.random.default_rng(1).standard_normal(50)
    value, error = jackknife(x, lambda mean: mean)
    assert value == pytest.approx(x.mean()) and error == pytest.approx(x.std(ddof=1) / np.sqrt(50))


def test_jackknife_of_a_ratio_sees_what_cancels():
    x = np.random.default_rng(1).uniform(1.0, 2.0, 50)
    value, error = jackknife(np.stack([x, 3.0 * x], axis=-1), lambda mean: mean[1] / mean[0])
    assert value == pytest.approx(3.0) and error < 1e-12


def test_isotropic_scattering():
    found = running_diffusion(walk(), PATH, (0, 1, 2))
    assert found.converged and abs(found.plateau - 1 / 3) < 3 * found.plateau_error < 0.03
    # <r^2> = 2 lambda^2 (s - 1 + exp(-s)): the running coefficient comes from below.
    expected = (PATH - 1.0 + np.exp(-PATH)) / (3.0 * PATH)
    assert (np.abs(found.running - expected) < 4 * found.running_error).all()


def test_straight_tracks_have_not_converged():
    assert not running_diffusion(walk(mean_free_path=30.0), PATH, (0, 1, 2)).converged


@pytest.mark.parametrize(("tracks_", "path"), [(walk(1), PATH), (walk(2), PATH[10:])])
def test_too_little_is_refused(tracks_, path):
    with pytest.raises(ValueError, match="must be at least"):
        running_diffusion(tracks_, path, (0, 1, 2))


def test_slab_of_flat_power_is_quasi_linear():
    # (dB/B0)^2 = F ln(k_max/k_min) = 0.01: lambda = (2/pi) r_L/F, all along the field.
    shortest, longest = 0.1, 100.0
    F = 0.01 / np.log(longest / shortest)
    mean_free_path = 2.0 / (np.pi * F)
    path = mean_free_path * np.array([1.5, 3.0, 6.0])
    waves = [plane_waves(scale_invariant, (shortest, longest), 128, 0.1, seed, "slab") for seed in range(24)]
    fields = [Sum(Uniform(0.0, 0.0, 1.0), wave) for wave in waves]
    out = tracks(fields, 1.0, 0.1, path, 16, 1e3, 1, threads=2)
    along = running_diffusion(out, path, (2,))
    assert along.plateau == pytest.approx(mean_free_path / 3.0, rel=0.3)
    assert along.plateau_error < 0.15 * along.plateau
    across = running_diffusion(out, path, (0, 1))
    assert abs(across.plateau) < 1e-3 * along.plateau
