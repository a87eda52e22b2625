"""Gas densities, grammage and the cost of collisions."""

import numpy as np
import pytest
from crhalo.fields import gas_density as gas
from crhalo.fields import units

R_D = 10.0


def test_disc_density():
    assert gas.disc_density_cm3(0.0, 0.0, R_D) == 1.0
    assert gas.disc_density_cm3(9.99, -0.1, R_D) == pytest.approx(1 / np.e)
    assert gas.disc_density_cm3(10.0, 0.0, R_D) == 0.5
    assert gas.disc_density_cm3(10.01, 0.0, R_D) == 0.0


def test_halo_density_goes_from_1e_2_to_1e_3():
    assert gas.halo_density_cm3(5.0, 0.0, R_D) == pytest.approx(1e-2)
    assert gas.halo_density_cm3(5.0, 200.0, R_D) == pytest.approx(1e-3)
    assert gas.halo_density_cm3(12.0, 0.0, R_D) == pytest.approx(gas.halo_density_cm3(0.0, 2.0, R_D))


@pytest.mark.parametrize("density", [gas.disc_density_cm3, gas.halo_density_cm3])
def test_density_is_symmetric_and_finite(density):
    R, z = np.meshgrid([0, 1e-9, 10, 1e4], [-1e4, -1, 0, 1, 1e4])
    n = density(R, z, R_D)
    assert np.isfinite(n).all() and (n >= 0).all()
    np.testing.assert_array_equal(n, n[::-1])


def test_circumgalactic_density():
    assert gas.OMEGA_B_RHO_CR_G_CM3 == pytest.approx(4.14e-31, rel=0.01)
    np.testing.assert_allclose(gas.cgm_density_cm3([1.0, 100.0]), [2.47e-7, 2.47e-5], rtol=0.01)


def test_grammage():
    # 1 cm^-3 over 1 kpc: 5.16e-3 g/cm^2; the column of the disc seen at right angles, both sides
    assert gas.grammage_per_length_g_cm2_kpc(1.0) == pytest.approx(5.16e-3, rel=1e-3)
    z = np.linspace(-3, 3, 20001)
    column = np.trapezoid(gas.grammage_per_length_g_cm2_kpc(gas.disc_density_cm3(0.0, z, R_D)), z)
    assert column == pytest.approx(units.M_P_G * 0.2 * units.KPC_CM, rel=1e-4)


def test_inelastic_cross_section():
    """The same formula as coded in naima (PionDecay): mb at these total energies; none below threshold."""
    E = [1.5, 3.0, 10.0, 1e2, 1e3, 1e5, 1e7]
    naima_mb = [11.9213, 27.5564, 29.4192, 31.2656, 34.8934, 47.8561, 68.4518]
    np.testing.assert_allclose(gas.inelastic_cross_section_mb(E), naima_mb, rtol=1e-4)
    assert gas.PP_THRESHOLD_GEV == pytest.approx(0.2797, rel=1e-3)
    below = units.M_P_GEV + np.array([0.0, 0.1, 0.279])
    np.testing.assert_array_equal(gas.inelastic_cross_section_mb(below), 0.0)
    E = np.geomspace(1.3, 1e8, 200)
    assert (gas.inelastic_cross_section_mb(E) > 0).all()


def test_pp_energy_loss():
    """At 1 TeV, 34.9 mb and K = 0.5: E/|dE/dt| = 1/(K sigma c) = 61 Myr in gas of 1 cm^-3."""
    sigma_cm2 = gas.inelastic_cross_section_mb(1e3) * units.MBARN_CM2
    expected = 1e3 * 0.5 * sigma_cm2 * units.C_CM_S * units.MYR_S
    assert gas.pp_energy_loss_rate_GeV_Myr(1e3, 0.5) == pytest.approx(expected, rel=1e-5)
    assert 1e3 / gas.pp_energy_loss_rate_GeV_Myr(1e3, 0.5) == pytest.approx(60.6, rel=0.01)
    assert gas.pp_energy_loss_rate_GeV_Myr(units.M_P_GEV, 0.5) == 0.0


def test_half_of_the_kinetic_energy_is_lost():
    np.testing.assert_allclose(gas.inelasticity([10.0, 1e3, units.M_P_GEV]), [0.4531, 0.4995, 0.0], atol=1e-4)
