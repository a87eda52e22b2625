"""Structure of skies that are known: multipoles, profiles, noise, distances; and the figures of it."""

import healpy
import numpy as np
import pytest
from crhalo.fields.units import KPC_CM
from crhalo.maps.figures.page import save
from crhalo.maps.figures.structure import relative_error_maps, sky_structure
from crhalo.maps.light.sky import SUN_R_KPC, SUN_Z_KPC, table_sky_map
from crhalo.maps.light.structure import (
    contribution_by_distance,
    latitude_profile,
    longitude_profile,
    multipoles,
    power_spectrum,
)
from crhalo.mc.uncertainty import Estimate

NSIDE = 8
N = np.array(healpy.pix2vec(NSIDE, np.arange(12 * NSIDE**2)))
SUN_FROM_CENTRE = np.hypot(SUN_R_KPC, SUN_Z_KPC)


def replicas(sky, noise=0.0, batches=32, energies=1, seed=1):
    """Replicas of a sky of which each batch has its own noise in each pixel."""
    rng = np.random.default_rng(seed)
    batch = sky + noise * rng.standard_normal((batches, energies, sky.shape[-1]))
    total = batch.sum(axis=0)
    return np.concatenate([total[None] / batches, (total - batch) / (batches - 1)])


def axis_of(l, b):
    return healpy.ang2vec(l, b, lonlat=True) @ N


# -- multipoles ----------------------------------------------------------------------------


@pytest.mark.parametrize(("l", "b"), [(0, 0), (90, 0), (137, 50), (300, -20)])
def test_dipole_and_quadrupole(l, b):
    c = axis_of(l, b)
    found = multipoles(replicas(7 * (1 + 0.2 * c + 0.3 * (1.5 * c**2 - 0.5))))
    assert found["dipole"].value == pytest.approx(0.2, rel=1e-3)
    assert (found["dipole_l_deg"].value - l + 180) % 360 - 180 == pytest.approx(0, abs=1e-3)
    assert found["dipole_b_deg"].value == pytest.approx(b, abs=0.05)
    assert found["quadrupole"].value == pytest.approx(0.3 / np.sqrt(5), rel=2e-3)
    assert all(each.error < 1e-10 for each in found.values())


def test_a_dipole_does_not_depend_on_the_unit_but_on_the_side():
    c = axis_of(30, 40)
    here, there = (multipoles(replicas(3e-20 * (1 + sign * 0.1 * c))) for sign in (1, -1))
    assert there["dipole"].value == pytest.approx(here["dipole"].value)
    assert there["dipole_b_deg"].value == pytest.approx(-here["dipole_b_deg"].value)
    assert there["dipole_l_deg"].value == pytest.approx(210, abs=1e-3)


def test_errors_are_the_scatter():
    # 300 "energies" are 300 realisations of the same sky; the direction is scattered about l = 0.
    found = multipoles(replicas(1 + 0.3 * axis_of(0, 0), 0.5, energies=300))
    for name in ("dipole", "dipole_l_deg", "dipole_b_deg"):
        value = (found[name].value + 180) % 360 - 180
        assert np.sqrt(np.mean(found[name].error ** 2)) == pytest.approx(np.std(value), rel=0.15)
    assert abs(np.mean(found["dipole"].value) - 0.3) < 0.005


def test_power_spectrum_as_healpy():
    sky = 2 + axis_of(20, 10) ** 3 + 0.5 * axis_of(70, -30) ** 6
    C = power_spectrum(replicas(sky), 16).value
    np.testing.assert_allclose(
        C[0, 1:], healpy.anafast(sky / sky.mean() - 1, lmax=16, iter=3)[1:], rtol=1e-6, atol=1e-15
    )
    found = multipoles(replicas(sky))
    assert found["dipole"].value == pytest.approx(np.sqrt(9 * C[:, 1] / (4 * np.pi)))
    assert found["quadrupole"].value == pytest.approx(np.sqrt(5 * C[:, 2] / (4 * np.pi)))


def test_noise_adds_no_power():
    sky = replicas(1 + 0.05 * axis_of(0, 0), 0.5, energies=200)
    found = power_spectrum(sky, 8)
    C = found.value
    noise = 0.5**2 / 32 * 4 * np.pi / N.shape[1]
    expected = np.array([4 * np.pi / 9 * 0.05**2, *np.zeros(7)])
    of_mean = np.std(C[:, 1:], axis=0) / np.sqrt(200)
    np.testing.assert_array_less(np.abs(C[:, 1:].mean(axis=0) - expected), 4 * of_mean)
    assert np.mean(found.error[:, 1]) == pytest.approx(np.std(C[:, 1]), rel=0.15)
    # Without the correction there is the power of the noise, far more than the mean is uncertain.
    plain = power_spectrum(np.repeat(sky[:1], 3, axis=0), 8).value[:, 1:].mean(axis=0)
    np.testing.assert_allclose(plain[1:], noise, rtol=0.1)
    assert np.all(plain[1:] > 8 * of_mean[1:])


def test_lmax_and_dark_skies():
    with pytest.raises(ValueError, match="lmax"):
        power_spectrum(np.ones((3, 1, 768)), 17)
    dark = np.stack([np.zeros((3, 768)), np.ones((3, 768))], axis=1)
    C = power_spectrum(dark, 4).value
    assert np.all(np.isnan(C[0, 1:])) and np.allclose(C[1], 0)
    assert np.isnan(multipoles(dark)["dipole"].value[0])
    alone = power_spectrum(np.ones((1, 1, 768)), 4)
    assert np.allclose(alone.value, 0) and np.all(np.isnan(alone.error))


# -- profiles ------------------------------------------------------------------------------


def test_latitude_profile():
    nside = 64  # a fine map, to have pixels follow sin^2 b
    z = healpy.pix2vec(nside, np.arange(12 * nside**2))[2]
    edges = np.array([-90, -40, -5, 0, 20, 90])
    found = latitude_profile(replicas(4 * (1 + z + z**2)), edges)
    s = np.sin(np.radians(edges))
    exact = 1 + np.diff(s**2 / 2) / np.diff(s) + np.diff(s**3 / 3) / np.diff(s)
    np.testing.assert_allclose(found.value[0], exact / (4 / 3), rtol=2e-3)
    assert np.all(found.error < 1e-10)


def test_longitude_profile():
    nside = 64
    x, _, z = healpy.pix2vec(nside, np.arange(12 * nside**2))
    sky = 1 + 0.8 * x / np.sqrt(1 - z**2) * (np.abs(z) < 0.5)  # 1 + 0.8 cos l within |b| = 30 deg
    edges = np.array([-180, -60, 0, 10, 100, 180])
    value = longitude_profile(replicas(sky), edges, 25).value
    exact = 1 + 0.8 * np.diff(np.sin(np.radians(edges))) / np.radians(np.diff(edges))
    np.testing.assert_allclose(value[0], exact, rtol=3e-3)
    turned = longitude_profile(replicas(sky), [100, 180, 300], 25).value
    assert turned[0] == pytest.approx([exact[-1], exact[0]], rel=3e-3)
    everywhere = longitude_profile(replicas(sky), [-180, 180]).value
    assert everywhere[0, 0] == pytest.approx(1, abs=1e-3)


def test_profile_of_coarse_pixels_keeps_the_mean():
    sky = replicas(1 + axis_of(40, 60) ** 2, 0.1)
    edges = np.array([-90, -33, -4, 3, 71, 90])
    found = latitude_profile(sky, edges)
    assert (found.value[0] * np.diff(np.sin(np.radians(edges)))).sum() / 2 == pytest.approx(1, abs=2e-3)
    assert found.error[0] == pytest.approx(
        0.1 / np.sqrt(32 * 384 * np.diff(np.sin(np.radians(edges)))), rel=0.7
    )
    for wrong in ([0, 0, 10], [10, 0], [0.01, 0.02]):
        with pytest.raises(ValueError, match="edges"):
            latitude_profile(sky, wrong)


# -- from how far --------------------------------------------------------------------------


def sphere_share_exact(a):
    """Integral of dV/(16 pi^2 d^2) over a sphere about the Galactic centre."""
    D = SUN_FROM_CENTRE
    return (a + (a**2 - D**2) / (2 * D) * np.log((a + D) / np.abs(a - D))) / (8 * np.pi)


def test_parts_of_a_sphere():
    r = np.append(np.geomspace(0.3, 29.9, 60), [30.0, 80.0])
    q = np.array([1.0, 2.0])[:, None, None, None] * np.ones((2, 3, 2, 5))
    nodes = np.array([0, 40.0]), np.array([0, 1.0, 2.0, 7.0, 40.0])
    within, mean = contribution_by_distance(q, *nodes, r, r_max_kpc=30.0)
    assert within.shape == (2, 3, 62) and mean.shape == (2, 3)
    np.testing.assert_allclose(mean[0] / KPC_CM, sphere_share_exact(30.0), rtol=5e-4)
    share = within / mean[..., None]
    exact = sphere_share_exact(np.minimum(r, 30.0)) / sphere_share_exact(30.0)
    np.testing.assert_allclose(share[1, 2], exact, atol=1e-3)
    np.testing.assert_allclose(within[1], 2 * within[0])
    assert share[0, 0, -1] == pytest.approx(1)


def test_disc_about_the_sun_agrees_with_its_map():
    R = np.concatenate([np.arange(0, 10, 0.25), [9.999, 10.001, 20]])
    z = np.concatenate([np.arange(0, 1, 0.02), [1, 5, 20]])
    q = np.exp(-z / 0.1) * (R[:, None] < 10)
    sky = table_sky_map(q[..., None], R, z, 16)[0]
    within, mean = contribution_by_distance(q, R, z, np.linspace(0.1, 12, 120))
    assert mean == pytest.approx(sky.mean(), rel=2e-3)
    assert np.all(np.diff(within) >= 0)
    # The sum over the cells of the nodes, without care about the Sun, is off by more.
    Rm, zm = (R[1:] + R[:-1]) / 2, (z[1:] + z[:-1]) / 2
    qm = np.exp(-zm / 0.1) * (Rm[:, None] < 10)
    d = np.hypot(Rm[:, None] - SUN_R_KPC, zm) * np.hypot(Rm[:, None] + SUN_R_KPC, zm)
    naive = np.sum(qm * Rm[:, None] / (4 * np.pi * d) * np.diff(R)[:, None] * np.diff(z)) * KPC_CM
    assert abs(naive / sky.mean() - 1) > 0.005


def test_nothing_beyond_the_nodes_and_held_inside_the_first():
    r = np.array([10.0])
    q = np.ones((2, 2))
    full = contribution_by_distance(q, [0.0, 20.0], [0.0, 3.0], r)[1]
    held = contribution_by_distance(q, [5.0, 20.0], [0.5, 3.0], r)[1]
    assert held == pytest.approx(full, rel=1e-4)
    assert contribution_by_distance(q, [0.0, 30.0], [0.0, 3.0], r)[1] > 1.02 * full
    with pytest.raises(ValueError, match="increase"):
        contribution_by_distance(q, [0, 1.0], [0, 1.0], [2.0, 1.0])


# -- figures -------------------------------------------------------------------------------


def png(path):
    return path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n" and path.stat().st_size > 10_000


def test_figures_draw(tmp_path):
    energies = ("1 TeV", "10 TeV", "100 TeV")
    sky = replicas(1 + 0.9 * N[0] ** 4, 0.05, energies=3)
    b, l, r = np.linspace(-90, 90, 13), np.linspace(-180, 180, 13), np.geomspace(0.5, 100, 40)

    def curves(estimate):
        pairs = zip(energies, estimate.value, estimate.error, strict=True)
        return {E: Estimate(value, error) for E, value, error in pairs}

    share = np.array([r / (r + a) for a in (5, 10, 20)])
    figure = sky_structure(
        curves(power_spectrum(sky, 16)),
        b,
        curves(latitude_profile(sky, b)),
        l,
        curves(longitude_profile(sky, l, 30)),
        r,
        curves(Estimate(share, 0.03 * share)),
        title="Neutrinos",
        b_max_deg=30,
    )
    save(figure, tmp_path / "a.png")
    errors = relative_error_maps({"one": 0.01 + N[2] ** 4, "none": 0 * N[0]}, title="Errors")
    save(errors, tmp_path / "b.png")
    assert png(tmp_path / "a.png") and png(tmp_path / "b.png")
