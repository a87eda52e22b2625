"""Nuclei, antiprotons and positrons at the Sun beside measurements: what is compared, and how far off."""

from types import SimpleNamespace

import numpy as np
import pytest
from astropy.table import Table
from contracts import ProductContract
from crhalo.fields.units import KPC_CM
from crhalo.maps.data import read
from crhalo.maps.light.at_the_sun import MODULATION_GV, NAMES
from crhalo.scenarios import Run, load
from crhalo.scenarios.build import given_medium
from crhalo.scenarios.products import nuclei, sun
from crhalo.scenarios.products.nuclei import compared, measurements, summary_of
from crhalo.scenarios.products.registry import made, products_of
from crhalo.scenarios.products.write import write_files
from crhalo.scenarios.run import make_run

# What is followed from 10 GeV to 100 TeV: bins have their middle within; of secondaries to a hundredth.
LOW_GV, HIGH_GV = 13.0, 8e4


def small(particles):
    return make_run(
        load("milky-way").with_overrides(
            [
                f"transport.particles={particles}", "transport.energy_range=['10 GeV', '100 TeV']",
                "sky.nside=2", "sky.energies=['100 GeV', '1 TeV', 2]",
            ]
        ),
        2,
    )  # fmt: skip


@pytest.fixture(scope="module")
def milky_way():
    return small(200)


@pytest.fixture(scope="module")
def numbers(milky_way):
    return made(milky_way, nuclei.PRODUCT).numbers


class TestNuclei(ProductContract):
    PRODUCT, FILES = nuclei.PRODUCT, {"at_the_sun.ecsv", "local_spectra.png"}

    @pytest.fixture
    def run(self, milky_way):
        return milky_way


def test_who_has_it():
    def names(name):
        return [product.name for product in products_of(Run(load(name), None, None, None))]

    assert "nuclei" in names("milky-way")
    assert not any("nuclei" in names(name) for name in ("circumgalactic", "two-zone", "m31"))


@pytest.mark.parametrize(
    ("key", "points"),
    [
        ("protons_over_ams02", read.protons()[0]),
        ("helium_over_ams02", read.helium()),
        ("iron_over_ams02", read.nuclei()["Fe"]),
        ("boron_over_carbon_over_ams02", read.boron_over_carbon()[0]),
        ("antiprotons_over_protons_over_ams02", read.antiproton_over_proton()),
        ("positrons_over_ams02", read.positrons()),
    ],
)
def test_every_point_from_20_GV_to_1_4_TV(numbers, key, points):
    """To the last protons of AMS-02, in a bin from 1.2 to 1.8 TV; errors are those of the measurement."""
    table = numbers[key]
    assert set(table) == {"rigidity_GV", "value", "error"}
    use = (points.x >= 20.0) & (points.x <= 1420.0)
    np.testing.assert_array_equal(table["rigidity_GV"], points.x[use])
    error = points.errors.mean(axis=0) / points.value
    np.testing.assert_allclose(np.array(table["error"]) / table["value"], error[use])


def test_protons_reach_the_last_point_of_ams(numbers):
    assert numbers["protons_over_ams02"]["rigidity_GV"][-1] == 1417.0


def test_ratios_are_those_of_the_fluxes(milky_way, numbers):
    local, ams = milky_way.at_the_sun, read.boron_over_carbon()[0]
    ratio = local.flux("B", ams.x) / local.flux("C", ams.x) / ams.value
    use = (ams.x >= 20.0) & (ams.x <= 1420.0)
    np.testing.assert_allclose(numbers["boron_over_carbon_over_ams02"]["value"], ratio[use])
    use = (read.protons()[0].x >= 20.0) & (read.protons()[0].x <= 1420.0)
    ratio = local.flux("H", read.protons()[0].x[use], MODULATION_GV) / read.protons()[0].value[use]
    np.testing.assert_allclose(numbers["protons_over_ams02"]["value"], ratio)


def measured_itself():
    """Cosmic rays that are what was measured first of each kind, as a function of a name."""
    points = {"H": read.protons()[0], "e+": read.positrons(), **read.nuclei()}
    ratios = {"B": (read.boron_over_carbon()[0], "C"), "pbar": (read.antiproton_over_proton(), "H")}

    def flux(name, R):
        name = NAMES.get(name, name)
        if name in ratios:
            ratio, below = ratios[name]
            return ratio.at(R)[0] * flux(below, R)
        return points[name].at(R)[0]

    return SimpleNamespace(flux=flux)


def test_what_was_measured_is_one_time_itself():
    found = summary_of(compared(measured_itself()))
    for key, table in found.items():
        if key.endswith("_over_ams02"):
            np.testing.assert_allclose(table["value"], 1.0, rtol=1e-9), key
    twice = measured_itself()
    twice.flux = lambda name, R, once=twice.flux: once(name, R) * (2.0 if name == "boron" else 1.0)
    np.testing.assert_allclose(
        summary_of(compared(twice))["boron_over_carbon_over_ams02"]["value"], 2.0, rtol=1e-9
    )


def test_what_was_not_followed_is_left_out():
    nothing = SimpleNamespace(flux=lambda name, R: np.full(np.shape(R), np.nan))
    assert compared(nothing) == [] and summary_of([]) == {}


@pytest.mark.parametrize("span", [("1 GeV", "10 GeV"), ("10 TeV", "10 PeV")])
def test_what_lies_beside_the_measurements_has_what_there_is(span):
    """No rigidity at which the grammage is told, and at most protons of the highest energies."""
    low, high = span
    settings = [f"transport.energy_range=['{low}', '{high}']", f"sky.energies=['{low}', '{high}', 2]"]
    scenario = load("milky-way").with_overrides([*settings, "transport.particles=8", "sky.nside=2"])
    found = made(make_run(scenario, 1), nuclei.PRODUCT).numbers
    assert found["grammage_at_sun"]["hydrogen_g_cm2"].size == 0
    assert not [key for key in found if key.endswith("_over_ams02")]


# -- the table -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def table(milky_way, undrawn, tmp_path_factory):
    out = tmp_path_factory.mktemp("table")
    with undrawn():
        assert write_files(made(milky_way, nuclei.PRODUCT), out) == []
    return Table.read(out / "at_the_sun.ecsv", format="ascii.ecsv")


def test_the_table_has_units_and_says_how_it_was_made(table):
    assert table["rigidity_GV"].unit == "GV"
    assert set(table["unit"]) == {"1", "m-2 s-1 sr-1 GV-1"}
    assert table.meta["modulation_GV"] == MODULATION_GV and table.meta["version"]


def test_the_table_has_every_point_that_was_followed(table):
    for names, points in measurements():
        what = "_over_".join(names)
        here = table[(table["quantity"] == what) & (table["experiment"] == points.label)]
        last = 0.01 * HIGH_GV if what in ("positrons", "antiprotons_over_protons") else HIGH_GV
        followed = (points.x > LOW_GV) & (points.x < last)
        assert set(points.x[followed]) <= set(here["rigidity_GV"]), what
        assert np.all(here["error"] > 0.0)


def test_pulls_are_those_of_the_errors(table):
    model, measured, error = (np.array(table[name]) for name in ("model", "measured", "error"))
    np.testing.assert_allclose(table["pull"], (model - measured) / error)
    np.testing.assert_allclose(table["ratio"], model / measured)
    # The measurement below is what is uncertain.
    np.testing.assert_allclose(table["ratio_error"] / table["ratio"], error / measured)


# -- numbers of its own ------------------------------------------------------------------------


def test_grammage_falls_and_counts_sources_and_helium(numbers, milky_way):
    found = numbers["grammage_at_sun"]
    np.testing.assert_array_equal(found["rigidity_GV"], [10.0, 100.0, 1e3])
    halo = found["hydrogen_g_cm2"]
    assert np.all(np.diff(halo) < 0)
    # 0.096 nuclei of helium for each of hydrogen; 0.4 of gas in the sources.
    np.testing.assert_allclose(1.384 * (found["hydrogen_with_sources_g_cm2"] - halo), 0.4)
    np.testing.assert_allclose(found["gas_with_sources_g_cm2"] / found["hydrogen_with_sources_g_cm2"], 1.384)
    np.testing.assert_allclose(found["gas_with_sources_g_cm2"], found["published_g_cm2"], rtol=0.15)


def test_beryllium_lives_longer_at_high_energy(numbers):
    ratio = numbers["beryllium_10_over_9"]["ratio"]
    known = ratio[np.isfinite(ratio)]
    assert known.size >= 2 and np.all(np.diff(known) > 0) and np.all((known > 0.05) & (known < 1.0))


def test_particles_over_equation_of_a_known_density(milky_way, monkeypatch):
    """Particles that are those of the equation, and 1.3 times those."""
    density = sun.solved_in_ring_cm3(milky_way.result, milky_way.at_the_sun.protons)
    for times in (1.0, 1.3):
        monkeypatch.setattr(
            nuclei, "protons_in_ring_cm3", lambda result, times=times: np.tile(times * density, (4, 1))
        )
        found = nuclei._particles_over_equation(milky_way)
        np.testing.assert_allclose(found["value"], times)
        np.testing.assert_allclose(found["error"], 0.0, atol=1e-12)
        assert len(found["energy_GeV"]) == 4
    monkeypatch.setattr(nuclei, "protons_in_ring_cm3", lambda result: None)
    assert nuclei._particles_over_equation(milky_way) == {}


def test_the_ring_is_where_the_sun_is(milky_way):
    """Its mean is 2 to 6% above what the equation has at the Sun, which is further out than most of it."""
    local = milky_way.at_the_sun
    ring = sun.solved_in_ring_cm3(milky_way.result, local.protons) * KPC_CM**3
    ratio = ring / local.at_sun(local.protons.protons_kpc3)
    assert np.all((ratio > 1.02) & (ratio < 1.06))


@pytest.fixture(scope="module")
def larger():
    return small(8000)


def apart_in_sigmas(run):
    found = nuclei._particles_over_equation(run)
    assert np.all(np.array(found["error"]) < 0.15)
    return np.abs((np.array(found["value"]) - 1.0) / found["error"])


def test_particles_agree_with_the_equation(larger):
    """Each decade to 3.5 sigmas of 3 to 7%; in a halo of 3 kpc the equation has too few."""
    assert np.all(apart_in_sigmas(larger) < 3.5)
    lower = given_medium(larger.scenario.with_overrides(["medium.H=3 kpc"]))
    assert np.all(apart_in_sigmas(Run(larger.scenario, lower.galaxy, lower.medium, larger.result)) > 3.5)


def test_a_run_without_nuclei_has_none_of_these(milky_way):
    scenario = milky_way.scenario
    protons = scenario.model_copy(
        update={"composition": None, "source": scenario.source.model_copy(update={"grammage": 0.0})}
    )
    run = Run(protons, milky_way.galaxy, milky_way.medium, milky_way.result)
    assert nuclei.PRODUCT not in products_of(run) and run.at_the_sun.helium_per_proton is None
    # Then particles are what is held against protons, at three rigidities.
    assert len(sun.protons_over_measured(run)["protons_over_ams02"]["rigidity_GV"]) < 5
    assert sun.protons_over_measured(milky_way) == {}
