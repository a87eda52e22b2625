"""Regions of the sky: which directions they hold, their area on maps of any size, a thin disc within them."""

import healpy
import numpy as np
import pytest
from crhalo.fields.units import KPC_CM
from crhalo.maps.light import regions
from crhalo.maps.light.regions import REGIONS, region_weights
from crhalo.maps.light.sky import SUN_R_KPC, SUN_Z_KPC

INNER = REGIONS["lhaaso-inner"]


def test_limits_of_the_papers():
    said = {name: str(region) for name, region in REGIONS.items()}
    assert said["lhaaso-inner"] == "15 < l < 125, |b| < 5 deg"
    assert said["lhaaso-outer"] == "125 < l < 235, |b| < 5 deg"
    assert said["tibet-inner"] == "25 < l < 100, |b| < 5 deg"
    assert said["tibet-outer"] == "50 < l < 200, |b| < 5 deg"
    assert said["high-latitudes"] == "|b| > 20 deg" and said["whole-sky"] == "whole sky"


def test_directions_within():
    l, b = np.array([60.0, -60.0, 420.0, 60.0, 60.0, 14.9]), np.array([0.0, 0.0, -4.9, 5.1, -5.1, 0.0])
    assert INNER.contains(l, b).tolist() == [True, False, True, False, False, False]
    through_zero = INNER._replace(l_deg=(350.0, 370.0))
    assert through_zero.contains([355.0, 5.0, 15.0], 0.0).tolist() == [True, True, False]


@pytest.mark.parametrize("name", REGIONS)
@pytest.mark.parametrize("nside", [1, 2, 16, 64])
def test_shares_add_up_to_the_solid_angle(name, nside):
    region = REGIONS[name]
    shares = region.shares(nside)
    assert shares.min() >= -1e-12 and shares.max() <= 1.0 + 1e-12
    found = shares.sum() * healpy.nside2pixarea(nside)
    assert found == pytest.approx(region.solid_angle_sr, rel=2e-5)


def test_pixels_taken_whole_or_not_at_all_are_noticed():
    """Twin of the shares: what pixel centres say is 0.5% off on a map of 64, and 5% on one of 16."""
    for nside, off in ((64, 0.005), (16, 0.05)):
        centres = healpy.pix2ang(nside, np.arange(12 * nside**2), lonlat=True)
        whole = INNER.contains(*centres).sum() * healpy.nside2pixarea(nside)
        assert abs(whole / INNER.solid_angle_sr - 1.0) > off


def test_shares_are_those_of_much_smaller_pixels():
    fine = INNER.contains(*healpy.pix2ang(512, np.arange(12 * 512**2), nest=True, lonlat=True))
    counted = fine.reshape(12 * 32**2, -1).mean(axis=1)[healpy.ring2nest(32, np.arange(12 * 32**2))]
    # Rows of small pixels are 0.11 deg apart, those of large ones 1.8 deg.
    np.testing.assert_allclose(INNER.shares(32), counted, atol=0.07)


# -- a thin disc ---------------------------------------------------------------------------

HEIGHT_KPC = 0.1
R_KPC = np.array([0.0, 5.0, 9.999999, 10.000001, 30.0])
Z_KPC = np.append(np.linspace(0.0, 1.5, 301), 30.0)
DISC = np.exp(-Z_KPC / HEIGHT_KPC) * (R_KPC < 10.0)[:, None]


def mean_of_disc(where, nside):
    weights = region_weights(where, (R_KPC, Z_KPC), nside, r_max_kpc=30.0, disc_radius_kpc=10.0)
    return (weights * DISC).sum(axis=(1, 2))


def exact_mean(region):
    """Of exp(-|z|/0.1 kpc) within R < 10 kpc, from the columns of 360 by 4000 rays."""
    edges = np.sin(np.radians(region.b_deg[1])) * np.linspace(-1.0, 1.0, 4001)
    sin_b = 0.5 * (edges[1:] + edges[:-1])
    l = np.radians(region.l_deg[0] + (np.arange(360) + 0.5) / 360 * (region.l_deg[1] - region.l_deg[0]))
    along, cos2 = np.cos(l)[:, None] * np.sqrt(1.0 - sin_b**2), 1.0 - sin_b**2
    end = (SUN_R_KPC * along + np.sqrt((SUN_R_KPC * along) ** 2 + cos2 * (100.0 - SUN_R_KPC**2))) / cos2

    def primitive(z):
        return np.sign(z) * HEIGHT_KPC * -np.expm1(-np.abs(z) / HEIGHT_KPC)

    column = (primitive(SUN_Z_KPC + end * sin_b) - primitive(SUN_Z_KPC)) / sin_b
    return column.mean() * KPC_CM / (4.0 * np.pi)


@pytest.mark.parametrize("name", ["lhaaso-inner", "lhaaso-outer", "tibet-outer"])
def test_mean_of_a_thin_disc(name):
    """To 0.3%: of that, steps along a ray are 0.05%, and the pixels next to the edges 0.1%."""
    region = REGIONS[name]
    assert mean_of_disc([region], regions._FINE_NSIDE)[0] == pytest.approx(exact_mean(region), rel=3e-3)


def test_pixels_too_large_for_it_are_noticed():
    """Twin: the same on a map of 8, whose pixels are 7 deg wide."""
    assert abs(mean_of_disc([INNER], 8)[0] / exact_mean(INNER) - 1.0) > 0.03


def test_a_region_on_the_other_side_of_the_centre_sees_the_same():
    """What is axisymmetric shines alike at l and -l; the outer Galaxy is fainter than the inner."""
    west = INNER._replace(l_deg=(235.0, 345.0))
    east, west, outer = mean_of_disc([INNER, west, REGIONS["lhaaso-outer"]], 32)
    assert east == pytest.approx(west, rel=1e-6) and outer < 0.5 * east
