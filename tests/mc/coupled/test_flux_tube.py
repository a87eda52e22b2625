"""A source in a flux tube: balance, release, steps, refusals. Known answers are in `validate`."""

from dataclasses import replace

import numpy as np
import pytest
from crhalo.fields.disc.phases import PHASES, GasPhase
from crhalo.fields.exceptions import UserError
from crhalo.fields.units import MYR_S
from crhalo.fields.waves.tube_waves import TubeWaves
from crhalo.mc.coupled.flux_tube import FluxTube, Tube
from crhalo.mc.coupled.tube_particles import free_path_kpc, passage, verdict

P_GEV = np.geomspace(3.0, 3e4, 9)
TUBE = Tube(0.1, 0.02, 0.005, 1e50, 2.2, np.zeros(9), np.full(60, 0.5))


@pytest.fixture(scope="module")
def run():
    return FluxTube(TUBE, TubeWaves(P_GEV, PHASES["warm-ionised"])).follow([1e-3, 1e-2, 1.0])


def test_all_energy_and_all_protons_are_found(run):
    assert run.finished and run.imbalance < 1e-9
    assert run.energy_erg["released"] == pytest.approx(1e50)
    # 1e50 erg: the sum over momenta of the kinetic energy.
    last = run.snapshots[-1]
    assert (run.escaped[-3:] < 1.0).all() and (last.n_cm3 >= 0.0).all()


def test_waves_never_fall_below_those_of_the_galaxy(run):
    for one in run.snapshots:
        assert (one.F >= run.waves.F_gal * (1.0 - 1e-12)).all()
    assert (run.snapshots[0].F / run.waves.F_gal).max() > 100.0


def test_steps_converge_at_first_order(run):
    finer = FluxTube(TUBE, run.waves, change=0.1).follow([1.0])
    np.testing.assert_allclose(run.residence_Myr, finer.residence_Myr, rtol=0.03)
    assert finer.steps > 2 * run.steps


def test_too_few_steps_are_told():
    few = FluxTube(TUBE, TubeWaves(P_GEV, PHASES["warm-ionised"]), most_steps=20).follow([1.0])
    assert not few.finished and few.steps == 20


def test_protons_are_released_when_they_are():
    late = replace(TUBE, release_Myr=np.geomspace(1e-2, 1e-4, 9))
    run = FluxTube(late, TubeWaves(P_GEV, PHASES["hot-ionised"])).follow([1e-3, 1.0])
    early = run.snapshots[0].n_cm3.sum(axis=0)
    # Expansion brings a few down to lower momenta.
    assert early[0] < 1e-6 * early[-1] and run.imbalance < 1e-9
    at_once = FluxTube(TUBE, run.waves).follow([1.0])
    assert run.residence_Myr[-1] != pytest.approx(at_once.residence_Myr[-1], rel=1e-3)


def test_damping_shortens_the_stay():
    waves = TubeWaves(P_GEV, PHASES["warm-ionised"])
    free = replace(waves, ion_neutral=False, shear_scale_kpc=0.0)
    stay = {
        name: FluxTube(TUBE, each).follow([1.0]).residence_Myr
        for name, each in {
            "all": waves,
            "no neutrals": replace(waves, ion_neutral=False),
            "no linear": free,
            "cascade": replace(free, nonlinear="cascade"),
            "no growth": replace(waves, growth=False),
        }.items()
    }
    assert (stay["no neutrals"][:6] > 1.2 * stay["all"][:6]).all()
    assert (stay["no linear"][:6] >= stay["no neutrals"][:6]).all()
    assert (stay["all"][:3] > 1.2 * stay["no growth"][:3]).all()
    assert (stay["cascade"][:3] != stay["no linear"][:3]).all()


def test_waves_after_an_implicit_step():
    """Both non-linear terms balance the growth that is given, after a long step."""
    waves = TubeWaves(P_GEV, PHASES["hot-ionised"], shear_scale_kpc=0.0)
    F = np.tile(waves.F_gal, (2, 1))
    for kind in ("landau", "cascade"):
        one = replace(waves, nonlinear=kind)
        settled = one.after(F, np.full_like(F, 10.0 * 1e4), 1e4)
        np.testing.assert_allclose(settled * one.nonlinear_damping_Myr(settled), 10.0, rtol=1e-3)


def test_neutrals_that_follow_slow_the_waves():
    phase = PHASES["cold-neutral"]
    waves = TubeWaves(np.geomspace(1.0, 1e7, 8), phase, shear_scale_kpc=0.0)
    fast, slow = waves.v_A_kpc_Myr[[0, -1]]
    assert fast / slow == pytest.approx((phase.density_cm3 / phase.ions_cm3) ** 0.5)
    nu = phase.neutral_rate_cm3_s * phase.neutrals_cm3 * MYR_S
    assert waves.linear_damping_Myr[0] == pytest.approx(nu, rel=0.2)


def test_verdicts(run):
    assert verdict(0.01) == "diffusive" and verdict(0.5) == "in between" and verdict(2.0) == "not diffusive"
    D = 3.0 * run.waves.D_gal_kpc2_Myr / run.waves.speed_kpc_Myr
    assert (free_path_kpc(run) < 1.1 * D).all()


def test_few_particles_of_the_highest_energy_stay_longer_than_diffusion_says(run):
    one = passage(run, 8, 300, 1)
    assert one.finished and one.residence_Myr > run.residence_Myr[8]
    assert one == passage(run, 8, 300, 1)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (
            lambda: FluxTube(TUBE, TubeWaves(np.linspace(1.0, 9.0, 9), PHASES["hot-ionised"])),
            "even in the logarithm",
        ),
        (lambda: replace(TUBE, source_kpc=0.2), "shorter than the tube"),
        (lambda: replace(TUBE, energy_erg=0.0), "above zero"),
        (lambda: replace(TUBE, gas_cm3=np.ones(3)), "4 cells"),
        (lambda: GasPhase(1.0, 1.0, 1e4, 3.0), "neutral fraction 1"),
        (lambda: GasPhase(1.0, -0.1, 1e4, 3.0), "neutral fraction -0.1"),
        (lambda: GasPhase(0.0, 0.1, 1e4, 3.0), "above zero"),
        (lambda: TubeWaves(P_GEV, PHASES["hot-ionised"], nonlinear="some"), "landau, cascade"),
        (lambda: TubeWaves(P_GEV, PHASES["hot-ionised"], D_gal_cm2_s=0.0), "D_gal above zero"),
    ],
)
def test_what_cannot_be_is_refused(make, why):
    with pytest.raises(UserError, match=why):
        make()


def test_one_particle_is_none(run):
    with pytest.raises(UserError, match="2 or more"):
        passage(run, 0, 1, 1)
