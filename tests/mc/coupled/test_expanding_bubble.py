"""The bubble that cosmic rays blow: balance, cooling, profiles, refusals. Known answers are in `validate`."""

import numpy as np
import pytest
from crhalo.fields.exceptions import UserError
from crhalo.fields.galaxy import Galaxy
from crhalo.fields.units import KPC_MYR_KM_S, MYR_S, momentum_GeV
from crhalo.mc.coupled.bubble_start import faces_kpc, groups_of, hydrostatic_gas, uniform_gas
from crhalo.mc.coupled.expanding_bubble import ExpandingBubble, bell_diffusion
from crhalo.mc.spectrum import Spectrum


@pytest.fixture(scope="module")
def blown():
    """A bubble in cold gas, with all that it has: diffusion, losses, zones that join."""
    galaxy = Galaxy(delta_G=100.0, r_max_kpc=400.0)
    gas = uniform_gas(faces_kpc(7.0, 400.0, 80), 2.5e-5, 1e4)
    groups = groups_of(Spectrum(), 24, 4)
    bubble = ExpandingBubble(gas, groups, bell_diffusion(galaxy), galaxy.loss_rate)
    return [bubble.to(age) for age in (300.0, 1000.0)], gas


def test_gas_in_balance_stays_at_rest_for_ever():
    gas = hydrostatic_gas(faces_kpc(7.0, 1000.0, 100), 1e-3, 50.0, 1e6)
    found = ExpandingBubble(gas).to(1e4)
    assert np.abs(found.u_kpc_Myr).max() * KPC_MYR_KM_S < 1e-6
    np.testing.assert_allclose(found.r_kpc, gas.r_kpc)


def test_gas_in_balance_has_its_temperature_density_and_slope():
    gas = hydrostatic_gas(faces_kpc(7.0, 1000.0), 1e-3, 50.0, 1e6)
    temperature = gas.pressure / gas.density_cm3
    assert np.ptp(temperature) < 1e-3 * temperature.mean()
    r = np.sqrt(gas.r_kpc[1:] * gas.r_kpc[:-1])
    assert np.interp(np.log(50.0), np.log(r), np.log(gas.density_cm3)) == pytest.approx(
        np.log(1e-3), abs=0.01
    )
    slope = np.diff(np.log(gas.density_cm3)) / np.diff(np.log(r))
    # m_p v_c^2/(2 k T)
    np.testing.assert_allclose(slope, -2.932, atol=0.002)


def test_a_bubble_without_diffusion_cools_as_its_radius():
    """R ~ t^0.6, p ~ 1/R: of E^-2 at a constant rate there are 1/(1 + 0.6) of those injected at each p."""
    gas = uniform_gas(faces_kpc(1.0, 170.0, 100), 2.5e-5, 100.0)
    groups = groups_of(Spectrum(E_min_GeV=1e3, E_max_GeV=1e9))
    found = ExpandingBubble(gas, groups).to(1000.0)
    volume = 4.0 / 3.0 * np.pi * found.contact_kpc**3 * 3.0856775814913674e21**3
    # Those of E_min and E_max have not come as far.
    between = (groups.p_GeV > 1e4) & (groups.p_GeV < 1e7)
    there = found.protons_cm3[0] * volume / (groups.injected_s[between][0] * 1000.0 * MYR_S)
    there = there[between] * groups.p_GeV[between] / groups.p_GeV[between][0]
    np.testing.assert_allclose(there, 0.625, rtol=0.02)


def test_zones_that_join_keep_mass_and_energy(blown):
    (_, last), gas = blown
    assert last.density_cm3.size < gas.density_cm3.size
    volumes = np.diff(last.r_kpc**3), np.diff(gas.r_kpc**3)
    kept = (last.density_cm3 * volumes[0]).sum() / (gas.density_cm3 * volumes[1]).sum()
    assert kept == pytest.approx(1.0, abs=1e-12) and last.imbalance < 1e-3


def test_profiles_at_any_radius(blown):
    (_, found), _ = blown
    inside, outside = 0.5 * found.contact_kpc, 1.5 * found.front_kpc
    assert found.gas_cm3(inside) == 0.0 and found.gas_cm3(outside) == pytest.approx(2.5e-5, rel=0.03)
    assert found.gas_cm3([found.centres_kpc[0], inside]).shape == (2,)
    assert found.speed_kpc_Myr(inside) == pytest.approx(0.5 * found.u_kpc_Myr[0])
    assert found.cosmic_rays_cm3([1.0, inside]).shape == (2, 24)
    np.testing.assert_array_equal(found.cosmic_rays_cm3(inside), found.protons_cm3[0])
    # Swept: all that was there; the zone that the front is in is 15% of it.
    volume = 4.0 / 3.0 * np.pi * (found.front_kpc**3 - 7.0**3) * 3.0856775814913674e21**3
    assert found.swept_g / (1.67262192595e-24 * 2.5e-5 * volume) == pytest.approx(1.0, abs=0.1)


def test_it_grows_and_the_highest_energies_lead(blown):
    (early, late), _ = blown
    assert late.contact_kpc > early.contact_kpc and late.front_kpc > late.contact_kpc
    ahead = late.cosmic_rays_cm3(1.3 * late.front_kpc) / late.protons_cm3[0]
    p = np.sqrt(late.p_edges_GeV[1:] * late.p_edges_GeV[:-1])
    assert ahead[p > 1e5].min() > 1e-3 > ahead[(p > 1.0) & (p < 1e3)].max()


def test_no_field_is_amplified_where_there_is_a_stronger_one():
    galaxy = Galaxy(B_cgm_uG=2e-3, r_max_kpc=400.0)
    edge = galaxy.bell_outer_radius_kpc
    p, r = momentum_GeV(1e3), np.array([0.9 * edge, 1.1 * edge])
    D = bell_diffusion(galaxy)(p, r)
    assert D[0] == galaxy.diffusion_bell(p, 0.0, r[0]) and D[1] == pytest.approx(306.6 * r[1] / 3.0, rel=1e-3)


@pytest.mark.parametrize(
    ("r_max", "density", "L", "message"),
    [(20.0, 2.5e-5, 1e41, "leaves r_max = 20 kpc after"), (400.0, 2.5e-10, 1e45, "faster than 0.03 c")],
)
def test_what_goes_too_far_or_too_fast_is_refused(r_max, density, L, message):
    gas = uniform_gas(faces_kpc(7.0, r_max, 60), density, 1e4)
    bubble = ExpandingBubble(gas, groups_of(Spectrum(L_CR_erg_s=L), 24, 4))
    with pytest.raises(UserError, match=message):
        bubble.to(1000.0)
