"""Skies beside measurements: what is compared with what, errors of both, maps of any size."""

import numpy as np
import pytest
from contracts import ProductContract, run_of
from crhalo.maps.data.read import Points, lhaaso_plane
from crhalo.maps.light import regions as light
from crhalo.mc.uncertainty import Estimate
from crhalo.scenarios import Run, load
from crhalo.scenarios.products import regions
from crhalo.scenarios.products.regions import MEASURED, at, compared
from crhalo.scenarios.products.registry import products_of

E = np.geomspace(1e3, 1e5, 5)


class TestRegions(ProductContract):
    PRODUCT, FILES = regions.PRODUCT, {"regions.png", "regions.ecsv"}


def power_law(value, slope=-0.7, error=0.1):
    spectrum = value * (E / 1e4) ** slope
    return Estimate(spectrum, error * spectrum, E)


def points(*value):
    E = np.array([2e3, 3e4])
    value = np.array(value)
    return Points("some", E, 0.8 * value, value, 1.4 * value, np.stack([E, E], axis=1))


def test_between_energies_a_power_law_stays_one():
    found = at(np.array([1.7e3, 6e4]), power_law(3.0))
    np.testing.assert_allclose(found.value, 3.0 * np.array([0.17, 6.0]) ** -0.7, rtol=1e-12)
    np.testing.assert_allclose(found.error, 0.1 * found.value, rtol=1e-12)
    assert not at(np.array([2e3]), Estimate(0 * E, 0 * E, E)).value.any()


def test_between_energies_a_cut_off_is_followed():
    """Four energies a decade: to 2% where E^2 I falls as exp(-E/20 TeV), where straight lines are 10% off."""
    energy, between = np.geomspace(1e3, 1e5, 9), np.geomspace(1.3e3, 7.5e4, 40)
    value = np.exp(-energy / 2e4)
    found = at(between, Estimate(value, 0.1 * value, energy)).value
    np.testing.assert_allclose(found, np.exp(-between / 2e4), rtol=0.02)
    straight = np.exp(np.interp(np.log(between), np.log(energy), np.log(value)))
    assert np.abs(straight / np.exp(-between / 2e4) - 1.0).max() > 0.1


def test_there_is_nothing_beyond_the_last_light():
    value = np.where(E < 5e4, power_law(1.0).value, 0.0)
    found = at(np.array([2e4, 6e4]), Estimate(value, 0.1 * value, E))
    assert found.value[0] > 0.0 and found.value[1] == 0.0 and found.error[1] == 0.0


def test_errors_are_those_of_both():
    spectra = {"disc": power_law(2.0), "halo": power_law(1.0), "cgm": power_law(0.5), "total": power_law(3.5)}
    here = at(points(1.0, 1.0).x, spectra["total"]).value
    found = compared(points(*here / 2.0), spectra, MEASURED["lhaaso-inner"])
    np.testing.assert_allclose(found["ratio"].value, 2.0)
    # 10% of the model and 30%, the mean of 20% and 40%, of the measurement.
    np.testing.assert_allclose(found["ratio"].error, 2.0 * np.hypot(0.1, 0.3))
    assert found["region"] == "15 < l < 125, |b| < 5 deg" and "masked" in found["not_left_out_here"]


def test_isotropic_backgrounds_are_held_against_what_is_outside_alone():
    """The Galaxy is taken off such data: a disc a thousand times as bright changes nothing."""
    for name in ("fermi-igrb", "icecube-combined", "icecube-mese"):
        spectra = {"disc": power_law(1e3), "halo": power_law(10.0), "cgm": power_law(0.5)}
        spectra["total"] = power_law(1010.5)
        here = at(points(1.0, 1.0).x, spectra["cgm"]).value
        found = compared(points(*here), spectra, MEASURED[name])
        assert found["compared"] == "cgm"
        np.testing.assert_allclose(found["ratio"].value, 1.0)


def test_measured_points_in_the_units_of_the_sky():
    inner = lhaaso_plane("inner")
    assert inner.x[0] == pytest.approx(12.6e3)
    # 6.61e-13 /TeV/cm2/s/sr at 12.6 TeV.
    assert inner.value[0] == pytest.approx(6.61e-13 * 12.6**2 * 1e3)
    assert np.all(inner.errors > 0) and np.all(inner.edges[:, 0] < inner.x)
    assert lhaaso_plane("outer").x.size == 5


def test_who_has_it():
    def names(scenario):
        return [product.name for product in products_of(Run(scenario, None, None, None))]

    assert "regions" in names(load("cascade-halo")) and "regions" not in names(load("m31"))
    between = load("circumgalactic").with_overrides(["sky.energies=['820 GeV', '900 GeV', 2]"])
    assert "regions" not in names(between)


@pytest.fixture(scope="module")
def run(coarse_errors):
    return run_of("circumgalactic")


@pytest.fixture(scope="module")
def means(run):
    """Of gamma rays in three regions, from maps of 2 and of 16."""
    where = [light.REGIONS[name] for name in ("lhaaso-inner", "high-latitudes", "whole-sky")]
    return {
        nside: light.means_over(run.sky_model, "gamma", run.sky("gamma", [1e3, 1e5], nside), where)
        for nside in (2, 16)
    }


def test_means_do_not_depend_on_the_map(means):
    """A strip of 10 deg on pixels of 29 deg: 0.3% at most, by what absorption does within pixels."""
    for coarse, fine in zip(means[2], means[16], strict=True):
        for name, mean in fine.items():
            np.testing.assert_allclose(coarse[name].value, mean.value, rtol=3e-3)
            np.testing.assert_allclose(coarse[name].error, mean.error, rtol=3e-3)


def test_a_map_alone_would(run, means):
    """Twin: the pixels of the map by their shares, without what they cannot resolve."""
    sky = run.sky("gamma", [1e3], 2)
    shares = light.REGIONS["lhaaso-inner"].shares(2)
    alone = sky.maps["disc"][0] @ shares / shares.sum()
    assert abs(alone / means[16][0]["disc"].value[0] - 1.0) > 0.2


def test_components_add_up_and_the_whole_sky_is_its_mean(run, means):
    for mean in means[16]:
        parts = sum(mean[name].value for name in ("disc", "halo", "cgm"))
        np.testing.assert_allclose(parts, mean["total"].value, rtol=1e-12)
    sky = run.sky("gamma", [1e3, 1e5], 16)
    for name, mean in means[16][2].items():
        np.testing.assert_allclose(mean.value, sky.mean[name].value, rtol=0.02)
        np.testing.assert_allclose(mean.error, sky.mean[name].error, rtol=0.05)


def test_the_places_of_regions_are_weighed_once(run, monkeypatch):
    """What a region sees of each node is the same for gamma rays and neutrinos, and under any spectrum."""
    weighed = []
    before = light.region_weights

    def told(*given, **end):
        weighed.append(given)
        return before(*given, **end)

    monkeypatch.setattr(light, "region_weights", told)
    where = [light.REGIONS["tibet-outer"]]
    for secondary in ("gamma", "neutrino"):
        light.means_over(run.sky_model, secondary, run.sky(secondary, [1e3, 1e5], light._FINE_NSIDE), where)
    steeper = run.reweight(slope=2.2)
    light.means_over(steeper.sky_model, "gamma", steeper.sky("gamma", [1e3, 1e5], light._FINE_NSIDE), where)
    assert len(weighed) == 1
