"""The numbers of a run as a flat table: names, units, errors, and means of the sky without maps."""

import numpy as np
import pytest
from cases import each
from crhalo.mc.uncertainty import Estimate
from crhalo.scenarios import load
from crhalo.scenarios.products.numbers import flat, in_words, numbers_of, unit_of

UNITS = {
    ("escape_time_Myr",): "Myr",
    ("escape_time_Myr", "escaped_fraction"): "1",
    ("leave_time_Myr", "median"): "Myr",
    ("grammage_g_cm2", "cgm"): "g cm-2",
    ("galactic_density_over_no_return",): "1",
    ("advection_limit_GeV",): "GeV",
    ("bell_region", "outflow_km_s"): "km s-1",
    ("bell_region", "growth_time_Myr_at_E_max"): "Myr",
    ("bell_region", "slowed_by_heat_below_uG_at_E_max"): "uG",
    ("filling", "at 10 Myr"): "1",
    ("lambda_not_small_above_GeV", "halo, |z| > 10 kpc"): "GeV",
    ("protons_over_ams02",): "1",
    ("precision", "cgm_neutrinos_10TeV"): "GeV-1 cm-2 s-1 sr-1",
    ("precision", "density_behind_the_surface_1TeV"): "GeV cm-3",
    ("energy", "injected_erg_s"): "erg s-1",
    ("balance", "P_CR_erg_cm3"): "erg cm-3",
    ("balance", "mass_flux_Msun_yr", "end"): "Msun yr-1",
    ("neutrino", "cgm", "E2_flux_GeV_cm2_s_sr"): "GeV cm-2 s-1 sr-1",
    ("halo", "D_disc_cm2_s"): "cm2 s-1",
    ("halo", "D_of_particles_over_D_1_kpc"): "1",
    ("protons_at_sun", "slope_45_220_GV"): "1",
}


def test_units_are_those_of_the_names():
    each(UNITS, lambda *path: _same(unit_of(path), UNITS[path]))


def _same(found, wanted):
    assert found == wanted


def test_units_are_read_by_astropy():
    import astropy.units as u

    each(set(UNITS.values()) - {"1"}, lambda unit: u.Unit(unit))


def test_tables_become_names():
    energy = np.array([1.0, 10.0])
    table = {
        "energy_GeV": energy.tolist(),
        "time_Myr": Estimate(energy, 0.1 * energy) * 2.0,
        "leave_time_Myr": {"median": {"value": [None, 3.0], "error": [None, 0.5]}, "share": [0.0, 1.0]},
        "ratio_of": {"rigidity_GV": [1.0], "value": [2.0], "error": [0.5]},
        "layers": {"halo, |z| > 10 kpc": None, "outside, r 0-20 kpc": 3},
        "seed": 1,
        "title": "words",
        "slowed": True,
        "list": [1.0, 2.0, 3.0],
    }
    found = flat(table)
    assert list(found) == [
        "time_Myr", "leave_time_Myr_median", "leave_time_Myr_share", "ratio_of", "layers_halo_z_above_10_kpc",
        "layers_outside_r_0-20_kpc",
    ]  # fmt: skip
    median = found["leave_time_Myr_median"]
    assert np.isnan(median.value[0]) and median.error[1] == 0.5 and median.along == "energy_GeV"
    np.testing.assert_array_equal(found["time_Myr"].at, energy)
    assert found["ratio_of"].along == "rigidity_GV" and found["ratio_of"].at == [1.0]
    assert found["leave_time_Myr_share"].error is None and found["layers_outside_r_0-20_kpc"].value == 3.0


def test_a_name_in_words():
    assert in_words("neutrino_cgm_E2_flux_GeV_cm2_s_sr", "GeV cm-2 s-1 sr-1") == "neutrino cgm E2 flux"
    assert in_words("leave_time_Myr_median", "Myr") == "leave time median"


def test_means_of_the_sky_are_those_of_maps():
    settings = ["transport.energy_range=['10 TeV', '1 PeV']", "sky.energies=['1 TeV', '300 TeV', 3]"]
    run = load("circumgalactic").with_overrides(settings).run(particles=40, threads=2)
    found = numbers_of(run)
    for secondary in ("neutrino", "gamma"):
        maps = run.sky(secondary, nside=32)
        for name in ("disc", "halo", "cgm"):
            known, wanted = found[f"{secondary}_{name}_E2_flux_GeV_cm2_s_sr"], maps.mean[name]
            np.testing.assert_allclose(known.value, maps.energy_GeV**2 * wanted.value, rtol=2e-3)
            assert known.error == pytest.approx(maps.energy_GeV**2 * wanted.error, rel=2e-3)
