"""Coefficients from tracks whose diffusion is known."""

import numpy as np
import pytest
from crhalo.fields.turbulence.scattering import pitch_angle_D, quasi_linear_D
from crhalo.fields.turbulence.single_precision import single_precision
from crhalo.fields.turbulence.synthetic import Turbulence, kolmogorov, scale_invariant
from crhalo.fields.units import LARMOR_KPC, speed_kpc_Myr
from crhalo.mc.orbits.measure import jackknife, pitch_angle_diffusion, running_diffusion
from crhalo.mc.orbits.tracks import tracks

SPACING, LONGEST = 0.5, 20
PATH = SPACING * np.arange(1, LONGEST + 1)


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
    found = running_diffusion(walk(), SPACING, LONGEST, (0, 1, 2))
    assert found.converged and abs(found.plateau - 1 / 3) < 3 * found.plateau_error < 0.03
    # <r^2> = 2 lambda^2 (s - 1 + exp(-s)): the running coefficient comes from below.
    path = found.path_kpc
    expected = (path - 1.0 + np.exp(-path)) / (3.0 * path)
    assert (np.abs(found.running - expected) < 4 * found.running_error).all()


def test_straight_tracks_have_not_converged():
    assert not running_diffusion(walk(mean_free_path=30.0), SPACING, LONGEST, (0, 1, 2)).converged


@pytest.mark.parametrize(("realisations", "longest"), [(1, LONGEST), (2, 3), (2, LONGEST + 1)])
def test_too_little_is_refused(realisations, longest):
    with pytest.raises(ValueError, match="must be"):
        running_diffusion(walk(realisations), SPACING, longest, (0, 1, 2))


def test_slab_of_flat_power_is_quasi_linear():
    slab = Turbulence(scale_invariant, (0.1, 100.0), 128, 0.1, 1.0, "slab")
    p_GeV = 1.0 / LARMOR_KPC
    D_over_v = quasi_linear_D(slab, p_GeV) / speed_kpc_Myr(p_GeV)
    spacing = round(0.5 * 3.0 * D_over_v, 1)
    fields = [slab.realisation(seed) for seed in range(24)]
    out = tracks(fields, 1.0, 0.1, spacing * np.arange(1, 25), 16, 1e3, 1, threads=2)
    along = running_diffusion(out, spacing, 12, (2,))
    assert along.plateau == pytest.approx(D_over_v, rel=0.3)
    assert along.plateau_error < 0.15 * along.plateau
    across = running_diffusion(out, spacing, 12, (0, 1))
    assert abs(across.plateau) < 1e-3 * along.plateau


def test_pitch_angles_diffuse_as_quasi_linear_theory_says():
    slab = Turbulence(scale_invariant, (0.1, 100.0), 256, 0.1, 1.0, "slab")
    p_GeV = 1.0 / LARMOR_KPC
    fields = [slab.realisation(seed) for seed in range(60)]
    out = tracks(fields, 1.0, 0.1, 2.0 * np.pi * np.arange(1, 41), 16, 1e3, 1, threads=2)
    edges = np.linspace(0.0, 1.0, 6)
    measured, error = pitch_angle_diffusion(out, 2.0 * np.pi, 2, edges)
    mu = 0.5 * (edges[1:] + edges[:-1])
    expected = pitch_angle_D(slab, p_GeV, mu) / speed_kpc_Myr(p_GeV)
    # Not the last bin, where mu is reflected at 1, nor the first, where the waves of the resonance run out.
    ratio, error = measured[1:4] / expected[1:4], error[1:4] / expected[1:4]
    assert (np.abs(ratio - 1.0) < 0.25).all() and (error < 0.1).all()


def test_single_precision_diffuses_alike():
    # Over long tracks places differ, statistics do not: the same realisations and starts, to three sigma.
    turbulence = Turbulence(kolmogorov, (0.01, 1.0), 128, 1.0)
    step, r_L = 0.01, 0.1
    waves = [turbulence.realisation(seed).second for seed in range(32)]
    found = []
    for fields in (waves, [single_precision(each, 32 * step) for each in waves]):
        out = tracks(fields, r_L, step, 0.25 * np.arange(1, 121), 8, 10.0, 1, threads=2)
        found.append(running_diffusion(out, 0.25, 48, (0, 1, 2)))
    double, single = found
    assert abs(single.plateau - double.plateau) < 3.0 * np.hypot(single.plateau_error, double.plateau_error)
    assert double.plateau_error < 0.1 * double.plateau
