"""Protons through the heliosphere, and B/C of a grammage."""

import numpy as np
import pytest
from crhalo.fields.units import C_CM_S, KPC_CM, M_P_GEV, momentum_GeV
from crhalo.maps.light.at_the_sun import (
    boron_over_carbon,
    flux_m2_s_sr_GV,
    grammage_of,
    local_slope,
    proton_flux_m2_s_sr_GV,
)
from crhalo.mc.diffusion.species import Species, centres


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


def test_protons_are_one_of_all_particles():
    edges = np.geomspace(2.0, 100.0, 400)
    R = centres(edges)
    E, n = np.hypot(R, M_P_GEV), R**-2.5
    R_in, J = proton_flux_m2_s_sr_GV(E, n * E / R, 0.4)
    mine = flux_m2_s_sr_GV(Species("p", 1, M_P_GEV), edges, n * np.diff(edges) * KPC_CM**3, 0.4)
    np.testing.assert_allclose(mine, (R_in, J), rtol=1e-9)


def test_boron_over_carbon_of_a_grammage():
    """Of gas with helium, within 8% of what C, N and O make on as much hydrogen at their own rigidity."""
    X, made = np.array([8.17, 2.28, 1.13]), np.array([0.284, 0.129, 0.073])
    np.testing.assert_allclose(boron_over_carbon(X), made, rtol=0.1)
    np.testing.assert_allclose(boron_over_carbon(X[1:]), made[1:], rtol=0.03)
    np.testing.assert_allclose(grammage_of(boron_over_carbon(X)), X, rtol=1e-5)


def test_slope_of_a_power_law():
    R = np.geomspace(10, 1e4, 40)
    assert local_slope(R, R**-2.8, 45, 220) == pytest.approx(-2.8)
    assert np.isnan(local_slope(R, R**-2.8, 1, 2))
