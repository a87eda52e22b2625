"""The galaxy from outside: known integrals with true perspective, and fluxes."""

import numpy as np
import pytest
from crhalo.maps.figures import outside as outside_figures
from crhalo.maps.figures.page import save
from crhalo.maps.light import outside
from crhalo.mc.uncertainty import Estimate

KPC_CM = 3.0856775814913674e21
UNIT = KPC_CM / (4 * np.pi)  # intensity of a column of 1 kpc with q = 1
TO_120 = np.array([0.0, 120.0])
# Nodes of 12.5 pc at the plane as in a run, coarse far away.
R_NODES = np.concatenate([np.arange(0, 24, 0.25), np.arange(24, 101, 2.0)])
Z_NODES = np.concatenate([np.arange(0, 0.5, 0.0125), np.arange(0.5, 1, 0.05), np.arange(1, 101, 3.0)])
RINGS = np.array([0.0, 0.5, 1, 2, 4, 6, 8, 10, 14, 20, 30, 50])


def sphere_rim_kpc(distance):
    return 100 / np.sqrt(1 - (100 / distance) ** 2)


def sphere_image(x, distance, seen_from=None):
    """A uniform sphere of 100 kpc, and what is expected at `distance`; its nodes do not start at 0."""
    image = outside.outside_image(
        np.ones((2, 2, 1)), [3, 120], [1, 120], x, [0.0, 20.0],
        distance_kpc=seen_from or distance, inclination_deg=77, r_max_kpc=100,
    )[0]  # fmt: skip
    rho2 = x**2 + np.array([[0.0], [20.0]]) ** 2
    return image, UNIT * 2 * np.sqrt(100**2 - rho2 / (1 + rho2 / distance**2))


@pytest.mark.parametrize("distance", [150.0, 780.0])
def test_uniform_sphere(distance):
    x = np.linspace(-90, 90, 13)
    image, expected = sphere_image(x, distance)
    assert image == pytest.approx(expected, rel=1e-6)
    parallel, _ = sphere_image(x, distance, seen_from=1e7)
    assert np.abs(parallel / expected - 1).max() > 0.02
    assert 2 * image != pytest.approx(expected, rel=0.5)  # 1/(2 pi) for 1/(4 pi)


@pytest.mark.parametrize(("distance", "far_is_enough"), [(150.0, False), (1e5, True)])
def test_flux_of_a_uniform_sphere(distance, far_is_enough):
    rings = np.linspace(0, sphere_rim_kpc(distance), 9)
    view = {"distance_kpc": distance, "inclination_deg": 30, "r_max_kpc": 100}
    profile = outside.radial_profile(np.ones((2, 2, 1)), TO_120, TO_120, rings, **view)
    flux = outside.flux_within(profile, rings, distance)[0, -1]
    # integral dV/s^2 over a sphere seen from outside; V/d^2 from afar
    a, d = 100.0, distance
    exact = np.pi * (2 * a - (d - a) * (d + a) / d * np.log((d + a) / (d - a))) if d < 1e3 else np.nan
    far = 4 / 3 * np.pi * a**3 / d**2
    assert flux == pytest.approx(UNIT * (far if far_is_enough else exact), rel=0.005)
    assert far_is_enough or flux != pytest.approx(UNIT * far, rel=0.1)


def thin_disc(scale_R=np.inf):
    """exp(-|z|/0.1 kpc - R/scale)."""
    return (np.exp(-Z_NODES / 0.1) * np.exp(-R_NODES[:, None] / scale_R))[..., None]


def disc_at(inclination, x=(0.0,)):
    view = {"distance_kpc": 780, "inclination_deg": inclination, "r_max_kpc": 100}
    return outside.outside_image(thin_disc(), R_NODES, Z_NODES, x, [0.0], **view)[0, 0] / UNIT


@pytest.mark.parametrize("inclination", [0, 60, 77])
def test_thin_disc_at_the_centre(inclination):
    expected = 2 * 0.1 / np.cos(np.radians(inclination))
    assert disc_at(inclination, [-5.0, 0.0, 5.0]) == pytest.approx(expected, rel=0.005)


def test_even_steps_along_the_ray_lose_the_disc(monkeypatch):
    def even(rays, R, z, r_max):
        return np.sqrt(r_max**2 - rays.impact**2) * np.linspace(-1, 1, 401)

    monkeypatch.setattr(outside._Rays, "cuts", even)
    assert disc_at(0)[0] != pytest.approx(0.2, rel=0.05)


def disc_luminosity(inclination, distance=1e5):
    """4 pi d^2 times the flux of a disc whose volume integral is 4 pi 0.1 3^2, over that."""
    view = {"distance_kpc": distance, "inclination_deg": inclination, "r_max_kpc": 100}
    profile = outside.radial_profile(thin_disc(3.0), R_NODES, Z_NODES, RINGS, **view)
    flux = outside.flux_within(profile, RINGS, distance)[0, -1]
    return 4 * np.pi * distance**2 * flux / KPC_CM / (4 * np.pi * 0.1 * 3**2)


@pytest.mark.parametrize("inclination", [0, 30, 77, 90])
def test_total_flux_does_not_depend_on_inclination(inclination):
    assert disc_luminosity(inclination) == pytest.approx(1, rel=0.005)


def test_evenly_spaced_azimuths_lose_the_disc_edge_on(monkeypatch):
    monkeypatch.setattr(outside, "_AZIMUTHS", 10)
    assert disc_luminosity(90) == pytest.approx(1, rel=0.01)
    monkeypatch.setattr(outside, "_THIN_KPC", 1e3)
    assert disc_luminosity(90) != pytest.approx(1, rel=0.02)


HALO = (np.exp(-np.hypot(R_NODES[:, None], Z_NODES) / 8) * np.exp(-Z_NODES / 10))[..., None]
NEAR = {"distance_kpc": 200, "inclination_deg": 77, "r_max_kpc": 100}


def test_image_and_rings_hold_the_same_flux():
    x = np.linspace(-49.5, 49.5, 100)
    image = outside.outside_image(HALO, R_NODES, Z_NODES, x, x, **NEAR)[0]
    rho = np.hypot(x, x[:, None])
    flux = np.sum((image * 200 / (200**2 + rho**2) ** 1.5)[rho < 50])
    profile = outside.radial_profile(HALO, R_NODES, Z_NODES, RINGS, **NEAR)
    rings = outside.flux_within(profile, RINGS, 200)[0, -1]
    assert rings == pytest.approx(flux, rel=0.003)
    # the plane of the sky is not a sphere about the observer
    assert rings != pytest.approx(np.sum(image[rho < 50]) / 200**2, rel=0.003)


def test_solid_angle_of_a_ring():
    assert outside.ring_solid_angle_sr([0, 1e9], 1.0) == pytest.approx(2 * np.pi)
    assert outside.ring_solid_angle_sr([0, 0.1, 0.2], 780.0) == pytest.approx(
        np.pi * np.array([0.01, 0.03]) / 780**2, rel=1e-6
    )


def test_a_hoop_is_where_perspective_puts_it():
    # R = 40 kpc at z = 0: the near side, y < 0, reaches R cos i d/(d - R sin i), the far one d + R sin i.
    R, z = np.array([0, 39.5, 40, 40.5, 100]), np.array([0, 0.5, 100])
    hoop = np.zeros((5, 3, 1))
    hoop[2, 0] = 1
    grid = np.arange(-60, 60.01, 0.25)
    view = {"distance_kpc": 200, "inclination_deg": 60, "r_max_kpc": 100}
    minor = outside.outside_image(hoop, R, z, [0.0], grid, **view)[0, :, 0]
    major = outside.outside_image(hoop, R, z, grid, [0.0], **view)[0, 0]
    cos_i, sin_i = 0.5, np.sqrt(3) / 2
    near, far = (40 * cos_i * 200 / (200 + sign * 40 * sin_i) for sign in (-1, 1))
    low, high = grid[grid < 0], grid[grid > 0]
    assert low[minor[grid < 0].argmax()] == pytest.approx(-near, abs=0.3)
    assert high[minor[grid > 0].argmax()] == pytest.approx(far, abs=0.3)
    assert near - far > 7
    # the major axis bulges, as the near half is seen larger: its brightest point is at R, the tangent
    assert high[major[grid > 0].argmax()] == pytest.approx(40, abs=0.5)


def test_one_response_serves_all_channels():
    table = HALO * np.array([1.0, 3.0, 0.5])
    response = outside.ring_response(R_NODES, Z_NODES, RINGS[:4], **NEAR)
    profile = outside.radial_profile(table, R_NODES, Z_NODES, RINGS[:4], **NEAR)
    assert np.tensordot(response, table, axes=2).T == pytest.approx(profile)
    assert profile[1] == pytest.approx(3 * profile[0])
    assert np.all(np.diff(profile[0]) < 0)


def test_what_cannot_be():
    with pytest.raises(ValueError, match="must exceed"):
        outside.ring_response(TO_120, TO_120, RINGS, **(NEAR | {"distance_kpc": 90}))
    with pytest.raises(ValueError, match="table has shape"):
        outside.radial_profile(np.ones((2, 3, 1)), TO_120, TO_120, RINGS, **NEAR)
    with pytest.raises(ValueError, match="R_kpc"):
        outside.outside_image(np.ones((2, 2, 1)), [1, 0], TO_120, [0], [0], **NEAR)
    with pytest.raises(ValueError, match="ring_edges_kpc"):
        outside.ring_response(TO_120, TO_120, [1, 1], **NEAR)


@pytest.mark.parametrize("factor", [1.0, 0.0])
def test_figure(tmp_path, factor):
    x = np.linspace(-20, 20, 21)
    image = factor * 1e-7 * np.exp(-np.hypot(x, x[:, None]) / 5)
    value = factor * 1e-7 * np.exp(-RINGS[1:] / 8)
    profiles = {name: Estimate(value, 0.1 * value) for name in ("total", "halo")}
    path = tmp_path / "a.png"
    figure = outside_figures.galaxy_from_outside(
        image, x, x, RINGS, profiles, energy_GeV=1.0, title="From outside"
    )
    save(figure, path)
    assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n" and path.stat().st_size > 10_000
