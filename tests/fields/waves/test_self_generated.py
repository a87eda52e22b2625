"""Waves of a given flux: what they are without a cascade, with one, and carried away."""

import numpy as np
import pytest
from crhalo.fields.units import C_CM_S, C_KPC_MYR, EV_ERG, GEV_ERG, speed_kpc_Myr
from crhalo.fields.waves import streaming, wave_equation
from crhalo.fields.waves.self_generated import HaloDiffusion, WaveModel
from crhalo.fields.waves.streaming_protons import (
    LONGEST_FREE_PATH_KPC,
    diffusion_of_waves,
    resonant_power,
    settled,
)

P = np.geomspace(1.0, 1e6, 25)
EDGES = np.append(0.0, np.geomspace(0.1, 8.0, 30))
Z = 0.5 * (EDGES[1:] + EDGES[:-1])
B = np.full(Z.size, 3.0)
N_I, V_S = 0.01, 0.03
FLUX = np.tile(1e-3 * P**-1.2, (Z.size, 1))
OLD_D = np.tile(0.1 * P**0.5, (Z.size, 1))


def waves(flux=FLUX, **model):
    """Column and F of a flux, of which the waves carry nothing where they are at rest."""
    made = WaveModel(**{"n_i_cm3": N_I, "v_s_kpc_Myr": V_S} | model)
    column = made.column(P, EDGES, B)
    return column, settled(column, made.protons(column, P, flux, 0.0 * P))[0]


def power(**kwargs):
    """F at the resonances."""
    column, F = waves(**kwargs)
    return np.array([resonant_power(column.k_kpc, 3.0, layer, P) for layer in F])


def flux_limited():
    W = P * FLUX[0] / C_CM_S * GEV_ERG / EV_ERG
    return W / streaming.magnetic_energy_density_eV_cm3(3.0) * streaming.alfven_speed_kpc_Myr(3.0, N_I) / V_S


def test_flux_limited_power():
    # The ends of the momenta lie between wavenumbers.
    np.testing.assert_allclose(power()[:, 1:-1], np.tile(flux_limited()[1:-1], (Z.size, 1)), rtol=1e-3)


def test_kolmogorov_cascade_balances_growth_locally():
    """Damping ~ F^(1/2): four times the flux makes far more than four times the waves."""
    weak, strong = (power(flux=factor * FLUX, cascade="kolmogorov", v_s_kpc_Myr=0.0) for factor in (1.0, 4.0))
    ratio = strong[10, 5:15] / weak[10, 5:15]
    assert np.all(ratio > 8.0) and np.all(ratio < 20.0)


@pytest.mark.parametrize("cascade, slope", [("kolmogorov", -2 / 3), ("kraichnan", -1 / 2)])
def test_stirred_turbulence_has_the_slope_and_power_of_its_cascade(cascade, slope):
    made, F = waves(growth=False, cascade=cascade, v_s_kpc_Myr=0.0, injected_power=0.05)
    F = F[0]
    ends = [np.argmin(np.abs(made.k_kpc - k)) for k in (1e3, 1e7)]
    found = np.log(F[ends[1]] / F[ends[0]]) / np.log(made.k_kpc[ends[1]] / made.k_kpc[ends[0]])
    assert found == pytest.approx(slope, abs=0.01)
    shorter = made.k_kpc > 1 / 0.05
    assert F[shorter].sum() * np.log(made.k_kpc[1] / made.k_kpc[0]) == pytest.approx(0.05, rel=0.2)


def test_turbulence_that_leaves_the_disc_decays_on_the_way():
    made, F = waves(
        growth=False, cascade="kolmogorov", v_s_kpc_Myr=0.0, injected_power=0.05, advected=True, seed=1e-14
    )
    total = F.sum(axis=1) * np.log(made.k_kpc[1] / made.k_kpc[0])
    assert total[9] == pytest.approx(0.05, rel=0.2)  # 0.4 kpc up, all of it has been injected
    assert np.all(np.diff(total[9:]) < 0)
    assert total[-1] < 0.7 * total[9]


def test_carried_waves_keep_their_flux_where_nothing_damps():
    """v_A F = int Q dz: no growth, and k so small that the cascade has no time."""
    made, F = waves(
        growth=False, cascade="kolmogorov", v_s_kpc_Myr=0.0, injected_power=1e-6, advected=True, seed=1e-14,
        injection_scale_kpc=1.0,
    )  # fmt: skip
    total = F.sum(axis=1) * np.log(made.k_kpc[1] / made.k_kpc[0])
    arrived = 1e-6 * (1 - np.exp(-EDGES[1:] / 0.1))
    np.testing.assert_allclose(total[:20], arrived[:20], rtol=0.02)


def test_waves_that_do_not_converge_are_refused(monkeypatch):
    monkeypatch.setattr(wave_equation, "_ROUNDS", 2)
    with pytest.raises(ArithmeticError, match="do not converge"):
        waves(cascade="kolmogorov", v_s_kpc_Myr=0.0)


def test_ion_neutral_damping_acts_below_its_height_only():
    F = power(neutral_density_cm3=0.1, neutral_height_kpc=0.5)
    free = power()
    low, high = Z < 0.5, Z > 0.5
    assert np.all(F[low][:, 5:20] < 1e-3 * free[low][:, 5:20])
    np.testing.assert_allclose(F[high], free[high], rtol=1e-6)


def test_free_paths_are_at_most_100_kpc():
    D = diffusion_of_waves(*waves(flux=1e-30 * FLUX), P)
    np.testing.assert_allclose(D, np.tile(LONGEST_FREE_PATH_KPC * speed_kpc_Myr(P) / 3, (Z.size, 1)))


def test_halo_diffusion_is_its_table_and_goes_on():
    table = HaloDiffusion(P, Z, OLD_D * Z[:, None], lambda R, z: np.abs(z) + 0.0 * R)
    np.testing.assert_allclose(table(P[3], 5.0, Z), OLD_D[0, 3] * Z, rtol=1e-12)
    np.testing.assert_allclose(table(P[3], 5.0, [0.0, -20.0]), OLD_D[0, 3] * Z[[0, -1]], rtol=1e-12)
    assert table(1e7, 0.0, 1.0) / table(1e6, 0.0, 1.0) == pytest.approx(10.0, rel=1e-6)
    assert table(1e7, 0.0, 1.0) < LONGEST_FREE_PATH_KPC * C_KPC_MYR / 3
