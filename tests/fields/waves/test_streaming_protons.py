"""Protons and the waves that carry them, layer by layer, against the closed form of a slab."""

import numpy as np
from crhalo.fields.units import C_CM_S, C_KPC_MYR, EV_ERG, GEV_ERG, KPC_MYR_CM_S, speed_kpc_Myr
from crhalo.fields.waves import streaming
from crhalo.fields.waves.self_generated import WaveModel
from crhalo.fields.waves.streaming_protons import diffusion_of_waves, settled, wave_gain_eV

P = np.geomspace(3.0, 3e6, 37)
H, LAYERS = 4.0, 30
EDGES = np.concatenate(
    [[0.0], np.geomspace(0.1, H / 2, LAYERS // 2), H - np.geomspace(0.02, H / 2, LAYERS // 2)[-2::-1], [H]]
)
Z = 0.5 * (EDGES[1:] + EDGES[:-1])
FLUX = 1e-4 / P


def solved(top=0.0, B=3.0, **model):
    made = WaveModel(**{"advected": True} | model)
    column = made.column(P, EDGES, np.full(Z.size, 1.0) * B)
    protons = made.protons(column, P, np.tile(FLUX, (Z.size, 1)), np.full(P.size, 1.0) * top)
    return column, protons, *settled(column, protons)


def D_if_all_diffuses(column):
    """D of waves that all of the flux excites, damped by non-linear Landau damping."""
    W = P * FLUX / C_CM_S * GEV_ERG / EV_ERG / streaming.magnetic_energy_density_eV_cm3(3.0)
    F = W * column.v_A_kpc_Myr[0] / WaveModel().v_s_kpc_Myr
    return streaming.larmor_radius_kpc(P, 3.0) * speed_kpc_Myr(P) / (3.0 * F)


def test_carried_protons_leave_the_closed_form():
    """D = D_f + u (H - z): 1.5% from 0.3 kpc on below 300 GeV; in the lowest layer waves have yet to grow."""
    column, _, F, diffusive = solved()
    D_f, u = D_if_all_diffuses(column), column.v_A_kpc_Myr[0]
    known = D_f + u * (H - Z[:, None])
    D = diffusion_of_waves(column, F, P)
    grown, confined = Z > 0.3, (P > 8.0) & (P < 300.0)
    np.testing.assert_allclose((D / known)[grown][:, confined], 1.0, atol=0.015)
    # The diffusive flux times D is that of all of the flux.
    np.testing.assert_allclose((diffusive * D / FLUX / D_f)[grown][:, confined], 1.0, atol=0.01)
    assert known[0, 4] < D[0, 4] < 1.1 * known[0, 4]


def test_a_flux_that_streams_no_faster_than_the_waves_excites_none():
    """v_D > v_A (REV Eq. 4): as many protons above as the waves can carry leave nothing to diffuse."""
    u_cm_s = streaming.alfven_speed_kpc_Myr(3.0, 0.01) * KPC_MYR_CM_S
    column, _, F, _ = solved(top=1.0001 * FLUX / u_cm_s)
    np.testing.assert_allclose(F, column.seed, rtol=1e-6)


def test_waves_at_rest_are_excited_by_all_of_the_flux():
    column, _, F, diffusive = solved(advected=False)
    np.testing.assert_allclose(diffusive, np.tile(FLUX, (Z.size, 1)), rtol=1e-12)
    D = diffusion_of_waves(column, F, P)
    np.testing.assert_allclose(D[:, 1:-1] / D_if_all_diffuses(column)[1:-1], 1.0, rtol=1e-3)


def test_D_forgets_the_seed_where_growth_is_fast_and_keeps_it_where_it_is_not():
    (column, _, F_weak, _), (_, _, F_strong, _) = solved(seed=1e-11), solved(seed=1e-7)
    weak, strong = (diffusion_of_waves(column, F, P) for F in (F_weak, F_strong))
    rate = streaming.growth_rate_flux_Myr(P, FLUX, 3.0, 0.01)
    folds = rate * Z[-1] / column.v_A_kpc_Myr[0]
    assert np.abs(np.log(weak / strong))[Z > 1.0][:, folds > 1e3].max() < 1e-3
    assert np.count_nonzero(folds > 1e3) > 8
    np.testing.assert_allclose((weak / strong)[:, folds < 0.3][-1, -1:], 1.0)  # both of 100 kpc
    assert (weak / strong)[-1, np.argmin(np.abs(folds - 10.0))] > 2.0


def test_waves_gain_what_protons_lose():
    """By ln p, growth F B^2/4 pi = -v_A dP/dz (REV Eq. 2), in a field that falls off."""
    column, protons, F, diffusive = solved(B=3.0 * np.exp(-Z / 10.0))
    pressure_gradient_eV = diffusive / diffusion_of_waves(column, F, P) / KPC_MYR_CM_S
    pressure_gradient_eV *= P * speed_kpc_Myr(P) / C_KPC_MYR / 3.0 * GEV_ERG / EV_ERG
    for level in (4, 15, 22):
        found = wave_gain_eV(column, protons, level, diffusive[level], F[level])
        some = (diffusive[level] > 0.1 * FLUX) & (P < 300.0)
        lost = column.v_A_kpc_Myr[level] * pressure_gradient_eV[level]
        assert some.any()
        np.testing.assert_allclose(found[some], lost[some], rtol=0.02)
