"""The sky from the Sun: geometry, known integrals, and the table against the function."""

import healpy
import numpy as np
import pytest
from crhalo.maps.light.rays.weights import pixel_weights
from crhalo.maps.light.sky import SUN_R_KPC, SUN_Z_KPC, lit_channels, sky_map, table_sky_map
from scipy.interpolate import RegularGridInterpolator

KPC_CM = 3.0856775814913674e21


def lon_lat(nside):
    return np.array(healpy.pix2ang(nside, np.arange(12 * nside**2), lonlat=True))


def disc(x, y, z):
    return np.exp(-np.abs(z) / 0.1) * (np.hypot(x, y) < 10)


def disc_column(nside):
    """Line integral of `disc` along the exact ray of each pixel centre."""
    l, b = np.radians(lon_lat(nside))
    x, cos2, sin_b = np.cos(b) * np.cos(l), np.cos(b) ** 2, np.sin(b)
    s = (SUN_R_KPC * x + np.sqrt((SUN_R_KPC * x) ** 2 + cos2 * (100 - SUN_R_KPC**2))) / cos2
    sin_b = np.where(np.abs(sin_b) < 1e-9, 1e-9, sin_b)
    primitive = lambda z: np.sign(z) * 0.1 * -np.expm1(-np.abs(z) / 0.1)  # noqa: E731
    return (primitive(SUN_Z_KPC + s * sin_b) - primitive(SUN_Z_KPC)) / sin_b


def blob(l, b, distance, sigma=0.4):
    """A Gaussian blob of unit luminosity per kpc^3, seen in the direction (l, b)."""
    l, b = np.radians([l, b])
    x0 = distance * np.cos(b) * np.cos(l) - SUN_R_KPC
    y0, z0 = distance * np.cos(b) * np.sin(l), distance * np.sin(b) + SUN_Z_KPC
    norm = (2 * np.pi * sigma**2) ** -1.5
    return lambda x, y, z: norm * np.exp(-((x - x0) ** 2 + (y - y0) ** 2 + (z - z0) ** 2) / (2 * sigma**2))


def blob_found(q, l, b, distance):
    """Is the blob in its pixel, with flux L/(4 pi d^2)?"""
    nside = 32
    sky = sky_map(q, nside)
    flux = sky.sum() * healpy.nside2pixarea(nside) / KPC_CM
    # <1/d^2> of a Gaussian blob is (1 + sigma^2/d^2)/d^2 to this order.
    expected = (1 + (0.4 / distance) ** 2) / (4 * np.pi * distance**2)
    there = np.sum(sky * healpy.pix2vec(nside, np.arange(sky.size)), axis=1)
    turn = np.linalg.norm(there / np.linalg.norm(there) - healpy.ang2vec(l, b, lonlat=True))
    return np.degrees(turn) < 0.1 and abs(flux / expected - 1) < 0.01


@pytest.mark.parametrize(("l", "b", "distance"), [(90, 0, 5), (0, 0, 8.178), (30, 20, 12), (200, -60, 6)])
def test_blob_lands_where_it_is(l, b, distance):
    assert blob_found(blob(l, b, distance), l, b, distance)


def test_a_sky_with_longitude_swapped_is_caught():
    q = blob(90, 0, 5)
    assert not blob_found(lambda x, y, z: q(x, -y, z), 90, 0, 5)


def test_uniform_sphere_about_the_sun():
    sphere = lambda x, y, z: 1.0 * ((x + SUN_R_KPC) ** 2 + y**2 + (z - SUN_Z_KPC) ** 2 < 20**2)  # noqa: E731
    np.testing.assert_allclose(sky_map(sphere, 4), 20 * KPC_CM / (4 * np.pi), rtol=0.01)


def test_uniform_galactocentric_sphere_with_absorption():
    k = np.array([0.0, 0.01, 0.14])
    sky = sky_map(lambda x, y, z: np.ones((*x.shape, 3)), 8, absorption_per_kpc=k, r_max_kpc=30)
    l, b = np.radians(lon_lat(8))
    along = SUN_R_KPC * np.cos(b) * np.cos(l) - SUN_Z_KPC * np.sin(b)
    end = along + np.sqrt(along**2 + 30**2 - SUN_R_KPC**2 - SUN_Z_KPC**2)
    exact = np.array([end, *(-np.expm1(-k[1:, None] * end) / k[1:, None])]) * KPC_CM / (4 * np.pi)
    far = np.abs(np.degrees(b)) > 50  # a fan of rays is no single ray
    np.testing.assert_allclose(sky[:, far], exact[:, far], rtol=5e-4)
    np.testing.assert_allclose(sky, exact, rtol=5e-3)


def test_thin_disc_towards_the_pole():
    sky = sky_map(disc, 64)
    north = 0.1 * np.exp(-SUN_Z_KPC / 0.1)
    for l, b, column in ((0, 90, north), (0, -90, 0.2 - north)):
        direction = healpy.ang2pix(64, l, b, lonlat=True)
        assert sky[direction] * 4 * np.pi / KPC_CM == pytest.approx(column, rel=1e-3)


@pytest.mark.parametrize("nside", [16, 64])
def test_thin_disc_in_every_pixel(nside):
    exact = healpy.ud_grade(disc_column(1024), nside)
    sky = sky_map(disc, nside) * 4 * np.pi / KPC_CM
    assert np.abs(sky / exact - 1).max() < 0.01
    assert np.std(sky / exact) < 0.002
    assert sky.sum() / exact.sum() == pytest.approx(1, abs=0.002)


def test_table_agrees_with_function():
    R = np.concatenate([np.linspace(0, 9.9999, 60), np.linspace(10.0001, 100, 60)])
    z = np.concatenate([np.linspace(0, 1, 80), np.geomspace(1.05, 100, 60)])

    def q(x, y, z):
        cgm = 0.02 / (1 + (x**2 + y**2 + z**2) / 400)
        return np.stack([disc(x, y, z), disc(x, y, z) + cgm, cgm], axis=-1)

    k = np.array([0.0, 0.05, 0.14])
    table = q(*np.meshgrid(R, 0.0, z, indexing="ij"))[:, 0]
    by_table = table_sky_map(table, R, z, 16, absorption_per_kpc=k)
    by_function = sky_map(q, 16, absorption_per_kpc=k)
    assert by_table.shape == by_function.shape == (3, 3072)
    np.testing.assert_allclose(by_table, by_function, rtol=3e-3)
    single = table_sky_map(table.astype(np.float32), R, z, 16, absorption_per_kpc=k)
    np.testing.assert_allclose(single, by_table, rtol=1e-5)


def test_table_is_held_inside_and_empty_outside():
    sky = table_sky_map(np.ones((2, 2, 1)), [0.5, 12], [0.2, 3], 4)[0]
    towards_pole = healpy.ang2pix(4, 0, 89, lonlat=True)
    b = np.radians(lon_lat(4)[1, towards_pole])
    column = (3 - SUN_Z_KPC) / np.sin(b) * KPC_CM / (4 * np.pi)
    assert sky[towards_pole] == pytest.approx(column, rel=0.03)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="Sun outside"):
        sky_map(disc, 4, r_max_kpc=5)
    with pytest.raises(ValueError, match="table has shape"):
        table_sky_map(np.ones((3, 2, 1)), [0, 1], [0, 1], 4)
    with pytest.raises(ValueError, match="R_kpc must be"):
        table_sky_map(np.ones((2, 2, 1)), [1, 1], [0, 1], 4)


def axisymmetric_table():
    """Two channels, dark in different places, on nodes in R and |z|."""
    R, z = np.linspace(0.0, 30.0, 31), np.linspace(0.0, 30.0, 41)
    r = np.hypot(R[:, None], z)
    return np.stack([np.exp(-r / 3.0) * (r < 12.0), np.exp(-r / 20.0) * (r > 14.0)], axis=-1), R, z


def test_dark_channels_of_a_cell_are_left_out_and_no_others():
    table, _, _ = axisymmetric_table()
    lit = lit_channels(table)
    corners = [table[:-1, :-1], table[1:, :-1], table[:-1, 1:], table[1:, 1:]]
    bright = np.any([each != 0 for each in corners], axis=0)
    taken = (np.arange(2) >= lit[..., :1]) & (np.arange(2) < lit[..., 1:])
    np.testing.assert_array_equal(taken, bright)


def test_a_channel_is_what_it_is_alone():
    """Channels are added in whole blocks, dark ones among them, whatever their number."""
    two, R, z = axisymmetric_table()
    bright = np.random.default_rng(1).random(40)
    table = np.where(np.arange(40) % 7 < 3, two[..., :1], two[..., 1:]) * bright
    table[..., 16:32] = 0.0
    absorption = np.linspace(0.0, 0.1, 40)
    end = {"r_max_kpc": 30.0, "disc_radius_kpc": 10.0}
    found = table_sky_map(table, R, z, 4, absorption_per_kpc=absorption, **end)
    assert found.shape == (40, 192) and not found[16:32].any()
    for channel in (0, 5, 15, 20, 33, 39):
        alone = table[..., channel : channel + 1]
        (known,) = table_sky_map(alone, R, z, 4, absorption_per_kpc=absorption[channel], **end)
        np.testing.assert_allclose(found[channel], known, rtol=1e-13)


def test_rays_on_one_side_of_the_centre_are_enough():
    """The map of a table is that of the same function along all rays, and the sum of what its nodes weigh."""
    table, R, z = axisymmetric_table()
    end = {"r_max_kpc": 30.0, "disc_radius_kpc": 10.0}
    found = table_sky_map(table, R, z, 8, **end)

    def q(x, y, z_kpc):
        places = np.hypot(x, y), np.abs(z_kpc)
        return RegularGridInterpolator((R, z), table, bounds_error=False, fill_value=0.0)(
            np.stack(places, -1)
        )

    np.testing.assert_allclose(found, sky_map(q, 8, **end), rtol=1e-10)
    weights, at = pixel_weights(R, z, 8, **end)
    np.testing.assert_allclose(found, np.einsum("pij,ijc->cp", weights, table)[:, at], rtol=1e-10)
    assert len(weights) < 0.53 * at.size
