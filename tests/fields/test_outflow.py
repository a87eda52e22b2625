"""The outflow behind the Bell wall: its direction, its speed, and its divergence against differences."""

import numpy as np
import pytest
from crhalo.fields import bell
from crhalo.fields import gas_density as gas
from crhalo.fields.exceptions import UserError
from crhalo.fields.galaxy import Galaxy
from crhalo.fields.outflow import (
    OUTFLOW,
    Drive,
    RadialWind,
    outflow_divergence_Myr,
    outflow_speed_kpc_Myr,
    outflow_velocity_kpc_Myr,
)
from crhalo.fields.tabulation import TOLERATED, one_number_each, tabulation_error
from crhalo.fields.units import C_CM_S, KPC_MYR_CM_S, KPC_MYR_KM_S, M_P_G
from crhalo.fields.waves.streaming import alfven_speed_kpc_Myr

R_D = 10.0
FLUX = float(bell.escaping_energy_flux_erg_cm2_s(1e6, 1e41, R_D, 2.0, 1.0, 1e6))
TOTAL = bell.total_energy_flux_erg_cm2_s(1e41, R_D)
N_1 = float(gas.cgm_density_cm3(1.0))

POINTS = [(0.3, 0.2), (3.0, -4.0), (5.0, 5.1), (12.0, 7.0), (0.5, 40.0), (60.0, -1.0)]
recipes = pytest.mark.parametrize(
    ("recipe", "saturation"), [(r, s) for r in OUTFLOW for s in bell.SATURATION]
)
points = pytest.mark.parametrize(("R", "z"), POINTS)


R_WIND = np.geomspace(0.1, 300.0, 400)
WIND = RadialWind(R_WIND, 0.3 * R_WIND / (R_WIND + 5.0), 2e-5, R_D, 1.0, 3.0)
OF_GAS = [recipe for recipe in OUTFLOW if recipe != "wind"]


def drive(recipe="alfven", saturation="current", background_uG=0.0):
    wind = WIND if recipe == "wind" else None
    return Drive(recipe, FLUX, TOTAL, R_D, saturation, background_uG, wind)


def numerical_divergence_Myr(R, z, density_cm3, driven):
    """By central differences, in gas of a density (R, z)."""

    def u(R, z):
        return outflow_velocity_kpc_Myr(R, z, density_cm3(R, z), driven)

    h = 1e-4
    along_R = ((R + h) * u(R + h, z)[0] - (R - h) * u(R - h, z)[0]) / R
    return (along_R + u(R, z + h)[1] - u(R, z - h)[1]) / (2 * h)


@recipes
@points
def test_outflow_divergence_against_differences(R, z, recipe, saturation):
    driven = drive(recipe, saturation, 1e-3)
    numerical = numerical_divergence_Myr(R, z, lambda R, z: 100 * N_1, driven)
    assert outflow_divergence_Myr(R, z, 100 * N_1, driven) == pytest.approx(numerical, rel=1e-5)


@recipes
@points
def test_outflow_divergence_in_a_beta_profile(R, z, recipe, saturation):
    """The gas thins outward, so the outflow speeds up; without the slope of the gas the divergence is off."""
    core, beta = 12.0, 0.5
    driven = drive(recipe, saturation, 1e-3)

    def density(R, z):
        return 100 * N_1 * gas.beta_profile(np.hypot(R, z), core, beta)

    numerical = numerical_divergence_Myr(R, z, density, driven)
    slope = gas.beta_profile_slope(np.hypot(R, z), core, beta)
    assert outflow_divergence_Myr(R, z, density(R, z), driven, slope) == pytest.approx(numerical, rel=1e-5)
    if np.hypot(R, z) > 5.0 and recipe != "wind":
        assert outflow_divergence_Myr(R, z, density(R, z), driven) != pytest.approx(numerical, rel=0.03)


@recipes
def test_outflow_is_radial_and_as_fast_as_the_recipe_says(recipe, saturation):
    R, z = np.array(POINTS).T
    u_R, u_z = outflow_velocity_kpc_Myr(R, z, N_1, drive(recipe, saturation, 1e-3))
    np.testing.assert_allclose(u_R * z, u_z * R, rtol=1e-12)
    speed = np.hypot(u_R, u_z)
    np.testing.assert_allclose(speed, outflow_speed_kpc_Myr(R, z, N_1, drive(recipe, saturation, 1e-3)))
    if recipe == "alfven":
        B = bell.amplified_field_uG(R, z, FLUX, R_D, N_1, saturation, 1e-3)
        np.testing.assert_allclose(speed, alfven_speed_kpc_Myr(B, N_1), rtol=1e-12)
    elif recipe == "wind":
        r = np.hypot(R, z)
        np.testing.assert_allclose(speed, 0.3 * r / (r + 5.0), rtol=1e-3)
    else:
        u_cm_s = speed * KPC_MYR_CM_S
        # What carries the flux as enthalpy, 4 P u, has the pressure rho u^2.
        pressure = TOTAL * bell.dilution(R, z, R_D) / (4.0 * u_cm_s)
        np.testing.assert_allclose(M_P_G * N_1 * u_cm_s**2, pressure, rtol=1e-12)


def test_momentum_outflow_of_the_main_galaxy():
    """(F/(4 rho))^(1/3) by hand: 466 km/s where the flux is not diluted, r^(-2/3) beyond, delta_G^(-1/3)."""
    galaxy = Galaxy(outflow_recipe="momentum")
    r = np.array([0.0, 7.07, 10.6, 20.0, 50.0])
    speed = galaxy.outflow_speed_kpc_Myr(0.0, r) * KPC_MYR_KM_S
    assert speed == pytest.approx([466, 466, 355, 233, 126], rel=0.01)
    thin = Galaxy(outflow_recipe="momentum", delta_G=1.0).outflow_speed_kpc_Myr(0.0, r) * KPC_MYR_KM_S
    assert thin / speed == pytest.approx(100 ** (1 / 3), rel=1e-9)
    assert galaxy.outflow_divergence_Myr(0.0, 20.0) == pytest.approx(
        4 / 3 * galaxy.outflow(0.0, 20.0)[1] / 20
    )


def test_field_diffusion_and_onset_do_not_depend_on_the_outflow():
    a, b = Galaxy(), Galaxy(outflow_recipe="momentum")
    for name in ("saturated_field_uG", "surface_level"):
        assert getattr(a, name)(3.0, 15.0) == getattr(b, name)(3.0, 15.0)
    assert a.diffusion_bell(1e3, 3.0, 15.0) == b.diffusion_bell(1e3, 3.0, 15.0)


def test_pressure_of_prl_is_far_above_what_its_outflow_can_hold():
    """P_CR/(rho u^2) = Lambda c/(3 u) where nothing is lost or diluted; 4/3 for "momentum"."""
    u = Galaxy().outflow_speed_kpc_Myr(0.0, 5.0) * KPC_MYR_CM_S
    ratio = TOTAL / (3.0 * 100 * N_1 * M_P_G * u**3)
    assert ratio == pytest.approx(np.log(1e6) * C_CM_S / (3.0 * u), rel=1e-9)
    assert ratio == pytest.approx(1.40e5, rel=0.01)
    u = Galaxy(outflow_recipe="momentum").outflow_speed_kpc_Myr(0.0, 5.0) * KPC_MYR_CM_S
    assert TOTAL / (3.0 * 100 * N_1 * M_P_G * u**3) == pytest.approx(4 / 3, rel=1e-9)


@pytest.mark.parametrize("changes", [{}, {"cgm_beta": 0.5}, {"saturation": "pressure", "delta_G": 1.0}])
def test_the_tables_hold_the_momentum_outflow(changes):
    errors = tabulation_error(Galaxy(outflow_recipe="momentum", **changes).medium(), 5000)
    off = one_number_each(errors)
    assert max(off["outflow"], off["divergence"]) < TOLERATED
    usual = one_number_each(tabulation_error(Galaxy(**changes).medium(), 5000))
    assert off["outflow"] < 2 * usual["outflow"] + 1e-3


@pytest.mark.parametrize("recipe", OF_GAS)
def test_too_fast_an_outflow_names_what_to_change(recipe):
    bright = Galaxy(outflow_recipe=recipe, L_CR_erg_s=3e46, B0_uG=1000.0, delta_G=0.1)
    with pytest.raises(UserError, match=rf'medium\.delta_G: the outflow \(medium\.outflow = "{recipe}"\)'):
        bright.medium()
    steep = Galaxy(outflow_recipe=recipe, cgm_beta=2.0, cgm_core_kpc=1.0, B_cgm_uG=1e-9)
    with pytest.raises(
        UserError, match=r"medium\.cgm_beta: the outflow .* reaches .* c at .* kpc; gas that falls"
    ):
        steep.medium()


@pytest.mark.parametrize("recipe", OF_GAS)
def test_outflow_keeps_its_speed_where_the_gas_falls_as_the_flux(recipe):
    """rho ~ r^-2, which takes up no gas on the way: u is constant, div u = 2 u/r."""
    r = np.array([200.0, 400.0])
    density = 100 * N_1 * gas.beta_profile(r, 5.0, 2.0 / 3.0)
    u = outflow_velocity_kpc_Myr(0.0, r, density, drive(recipe))[1]
    assert u[1] == pytest.approx(u[0], rel=1e-3)
    slope = gas.beta_profile_slope(r, 5.0, 2.0 / 3.0)
    assert outflow_divergence_Myr(0.0, r, density, drive(recipe), slope) == pytest.approx(2 * u / r, rel=1e-3)


def balance_of_mass(wind, density_cm3):
    """r^2 rho u over that at 20 kpc, far from the disc."""
    r = np.array([8.0, 20.0, 60.0, 200.0, 900.0])
    flux = r**2 * density_cm3(0.0, r) * wind.speed_at_kpc_Myr(r)
    return flux / flux[1]


def test_the_gas_of_a_wind_is_what_its_disc_sends_out():
    """The same mass through every sphere, that of both sides of the disc; its twin, even gas, is caught."""
    np.testing.assert_allclose(balance_of_mass(WIND, WIND.density_cm3), 1.0, rtol=1e-12)
    of_disc = 2.0 * np.pi * R_D**2 * WIND.flux_cm3_kpc_Myr
    through = 4.0 * np.pi * 60.0**2 * WIND.density_cm3(0.0, 60.0) * WIND.speed_at_kpc_Myr(60.0)
    assert through == pytest.approx(of_disc, rel=1e-12)
    even = balance_of_mass(WIND, lambda R, z: 100 * N_1 + 0.0 * np.hypot(R, z))
    assert np.abs(even - 1.0).max() > 1.0


def test_div_of_its_mass_flux_is_zero():
    galaxy = Galaxy(outflow_recipe="wind", wind=WIND)

    def flux(R, z):
        return galaxy.cgm_density_cm3(R, z) * np.array(galaxy.outflow(R, z))

    R, z, h = 9.0, 14.0, 1e-4
    along_R = ((R + h) * flux(R + h, z)[0] - (R - h) * flux(R - h, z)[0]) / R
    total = (along_R + flux(R, z + h)[1] - flux(R, z - h)[1]) / (2 * h)
    scale = np.hypot(*flux(R, z)) / np.hypot(R, z)
    assert abs(total) < 1e-5 * scale
    assert galaxy.outflow_divergence_Myr(R, z) > 0.5 * np.hypot(*galaxy.outflow(R, z)) / np.hypot(R, z)


def test_too_fast_a_wind_names_the_wind():
    fast = RadialWind(R_WIND, 90.0 + 0.0 * R_WIND, 2e-5, R_D, 1.0, 3.0)
    with pytest.raises(UserError, match=r'medium\.outflow: .* "wind"\) reaches 0\.29 c .*; a denser base'):
        Galaxy(outflow_recipe="wind", wind=fast).medium()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"wind": WIND}, "Galaxy.wind"),
        ({"outflow_recipe": "wind"}, "Galaxy.wind"),
        ({"outflow_recipe": "winds"}, "did you mean wind"),
    ],
)
def test_a_wind_comes_with_its_recipe(changes, said):
    with pytest.raises(UserError, match=said):
        Galaxy(**changes)


@pytest.mark.parametrize(
    "table", [([1.0, 1.0], [0.1, 0.2]), ([1.0], [0.1]), ([1.0, 2.0], [0.1, np.nan]), ([1.0, 2.0], [0.0, 0.1])]
)
def test_a_wind_has_a_speed_everywhere(table):
    with pytest.raises(UserError, match="distances that rise"):
        RadialWind(*map(np.array, table), 2e-5, R_D, 1.0, 3.0)


def test_outflow_of_the_current_recipe_beyond_the_disc():
    """u ~ 1/r and div u = u/r at constant gas density."""
    u = outflow_velocity_kpc_Myr(0.0, np.array([10.0, 40.0]), N_1, drive())[1]
    assert u[0] == pytest.approx(4 * u[1])
    assert outflow_divergence_Myr(0.0, 40.0, N_1, drive()) == pytest.approx(u[1] / 40)


@recipes
def test_outflow_is_symmetric_and_finite(recipe, saturation):
    R, z = np.meshgrid([0, 1e-9, 1e-3, 7, 1e6], [-1e6, -3, 0, 3, 1e6])
    driven = drive(recipe, saturation, 1e-3)
    u_R, u_z = outflow_velocity_kpc_Myr(R, z, N_1, driven)
    divergence = outflow_divergence_Myr(R, z, N_1, driven)
    B = bell.amplified_field_uG(R, z, FLUX, R_D, N_1, saturation, 1e-3)
    for values in (u_R, u_z, divergence, B):
        assert values.shape == R.shape and np.isfinite(values).all()
    for even in (u_R, divergence, B):
        np.testing.assert_array_equal(even, even[::-1])
    np.testing.assert_array_equal(u_z, -u_z[::-1])
