"""Protons through the heliosphere, and B/C of a grammage."""

import numpy as np
import pytest
from crhalo.fields.units import C_CM_S, M_P_GEV, momentum_GeV
from crhalo.maps.light.at_the_sun import (
    boron_over_carbon,
    inelastic_cross_section_mb,
    local_slope,
    proton_flux_m2_s_sr_GV,
)


def test_flux_is_n_c_over_4_pi_at_high_energy():
    R, J = proton_flux_m2_s_sr_GV(np.array([1e4]), np.array([1e-20]))
    assert R[0] == pytest.approx(1e4, rel=1e-6)
    assert J[0] == pytest.approx(1e-20 * C_CM_S / (4 * np.pi) * 1e4, rel=1e-6)


def test_force_field_keeps_the_phase_space_density():
    """J(T)/(T (T + 2m)) is the same at T + phi outside (Gleeson & Axford 1968)."""
    E, phi = np.array([2.0, 5.0, 50.0]), 0.5
    n = E**-2.7
    R_in, J_in = proton_flux_m2_s_sr_GV(E, n, phi)
    R_out, J_out = proton_flux_m2_s_sr_GV(E, n)
    np.testing.assert_allclose(R_in, momentum_GeV(E - phi))
    dR_dE_in, dR_dE_out = (E - phi) / R_in, E / R_out
    np.testing.assert_allclose(J_in * dR_dE_in / R_in**2, J_out * dR_dE_out / R_out**2)


def test_what_does_not_arrive_is_nan():
    R, J = proton_flux_m2_s_sr_GV(np.array([M_P_GEV + 0.3, 3.0]), np.ones(2), 0.5)
    assert np.isnan(R[0]) and np.isnan(J[0]) and J[1] > 0


def test_boron_over_carbon_in_its_limits():
    assert boron_over_carbon(1e-3) / 1e-3 == pytest.approx(0.0755, rel=0.02)
    made, destroyed = 72 + 0.28 * 49 + 1.05 * 38, inelastic_cross_section_mb(10.7)
    assert boron_over_carbon(1e6) == pytest.approx(made / destroyed, rel=1e-3)


def test_inelastic_cross_sections():
    assert inelastic_cross_section_mb(12) == pytest.approx(252, rel=0.03)


def test_slope_of_a_power_law():
    R = np.geomspace(10, 1e4, 40)
    assert local_slope(R, R**-2.8, 45, 220) == pytest.approx(-2.8)
    assert np.isnan(local_slope(R, R**-2.8, 1, 2))
