"""What returns from a bubble, and the outflow that B/C asks for."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from crhalo.fields.exceptions import UserError
from crhalo.fields.galaxy import Galaxy
from crhalo.fields.units import KPC_CM
from crhalo.fields.waves.self_generated import HaloDiffusion
from crhalo.maps.light.at_the_sun import boron_over_carbon, grammage_of
from crhalo.mc.spectrum import Spectrum
from crhalo.scenarios import load
from crhalo.scenarios.commands.run import execute
from crhalo.scenarios.run import make_run
from crhalo.scenarios.studies.coupling import Bubble, least_outflow, with_bubble
from crhalo.scenarios.studies.study import in_media

AGE_MYR = 100.0


SETTINGS = ["transport.particles=64", "transport.t_max=100 Myr", "transport.energy_range=['10 GeV','3 TeV']"]


@pytest.fixture(scope="module")
def run():
    (one,) = in_media(load("coupling").with_overrides(SETTINGS), delta_G=(100.0,))
    return make_run(one)


@pytest.fixture(scope="module")
def bubble():
    return Bubble.around(Galaxy(delta_G=100.0), Spectrum(), AGE_MYR)


def test_a_bubble_holds_all_protons_that_left_the_galaxy(bubble):
    """None are made or lost, whatever they diffuse through; the field is amplified as far as they come."""
    at = bubble.snapshot
    volumes = 4.0 / 3.0 * np.pi * np.append(at.r_kpc[0] ** 3, np.diff(at.r_kpc**3)) * KPC_CM**3
    held = (at.protons_cm3 * volumes[:, None]).sum()
    assert held == pytest.approx(bubble.injected_Myr.sum() * AGE_MYR, rel=0.01)


def test_what_the_cavity_holds_is_added_to_what_there_is_without_return(run, bubble):
    found = with_bubble(run)
    assert found["outflow"] == "bubble" and np.isnan(found["in_one_dimension"]).all()
    held = bubble.per_injected(found["energy_GeV"], bubble.snapshot.protons_cm3[0])
    # Within the cavity all are mixed: rate times age over its volume, less what diffuses into the gas.
    mixed = AGE_MYR / (4.0 / 3.0 * np.pi * (bubble.snapshot.contact_kpc * KPC_CM) ** 3)
    assert np.all(held < mixed) and np.all(held > 0.2 * mixed)
    assert np.all(found["density"].value > 1.0)
    X = found["grammage_g_cm2"]
    assert np.all(X["with_return"].value > X["without"].value)


def test_a_halo_that_makes_its_own_waves_has_the_same_bubble(run):
    """Its D is a table, of arrays."""
    p, height = np.array([10.0, 1e4]), np.array([0.0, 10.0])
    table = HaloDiffusion(p, height, np.ones((2, 2)), run.galaxy.height_kpc)
    other = SimpleNamespace(
        result=run.result, galaxy=replace(run.galaxy, diffusion=table), medium=run.medium,
        spectrum=run.spectrum, scenario=run.scenario,
    )  # fmt: skip
    np.testing.assert_array_equal(with_bubble(other)["density"].value, with_bubble(run)["density"].value)


@pytest.mark.parametrize(
    "setting", ["medium.cgm_beta=0.5", "medium.current=measured", "coupling.z_B=['1 kpc','1 kpc']"]
)
def test_what_does_not_go_with_a_bubble_is_refused(setting):
    with pytest.raises(UserError, match=r"allowed: (0|.prescribed.|each once)"):
        load("coupling").with_overrides([setting])


def test_a_slow_outflow_makes_too_much_boron():
    """u >= mu c/(2 X), mu = 2.4 mg cm^-2, X of B/C = 0.284, 0.129, 0.073 at 10, 100, 1000 GV."""
    np.testing.assert_allclose(least_outflow()["u_km_s"], [51.6, 159.5, 312.6], rtol=1e-3)


def test_grammage_of_is_the_inverse():
    X = np.array([0.1, 1.0, 10.0])
    np.testing.assert_allclose(grammage_of(boron_over_carbon(X)), X, rtol=1e-5)


def test_a_medium_that_cannot_be_is_refused_before_the_first_run(tmp_path):
    settings = ["coupling.delta_G=[100, 1e-3]", "coupling.outflow=['momentum']", "coupling.z_B=['2 kpc']"]
    told = []
    with pytest.raises(UserError, match=r"medium\.delta_G: the outflow .* reaches"):
        execute(
            load("coupling").with_overrides(settings), tmp_path / "run", 1, lambda *done: told.append(done)
        )
    assert not told
