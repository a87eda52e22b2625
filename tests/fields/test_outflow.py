"""The outflow behind the Bell wall: its direction, its speed, and its divergence against differences."""

import numpy as np
import pytest
from crhalo.fields import bell
from crhalo.fields import gas_density as gas
from crhalo.fields.outflow import outflow_divergence_Myr, outflow_velocity_kpc_Myr
from crhalo.fields.waves.streaming import alfven_speed_kpc_Myr

R_D = 10.0
FLUX = float(bell.escaping_energy_flux_erg_cm2_s(1e6, 1e41, R_D, 2.0, 1.0, 1e6))
N_1 = float(gas.cgm_density_cm3(1.0))


POINTS = [(0.3, 0.2), (3.0, -4.0), (5.0, 5.1), (12.0, 7.0), (0.5, 40.0), (60.0, -1.0)]


@pytest.mark.parametrize("saturation", bell.SATURATION)
@pytest.mark.parametrize(("R", "z"), POINTS)
def test_outflow_divergence_against_differences(R, z, saturation):
    args = (FLUX, R_D, 100 * N_1, saturation, 1e-3)
    h = 1e-4
    R_out, R_in = R + h, R - h
    flux_R = R_out * outflow_velocity_kpc_Myr(R_out, z, *args)[0]
    flux_R -= R_in * outflow_velocity_kpc_Myr(R_in, z, *args)[0]
    du_z = outflow_velocity_kpc_Myr(R, z + h, *args)[1] - outflow_velocity_kpc_Myr(R, z - h, *args)[1]
    numerical = (flux_R / R + du_z) / (2 * h)
    assert outflow_divergence_Myr(R, z, *args) == pytest.approx(numerical, rel=1e-5)


@pytest.mark.parametrize("saturation", bell.SATURATION)
def test_outflow_is_radial_with_the_alfven_speed(saturation):
    R, z = np.array(POINTS).T
    u_R, u_z = outflow_velocity_kpc_Myr(R, z, FLUX, R_D, N_1, saturation)
    np.testing.assert_allclose(u_R * z, u_z * R, rtol=1e-12)
    B = bell.amplified_field_uG(R, z, FLUX, R_D, N_1, saturation)
    np.testing.assert_allclose(np.hypot(u_R, u_z), alfven_speed_kpc_Myr(B, N_1), rtol=1e-12)


@pytest.mark.parametrize("saturation", bell.SATURATION)
@pytest.mark.parametrize(("R", "z"), POINTS)
def test_outflow_divergence_in_a_beta_profile(R, z, saturation):
    """The gas thins outward, so the outflow speeds up; without the slope of the gas the divergence is off."""
    core, beta = 12.0, 0.5

    def args(R, z):
        return FLUX, R_D, 100 * N_1 * gas.beta_profile(np.hypot(R, z), core, beta), saturation, 1e-3

    def u(R, z):
        return outflow_velocity_kpc_Myr(R, z, *args(R, z))

    h = 1e-4
    numerical = (
        ((R + h) * u(R + h, z)[0] - (R - h) * u(R - h, z)[0]) / R + u(R, z + h)[1] - u(R, z - h)[1]
    ) / (2 * h)
    slope = gas.beta_profile_slope(np.hypot(R, z), core, beta)
    found = outflow_divergence_Myr(R, z, *args(R, z), density_slope=slope)
    assert found == pytest.approx(numerical, rel=1e-5)
    if np.hypot(R, z) > 5.0:
        assert outflow_divergence_Myr(R, z, *args(R, z)) != pytest.approx(numerical, rel=0.03)


def test_outflow_keeps_its_speed_where_the_gas_falls_as_the_flux():
    """rho ~ r^-2, which takes up no gas on the way: u is constant, div u = 2 u/r."""
    r = np.array([200.0, 400.0])
    density = 100 * N_1 * gas.beta_profile(r, 5.0, 2.0 / 3.0)
    u = outflow_velocity_kpc_Myr(0.0, r, FLUX, R_D, density)[1]
    assert u[1] == pytest.approx(u[0], rel=1e-3)
    slope = gas.beta_profile_slope(r, 5.0, 2.0 / 3.0)
    div = outflow_divergence_Myr(0.0, r, FLUX, R_D, density, density_slope=slope)
    assert div == pytest.approx(2 * u / r, rel=1e-3)


def test_outflow_of_the_current_recipe_beyond_the_disc():
    """u ~ 1/r and div u = u/r at constant gas density."""
    u = outflow_velocity_kpc_Myr(0.0, np.array([10.0, 40.0]), FLUX, R_D, N_1)[1]
    assert u[0] == pytest.approx(4 * u[1])
    assert outflow_divergence_Myr(0.0, 40.0, FLUX, R_D, N_1) == pytest.approx(u[1] / 40)


@pytest.mark.parametrize("saturation", bell.SATURATION)
def test_outflow_is_symmetric_and_finite(saturation):
    R, z = np.meshgrid([0, 1e-9, 1e-3, 7, 1e6], [-1e6, -3, 0, 3, 1e6])
    args = (R, z, FLUX, R_D, N_1, saturation)
    u_R, u_z = outflow_velocity_kpc_Myr(*args)
    divergence, B = outflow_divergence_Myr(*args), bell.amplified_field_uG(*args)
    for values in (u_R, u_z, divergence, B):
        assert values.shape == R.shape and np.isfinite(values).all()
    for even in (u_R, divergence, B):
        np.testing.assert_array_equal(even, even[::-1])
    np.testing.assert_array_equal(u_z, -u_z[::-1])
