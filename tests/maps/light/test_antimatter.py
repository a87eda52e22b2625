"""Antiprotons and positrons of collisions, and what ends them."""

import numpy as np
import pytest
from crhalo.fields.units import C_CM_S, MBARN_CM2, MYR_S
from crhalo.maps.light.antimatter import (
    ANTIPROTON,
    CHANNELS,
    HELIUM,
    POSITRON,
    PROTON,
    antiprotons_destroyed_mb,
    cooling_per_GeV_Myr,
    cooling_rate_Myr,
    made_per_projectile_cm3_Myr,
)
from crhalo.maps.light.secondaries import _aafragpy
from crhalo.mc.diffusion.species import centres

BEAM, PRODUCTS = np.geomspace(2.0, 1e5, 48), np.geomspace(1.0, 1e3, 31)
UNIT = MBARN_CM2 * C_CM_S * MYR_S


@pytest.mark.parametrize("product", [POSITRON, ANTIPROTON])
def test_sum_over_a_beam_is_the_multiplicity(product):
    """In collisions of a TeV; antineutrons are half of what becomes antiprotons."""
    total = np.geomspace(max(2e-3, product.mass_GeV), 1e3, 3000)
    with _aafragpy() as aafragpy:
        tables = [aafragpy.get_cross_section(each, "p-p", [1e3], total)[0] for each in CHANNELS[product.name]]
    sigma = np.nan_to_num(np.sum(tables, axis=0).reshape(-1))
    beam, every = np.array([999.0, 1001.0]), np.geomspace(2e-3, 1e3, 121)
    made = made_per_projectile_cm3_Myr(product, PROTON, beam, every, helium=0.0).sum() / UNIT
    assert made == pytest.approx(np.trapezoid(sigma, total), rel=0.01)
    assert made == pytest.approx({"e+": 190.0, "pbar": 9.9}[product.name], rel=0.03)


@pytest.mark.parametrize("product, low, high", [(ANTIPROTON, 1e-4, 4e-4), (POSITRON, 3e-4, 3e-3)])
def test_over_protons_of_the_same_rigidity(product, low, high):
    """4 g/cm^2 of gas on protons as R^-2.7, without losses: AMS-02 has 2e-4 antiprotons for a proton."""
    n = centres(BEAM) ** -2.7 * np.diff(BEAM)
    made = made_per_projectile_cm3_Myr(product, PROTON, BEAM, PRODUCTS) @ n / np.diff(PRODUCTS)
    over = made / centres(PRODUCTS) ** -2.7 / UNIT * 4.0 * 5.979e-4
    assert low < over[15] < high


def test_helium_as_a_projectile_makes_as_much_as_protons_of_its_rigidity():
    n = centres(BEAM) ** -2.7 * np.diff(BEAM)
    of = [made_per_projectile_cm3_Myr(ANTIPROTON, each, BEAM, PRODUCTS) @ n for each in (PROTON, HELIUM)]
    assert np.all((of[1] / of[0])[3:24] > 0.8) and np.all((of[1] / of[0])[3:24] < 1.5)


def test_nothing_has_more_than_the_energy_of_a_nucleon():
    """A helium nucleus of 100 GV has 50 GeV for each nucleon."""
    made = made_per_projectile_cm3_Myr(ANTIPROTON, HELIUM, np.array([99.0, 101.0]), PRODUCTS)[:, 0]
    assert made[centres(PRODUCTS) > 50.0].max() == 0.0 < made[centres(PRODUCTS) < 10.0].max()


def test_what_ends_them():
    assert antiprotons_destroyed_mb(100.0, helium=0.0) == pytest.approx(33.4, abs=0.1)
    assert antiprotons_destroyed_mb(10.0) > antiprotons_destroyed_mb(10.0, helium=0.0)
    # Per GeV and second in 1 eV/cm^3.
    assert cooling_per_GeV_Myr(1.0) / MYR_S == pytest.approx(1.018e-16, rel=1e-3)
    rate = cooling_rate_Myr(PRODUCTS, [1.0, 2.0])
    np.testing.assert_allclose(rate[:, 1], 2.0 * rate[:, 0])
    assert rate[0, 0] == pytest.approx(cooling_per_GeV_Myr(1.0), rel=1e-6)
