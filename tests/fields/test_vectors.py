"""Fields for orbits: what they are, and that they have no divergence."""

import math
from typing import NamedTuple

import numpy as np
import pytest
from crhalo.fields.vectors import (
    Horizontal,
    Sum,
    Uniform,
    XShaped,
    divergence,
    magnetic_field,
    sample,
    vector_field,
)

X = XShaped(B_pol_uG=1.5, R_pol_kpc=5.0, z_open_kpc=3.0, B_phi_uG=2.0, R_core_kpc=1.0, z_B_kpc=2.0)
PLACES = np.random.default_rng(1).uniform(0.5, 8.0, (40, 3))


@pytest.mark.parametrize(
    "field", [Uniform(1.0, 2.0, 3.0), Horizontal(3.0, 2.0), X, Sum(X, Horizontal(3.0, 2.0))]
)
def test_no_divergence(field):
    # Differences of eighth order: what is left is rounding.
    assert np.abs(divergence(field, PLACES, 0.02)).max() < 1e-12


class _Leaking(NamedTuple):
    """The twin: B_z falls with height, and no lines open to make up for it."""

    z_B_kpc: float


@vector_field(_Leaking)
def _(field, x, y, z):
    return 0.0, 0.0, math.exp(-abs(z) / field.z_B_kpc)


def test_divergence_is_seen():
    assert np.abs(divergence(_Leaking(3.0), PLACES, 0.02)).max() > 0.01


def test_kernel_and_python_agree():
    field = Sum(X, Sum(Uniform(0.1, 0.2, 0.3), Horizontal(3.0, 2.0)))
    plain = [magnetic_field(field, *place) for place in PLACES.tolist()]
    np.testing.assert_allclose(sample(field, PLACES), plain, rtol=1e-14)


def test_horizontal_falls_by_e():
    assert magnetic_field(Horizontal(3.0, 2.0), 5.0, 1.0, -2.0) == pytest.approx((3.0 / np.e, 0.0, 0.0))


def test_x_shape_is_smooth_on_the_axis_and_mirrored():
    assert magnetic_field(X, 0.0, 0.0, 0.0) == (0.0, 0.0, X.B_pol_uG)
    up, down = (np.array(magnetic_field(X, 3.0, 0.0, z)) for z in (1.0, -1.0))
    np.testing.assert_allclose(up * [-1, 1, 1], down)


def test_flux_is_kept_along_the_lines():
    # B_z R dR between two lines is the same at every height.
    z = np.array([0.0, 1.0, 4.0])
    opening = 1.0 + (z / X.z_open_kpc) ** 2
    flux = []
    for height, wide in zip(z, opening, strict=True):
        R = np.linspace(2.0 * wide, 3.0 * wide, 2001)
        B_z = sample(X, np.stack([R, 0 * R, 0 * R + height], axis=-1))[:, 2]
        flux.append(np.trapezoid(B_z * R, R))
    np.testing.assert_allclose(flux, flux[0], rtol=1e-6)


def test_unknown_record_is_refused():
    with pytest.raises(KeyError):
        magnetic_field((1.0, 2.0), 0.0, 0.0, 0.0)
