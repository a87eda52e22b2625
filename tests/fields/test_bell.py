"""Numbers and limits of the non-resonant instability, PRL Eqs. 3-17 (3%, more where PRL rounds)."""

import numpy as np
import pytest
from crhalo.fields import bell, units
from crhalo.fields import gas_density as gas
from crhalo.fields.surface import exponential_field_uG
from crhalo.fields.waves.streaming import alfven_speed_kpc_Myr, larmor_radius_kpc

L_CR, R_D, E_MIN, E_MAX = 1e41, 10.0, 1.0, 1e6
FLUX = float(bell.escaping_energy_flux_erg_cm2_s(E_MAX, L_CR, R_D, 2.0, E_MIN, E_MAX))
N_1 = float(gas.cgm_density_cm3(1.0))
B_SAT = float(bell.saturation_field_uG(FLUX))
U = float(alfven_speed_kpc_Myr(B_SAT, N_1))


@pytest.mark.parametrize("slope", [1.5, 1.9, 2.0, 2.0 + 1e-12, 2.2, 2.7])
def test_spectrum_carries_the_luminosity(slope):
    fraction = bell.spectrum_normalisation(slope, E_MIN, E_MAX)
    ln_E = np.linspace(np.log(E_MIN), np.log(E_MAX), 20001)
    per_ln_E = fraction * np.exp((2 - slope) * (ln_E - ln_E[-1]))
    assert np.trapezoid(per_ln_E, ln_E) == pytest.approx(1.0, rel=1e-6)


@pytest.mark.parametrize("limits", [(0.0, 1.0), (2.0, 1.0), (1.0, 1.0)])
def test_spectrum_limits_are_checked(limits):
    with pytest.raises(ValueError, match="E_min < E_max"):
        bell.spectrum_normalisation(2.0, *limits)


def test_escaping_energy_flux_prl_3():
    E = np.geomspace(1, 1e6, 5)
    flux = bell.escaping_energy_flux_erg_cm2_s(E, L_CR, R_D, 2.0, E_MIN, E_MAX)
    np.testing.assert_allclose(flux, 1.21e-6, rtol=0.005)
    np.testing.assert_allclose(bell.number_flux_cm2_s_GeV(E, flux) * E**2 * units.GEV_ERG, flux, rtol=1e-12)


def test_steeper_spectrum_halves_the_field():
    """PRL, after Eq. 6: slope 2.2 lowers the field by a factor ~2."""
    steep = bell.escaping_energy_flux_erg_cm2_s(E_MAX, L_CR, R_D, 2.2, E_MIN, E_MAX)
    assert B_SAT / bell.saturation_field_uG(steep) == pytest.approx(2.0, rel=0.2)


def test_dilution_conserves_the_flux_far_away():
    r = 50.0
    assert bell.dilution(0.0, 7.0, R_D) == 1.0
    assert bell.dilution(30.0, -40.0, R_D) == pytest.approx(100 / 5000)
    through_sphere = 4 * np.pi * r**2 * bell.dilution(0.0, r, R_D)
    assert through_sphere == pytest.approx(2 * np.pi * R_D**2)  # both faces of the disc


def test_saturation_prl_6_and_8():
    assert B_SAT * units.UG_GAUSS == pytest.approx(2.25e-8, rel=0.005)
    closed_form = np.sqrt(2 * L_CR / (units.C_CM_S * (R_D * units.KPC_CM) ** 2 * np.log(E_MAX / E_MIN)))
    assert B_SAT * units.UG_GAUSS == pytest.approx(closed_form, rel=1e-12)


def test_instability_sets_in_where_the_field_is_below_saturation():
    np.testing.assert_array_equal(bell.is_unstable(B_SAT * np.array([0.999, 1.001]), FLUX), [True, False])


@pytest.mark.parametrize(("R", "z"), [(0.0, 10.6), (22.06, 0.0)])
def test_surface_of_the_bell_region(R, z):
    """With the default halo field it lies 10.6 kpc above the centre and 12 kpc beyond the rim."""
    halo_uG = exponential_field_uG(R, z, 3.0, 2.0, R_D)
    assert bell.amplified_field_uG(R, z, FLUX, R_D, N_1) == pytest.approx(halo_uG, rel=0.01)


def test_growth_prl_5_and_7():
    assert bell.gamma_max_Myr(1.0, FLUX, N_1) / units.MYR_YR == pytest.approx(2.1, rel=0.03)
    for B in (1e-4, 1e-2):  # the field cancels
        rate = bell.k_max_kpc(30.0, B, FLUX) * alfven_speed_kpc_Myr(B, N_1)
        assert bell.gamma_max_Myr(30.0, FLUX, N_1) == pytest.approx(rate, rel=1e-12)
    assert bell.gamma_max_Myr(10.0, FLUX, 100 * N_1) == pytest.approx(
        bell.gamma_max_Myr(1.0, FLUX, N_1) / 100
    )


def test_growth_is_on_small_scales_until_saturation():
    assert bell.k_max_kpc(1e3, B_SAT, FLUX) * larmor_radius_kpc(1e3, B_SAT) == pytest.approx(1.0)


def test_saturation_by_pressure_prl_14():
    field = bell.saturation_field_pressure_uG(FLUX, N_1)
    assert field * units.UG_GAUSS == pytest.approx(3e-7, rel=0.01)
    assert bell.saturation_field_pressure_uG(8 * FLUX, 64 * N_1) == pytest.approx(4 * field)


def test_alfven_speed_thermal_bound_and_onset():
    assert U * units.KPC_MYR_KM_S == pytest.approx(99, rel=0.01)
    assert bell.thermal_bound_uG(N_1, 1e4) * units.UG_GAUSS == pytest.approx(2.07e-9, rel=0.01)
    onset = bell.thermal_onset_uG(1.0, FLUX, N_1, 1e6)
    assert onset * units.UG_GAUSS == pytest.approx(1.8e-9, rel=0.02)
    assert bell.thermal_onset_uG(8.0, FLUX, 64 * N_1, 1e6) == pytest.approx(onset)


def test_bohm_diffusion_prl_9():
    E = np.array([1e2, 1e6])
    D = bell.bohm_diffusion_coefficient_kpc2_Myr(units.momentum_GeV(E), B_SAT)
    np.testing.assert_allclose(D * units.KPC2_MYR_CM2_S, 1.5e24 * E, rtol=0.02)


def test_lengthening_waves_saturate_between_background_and_current():
    """k r_L = 1 for k = k_max (B_0/dB)^2; a background of B_sat leaves nothing to grow."""
    for B_0 in (1e-4, 1e-3):
        dB = bell.saturation_field_growing_wavelength_uG(FLUX, B_0)
        k = bell.k_max_kpc(1e6, B_0, FLUX) * (B_0 / dB) ** 2
        assert k * larmor_radius_kpc(1e6, dB) == pytest.approx(1.0)
        assert B_0 < dB < B_SAT
    assert bell.saturation_field_growing_wavelength_uG(FLUX, B_SAT) == pytest.approx(B_SAT)


def test_densities_prl_10_11_15():
    phi = bell.number_flux_cm2_s_GeV(1e3, FLUX)
    t, D = 5.0, 2.0
    drift = bell.diffusive_drift_kpc_Myr(t, D)
    assert drift == pytest.approx(np.sqrt(np.pi * D / (4 * t)))
    assert bell.density_diffusive_cm3_GeV(phi, t, D) == pytest.approx(
        bell.density_advected_cm3_GeV(phi, drift)
    )
    assert bell.density_free_escape_cm3_GeV(phi) == pytest.approx(3 * phi / units.C_CM_S)
    gain = bell.density_advected_cm3_GeV(phi, U) / bell.density_free_escape_cm3_GeV(phi)
    assert bell.density_ratio_to_free_escape(U) == pytest.approx(gain, rel=1e-12)
    assert 3 * gain == pytest.approx(3.0e3, rel=0.02)  # c/v_A~ at delta_G = 1


def test_neutrino_flux_prl_16_and_17():
    Lambda = np.log(E_MAX / E_MIN)
    assert bell.neutrino_flux_prl17(1.0, L_CR, Lambda) == pytest.approx(5.0e-12, rel=0.01)
    assert bell.neutrino_flux_prl17(1.0, L_CR, Lambda, sigma_pp_mb=30.0) == pytest.approx(4.2e-12, rel=0.01)
    for delta_G in (1.0, 100.0):
        n = gas.cgm_density_cm3(delta_G)
        estimate = bell.neutrino_flux_prl16(FLUX, alfven_speed_kpc_Myr(B_SAT, n), n, R_D)
        assert bell.neutrino_flux_prl17(delta_G, L_CR, Lambda) == pytest.approx(estimate, rel=1e-12)


def test_fill_time():
    assert bell.fill_time_Myr(R_D, U) == pytest.approx(99, rel=0.01)
    assert bell.fill_time_Myr(R_D, U / 10) == pytest.approx(990, rel=0.01)
