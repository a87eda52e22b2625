"""Numbers and limits of the resonant streaming instability, REV Eqs. 2-10 (3%, more where REV rounds)."""

import numpy as np
import pytest
from crhalo.fields import units
from crhalo.fields.waves import streaming as s

B0, N_I, H = 3.0, 1e-2, 4.0
V_S = 3e6 / units.KPC_MYR_CM_S
E_10 = 10.0


def test_larmor_radius():
    # 1 PeV in 3 uG: 0.36 pc
    assert s.larmor_radius_kpc(1e6, B0) == pytest.approx(0.36e-3, rel=0.01)


def test_energy_density_and_alfven_speed():
    assert s.magnetic_energy_density_eV_cm3(B0) == pytest.approx(0.44, rel=0.03)
    assert s.alfven_speed_kpc_Myr(B0, N_I) * units.KPC_MYR_CM_S == pytest.approx(6.5e6, rel=0.01)


def test_cosmic_ray_pressure():
    np.testing.assert_allclose(
        s.cosmic_ray_pressure_eV_cm3(np.array([10.0, 1e4])), [8.3e-2, 8.3e-2 * 10**-2.1]
    )


def test_general_growth_rate_is_rev_4_and_rev_5():
    """REV 2, 4 and 5 are one formula in three forms when df/dz = f0/H, D = r_L v/(3F), v_D = D/H."""
    p, F, f0 = 10.0, 1.8e-5, 1e-15
    n0 = 4 * np.pi * p**3 * f0
    pressure = n0 * p * (units.speed_kpc_Myr(p) / units.C_KPC_MYR) / 3 * 1e9
    general = s.growth_rate_Myr(p, -f0 / H, B0, N_I, F)
    assert s.growth_rate_pressure_Myr(pressure, B0, N_I, F, H) == pytest.approx(general, rel=1e-12)
    v_D = s.diffusion_coefficient_kpc2_Myr(p, B0, F) / H
    assert s.growth_rate_drift_Myr(v_D, n0, B0, N_I) == pytest.approx(general, rel=1e-7)


def test_growth_time_at_10_GeV():
    """1.4e3 yr by REV 4 for D/H = 1e28 cm^2/s/kpc (R/3 GV)^0.4 and AMS-02 protons; 5.7e3 by REV 5 and 8."""
    v_D = 1e28 / units.KPC_CM * (10 / 3) ** 0.4 / units.KPC_MYR_CM_S
    n0 = 4 * np.pi * 10 * 24.5e-4 / units.C_CM_S  # p dn/dp from 24.5 m^-2 s^-1 sr^-1 GV^-1 at 10 GV
    assert units.MYR_YR / s.growth_rate_drift_Myr(v_D, n0, B0, N_I) == pytest.approx(1.4e3, rel=0.05)
    rate = s.growth_rate_pressure_Myr(s.cosmic_ray_pressure_eV_cm3(E_10), B0, N_I, 1.8e-5, H)
    assert units.MYR_YR / rate == pytest.approx(5.7e3, rel=0.03)


def test_local_wave_power_balances_growth_and_damping():
    E, B = np.array([5.0, 1e2, 1e6]), 0.7
    F = s.wave_power_nlld_local(E, B, H, N_I, V_S)
    k = 1 / s.larmor_radius_kpc(units.momentum_GeV(E), B)
    growth = s.growth_rate_pressure_Myr(s.cosmic_ray_pressure_eV_cm3(E), B, N_I, F, H)
    np.testing.assert_allclose(s.nonlinear_landau_damping_rate_Myr(k, V_S, F), growth, rtol=1e-12)


def test_local_wave_power_is_rev_8_in_the_disc():
    # REV rounds v_A down to 6e6 cm/s and U_B to 0.44: 6% in F
    E = np.array([10.0, 1e3, 1e6])
    ratio = s.wave_power_nlld_local(E, B0, H, N_I, V_S) / s.wave_power_nlld(E, H)
    np.testing.assert_allclose(ratio, 1.06, rtol=0.01)


def test_wave_power_rev_8():
    np.testing.assert_allclose(s.wave_power_nlld([10.0, 1e4], 16.0), np.array([0.9e-5, 0.9e-5 * 10**0.45]))


def test_local_power_goes_as_1_over_B_so_D_does_not_rise():
    B = np.array([3.0, 0.3, 0.03])
    F = s.wave_power_nlld_local(E_10, B, H, N_I, V_S)
    np.testing.assert_allclose(F * B, F[0] * B[0], rtol=1e-12)
    D = s.diffusion_coefficient_kpc2_Myr(units.momentum_GeV(E_10), B, F)
    np.testing.assert_allclose(D, D[0], rtol=1e-12)


@pytest.mark.parametrize("E", [10.0, 1e3, 1e6])
def test_diffusion_coefficient_rev_9(E):
    D = s.diffusion_coefficient_kpc2_Myr(units.momentum_GeV(E), B0, s.wave_power_nlld(E, H))
    assert D * units.KPC2_MYR_CM2_S == pytest.approx(6e27 * (E / 10) ** 0.85, rel=0.05)  # "6e27" rounds


def test_mean_free_path_in_the_disc():
    """0.2 pc, 10 pc and 3.5 kpc at 10 GeV, 1 TeV and 1 PeV, as the text rounds."""
    E = np.array([10.0, 1e3, 1e6])
    D = s.diffusion_coefficient_kpc2_Myr(units.momentum_GeV(E), B0, s.wave_power_nlld(E, H))
    np.testing.assert_allclose(3 * D / units.C_KPC_MYR, [0.2e-3, 10e-3, 3.5], rtol=0.06)


def test_near_source_residence_rev_10():
    time = s.near_source_residence_Myr(0.010, 1.5e28 / units.KPC2_MYR_CM2_S)
    assert time * units.MYR_YR == pytest.approx(2000, rel=0.03)


def test_growth_of_a_flux_is_growth_of_its_gradient():
    """REV 2 with df/dz = -flux/D, whatever F."""
    p, flux = np.array([2.0, 30.0]), np.array([1e-3, 1e-5])
    for F in (1e-6, 1e-4):
        D_cm2_s = s.diffusion_coefficient_kpc2_Myr(p, B0, F) * units.KPC2_MYR_CM2_S
        df_dz = flux / D_cm2_s * units.KPC_CM / (4 * np.pi * p**3)
        np.testing.assert_allclose(
            s.growth_rate_flux_Myr(p, flux, B0, N_I), s.growth_rate_Myr(p, df_dz, B0, N_I, F), rtol=1e-9
        )


def test_balance_is_where_growth_meets_damping():
    growth = np.array([1e-9, 1e-3, 10.0])
    F = s.balanced_power(growth, lambda F: 5.0 * F + 1e-4)
    np.testing.assert_allclose(F * (5.0 * F + 1e-4), growth, rtol=1e-12)


def test_cascade_rates():
    k, v_A, F = 100.0, 0.06, 1e-4
    assert s.cascade_rate_Myr(k, v_A, F) == pytest.approx(0.052 * v_A * k * 1e-2)
    assert s.cascade_rate_Myr(k, v_A, F, "kraichnan") == pytest.approx(0.052 * v_A * k * 1e-4)


def test_turbulent_damping_is_that_of_farmer_and_goldreich():
    # (epsilon/(r_L v_A))^(1/2), epsilon = v_A^3/L, is of amplitude
    r_L, L, v_A = 1e-6, 0.1, 0.06
    expected = 2 * np.sqrt(v_A**3 / L / (r_L * v_A))
    assert s.turbulent_damping_rate_Myr(1 / r_L, v_A, L) == pytest.approx(expected)


def test_ion_neutral_damping_has_its_two_limits():
    n_n, n_i, v_A, T = 1.0, 0.01, 0.06, 1e4
    nu = 8.4e-9 * units.MYR_S * n_n
    short = s.ion_neutral_damping_rate_Myr(1e4 * nu / v_A, v_A, n_n, n_i, T)
    assert short == pytest.approx(nu, rel=1e-3)
    # Long waves: omega_k^2/nu over (1 + chi)^2, neutrals and ions together.
    omega, chi = 1e-4 * nu, n_i / n_n
    long = s.ion_neutral_damping_rate_Myr(omega / v_A, v_A, n_n, n_i, T)
    assert long == pytest.approx(omega**2 / (nu * (1 + chi) ** 2), rel=1e-3)
    assert s.ion_neutral_damping_rate_Myr(1.0, v_A, 0.0, n_i, T) == 0.0


def test_ion_neutral_damping_is_of_energy():
    rate = s.ion_neutral_damping_rate_Myr(1e10, 0.06, 0.1, 0.01, 8000.0)
    assert rate == pytest.approx(2.424e4, rel=0.01)


def test_growth_is_of_energy():
    """F B^2/4 pi grows, over all k, by the work of the streaming protons."""
    p, F = np.geomspace(1.0, 1e4, 2001), 1e-6
    gradient = 1e-15 * p**-4.7
    B, n_i = 3.0, 0.01
    rate = s.growth_rate_Myr(p, gradient, B, n_i, F)
    grown = np.trapezoid(rate * F * s.magnetic_energy_density_eV_cm3(B), np.log(p))
    beta = units.speed_kpc_Myr(p) / units.C_KPC_MYR
    pressure = np.trapezoid(4 * np.pi / 3 * p**4 * beta * gradient, np.log(p)) * 1e9
    assert grown == pytest.approx(s.alfven_speed_kpc_Myr(B, n_i) * pressure, rel=1e-9)
