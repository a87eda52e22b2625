"""Synthetic turbulence has the power, the geometry and the correlation length that were asked for."""

from itertools import pairwise

import numba
import numpy as np
import pytest
from crhalo.fields._jit import _FLAGS
from crhalo.fields.turbulence.single_precision import single_precision
from crhalo.fields.turbulence.synthetic import (
    GEOMETRIES,
    correlation_length_kpc,
    grid_field,
    kolmogorov,
    plane_waves,
    scale_invariant,
    sine_of_turns,
    stratified,
)
from crhalo.fields.vectors import divergence, magnetic_field, sample


def _field_of(field, x, y, z):
    return magnetic_field(field, x, y, z)


RANGE = (0.01, 1.0)
PLACES = np.random.default_rng(2).uniform(-50.0, 50.0, (20_000, 3))


def test_sine():
    turns = np.linspace(-3.0, 3.0, 10_001)
    np.testing.assert_allclose(sine_of_turns.py_func(turns), np.sin(2 * np.pi * turns), atol=2e-11)


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_rms_and_components(geometry):
    field = sample(plane_waves(kolmogorov, RANGE, 256, 3.0, 1, geometry), PLACES)
    squares = np.mean(field**2, axis=0) / 9.0
    # 20000 places in a realisation whose longest waves fit a hundred times.
    assert squares.sum() == pytest.approx(1.0, abs=0.03)
    if geometry == "isotropic":
        np.testing.assert_allclose(squares, 1 / 3, atol=0.1)
    else:
        assert np.abs(field[:, 2]).max() < 1e-12


def test_components_are_isotropic_on_average():
    fields = [sample(plane_waves(kolmogorov, RANGE, 64, 3.0, seed), PLACES[:500]) for seed in range(100)]
    squares = np.mean([np.mean(field**2, axis=0) for field in fields], axis=0) / 9.0
    np.testing.assert_allclose(squares, 1 / 3, atol=0.03)


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_no_divergence(geometry):
    waves = plane_waves(kolmogorov, RANGE, 64, 3.0, 1, geometry)
    above = PLACES[:50] * [1.0, 1.0, 0.02] + [0.0, 0.0, 2.0]
    for field in (waves, stratified(waves, 2.0)):
        # In units of B k at the shortest wave; the differences are good to 1e-8.
        assert np.abs(divergence(field, above, 2e-4)).max() < 1e-8 * 3.0 * 2 * np.pi / RANGE[0]


def test_amplitude_that_just_follows_the_field_diverges():
    # The twin: g curl A alone, without grad g x A.
    waves = plane_waves(kolmogorov, RANGE, 64, 3.0, 1)
    field = stratified(waves, 2.0)
    broken = field._replace(p_x=0 * field.p_x, p_y=0 * field.p_y)
    above = PLACES[:50] * [1.0, 1.0, 0.02] + [0.0, 0.0, 2.0]
    assert np.abs(divergence(broken, above, 2e-4)).max() > 1e-2


def test_stratified_rms_follows_the_field():
    above = PLACES * [1.0, 1.0, 0.02] + [0.0, 0.0, 2.0]
    squares = (sample(stratified(plane_waves(kolmogorov, RANGE, 256, 3.0, 1), 2.0), above) ** 2).sum(axis=1)
    assert np.mean(squares * np.exp(above[:, 2])) == pytest.approx(9.0, rel=0.05)


def test_correlation_length_of_published_turbulence():
    assert correlation_length_kpc(kolmogorov, (1e-3, 1.0)) == pytest.approx(0.101, abs=5e-4)


@pytest.mark.parametrize("power", [kolmogorov, scale_invariant])
def test_power_in_each_octave(power):
    waves = plane_waves(power, RANGE, 400, 2.0, 3)
    k = 2 * np.pi * np.sqrt(waves.k_x**2 + waves.k_y**2 + waves.k_z**2)
    energy = 0.5 * (waves.a_x**2 + waves.a_y**2 + waves.a_z**2)
    assert energy.sum() == pytest.approx(4.0)
    np.testing.assert_allclose(energy / power(k), np.mean(energy / power(k)), rtol=1e-10)
    assert 2 * np.pi / k.max() > RANGE[0] and 2 * np.pi / k.min() < RANGE[1]


def test_grid_has_the_power_asked_for():
    cells, box = 64, 2.0
    grid = grid_field(kolmogorov, (0.2, 1.0), cells, box, 3.0, 4)
    B = grid.B_uG.astype(float)
    assert np.sqrt((B**2).sum(axis=-1).mean()) == pytest.approx(3.0, rel=1e-5)
    k = 2 * np.pi * np.fft.fftfreq(cells, box / cells)
    size = np.sqrt(k[:, None, None] ** 2 + k[None, :, None] ** 2 + k[None, None, :] ** 2)
    spectrum = (np.abs(np.fft.fftn(B, axes=(0, 1, 2))) ** 2).sum(axis=-1)
    edges = 2 * np.pi / np.array([1.0, 0.5, 0.25])
    per_ln_k = [spectrum[(size >= a) & (size < b)].sum() for a, b in pairwise(edges)]
    # Two octaves of k^(-2/3); a few hundred modes in the first.
    assert per_ln_k[0] / per_ln_k[1] == pytest.approx(2 ** (2 / 3), rel=0.15)
    along = sum(
        np.fft.fftn(B[..., i]) * axis
        for i, axis in enumerate((k[:, None, None], k[None, :, None], k[None, None, :]))
    )
    assert np.abs(along).max() < 1e-5 * np.sqrt(spectrum.max()) * edges[-1]


def test_grid_is_periodic_and_exact_at_its_points():
    grid = grid_field(kolmogorov, (0.5, 2.0), 16, 2.0, 3.0, 4)
    points = np.array([[3, 5, 7], [0, 15, 8]])
    expected = grid.B_uG[points[:, 0], points[:, 1], points[:, 2]]
    for shift in (0.0, 2.0, -4.0):
        np.testing.assert_allclose(sample(grid, points * 2.0 / 16 + shift), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"wavelengths_kpc": (1.0, 0.1)}, "wavelengths_kpc"),
        ({"wavelengths_kpc": (0.1, 0.1)}, "wavelengths_kpc"),
        ({"modes": 0}, "modes"),
        ({"rms_uG": 0.0}, "rms_uG"),
        ({"rms_uG": float("nan")}, "rms_uG"),
        ({"geometry": "3D"}, "geometry"),
    ],
)
def test_bad_input_is_named(changes, named):
    good = {"power": kolmogorov, "wavelengths_kpc": RANGE, "modes": 8, "rms_uG": 1.0, "seed": 1}
    with pytest.raises(ValueError, match=named):
        plane_waves(**(good | changes))


def test_waves_that_the_grid_cannot_hold_are_refused():
    with pytest.raises(ValueError, match="two cells"):
        grid_field(kolmogorov, (0.1, 1.0), 16, 1.0, 3.0, 1)


def test_realisations_are_seeded():
    one, same, other = (plane_waves(kolmogorov, RANGE, 16, 1.0, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one.phase, other.phase)


def test_single_precision_gives_the_same_field():
    waves = plane_waves(kolmogorov, RANGE, 256, 3.0, 1)
    line = np.linspace(0.0, 5.0, 4001)[:, None] * [0.6, 0.0, 0.8] + [20.0, -3.0, 7.0]
    single, double = (sample(field, line) for field in (single_precision(waves, 0.05), waves))
    assert np.abs(single - double).max() < 3e-5
    # The base does follow: without it differences of 5 kpc would count.
    far = single_precision(waves, 1e9)
    assert np.abs(sample(far, line) - double).max() > 3.0 * np.abs(single - double).max()


def test_sums_read_their_numbers_in_order():
    """A sum that is unrolled before it is made of vectors shuffles all that it reads: half of its time."""
    for waves in (
        plane_waves(kolmogorov, RANGE, 8, 1.0, 1),
        single_precision(plane_waves(kolmogorov, RANGE, 8, 1.0, 1), 0.1),
    ):
        compiled = numba.njit(**_FLAGS)(_field_of)
        compiled(waves, 0.0, 0.0, 0.0)
        (code,) = compiled.inspect_asm().values()
        if "zmm" not in code:
            pytest.skip("no vector units of 512 bits")
        assert "vpermt2p" not in code
