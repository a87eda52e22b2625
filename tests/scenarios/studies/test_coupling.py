"""What returns from a bubble, and the outflow that B/C asks for."""

import numpy as np
import pytest
from crhalo.fields.exceptions import UserError
from crhalo.fields.galaxy import Galaxy
from crhalo.fields.units import KPC_CM
from crhalo.maps.light.at_the_sun import boron_over_carbon, grammage_of
from crhalo.mc.spectrum import Spectrum
from crhalo.scenarios import load
from crhalo.scenarios.commands.run import execute
from crhalo.scenarios.run import make_run
from crhalo.scenarios.studies.coupling import Bubble, least_outflow, with_bubble
from crhalo.scenarios.studies.study import in_media

AGE_MYR = 100.0


@pytest.fixture(scope="module")
def bubble():
    return Bubble.around(Galaxy(delta_G=100.0), Spectrum(), AGE_MYR)


def test_a_bubble_holds_all_protons_that_left_the_galaxy(bubble):
    """None are made or lost, whatever they diffuse through; the field is amplified as far as they come."""
    at = bubble.snapshot
    volumes = 4.0 / 3.0 * np.pi * np.append(at.r_kpc[0] ** 3, np.diff(at.r_kpc**3)) * KPC_CM**3
    held = (at.protons_cm3 * volumes[:, None]).sum()
    assert held == pytest.approx(bubble.injected_Myr.sum() * AGE_MYR, rel=0.01)


def test_what_the_cavity_holds_is_added_to_what_there_is_without_return(bubble):
    settings = [
        "transport.particles=64",
        "transport.t_max=100 Myr",
        "transport.energy_range=['10 GeV','3 TeV']",
    ]
    (one,) = in_media(load("coupling").with_overrides(settings), delta_G=(100.0,))
    found = with_bubble(make_run(one))
    assert found["outflow"] == "bubble" and np.isnan(found["in_one_dimension"]).all()
    held = bubble.per_injected(found["energy_GeV"], bubble.snapshot.protons_cm3[0])
    # Within the cavity all are mixed: rate times age over its volume, less what diffuses into the gas.
    mixed = AGE_MYR / (4.0 / 3.0 * np.pi * (bubble.snapshot.contact_kpc * KPC_CM) ** 3)
    assert np.all(held < mixed) and np.all(held > 0.2 * mixed)
    assert np.all(found["density"].value > 1.0)
    X = found["grammage_g_cm2"]
    assert np.all(X["with_return"].value > X["without"].value)


def test_a_slow_outflow_makes_too_much_boron():
    """u >= mu c/(2 X) with mu = 2.4 mg cm^-2 and the X of B/C = 0.284, 0.129, 0.073 at 10, 100, 1000 GV."""
    np.testing.assert_allclose(least_outflow()["u_km_s"], [44.8, 158.6, 320.0], rtol=1e-3)


def test_grammage_of_is_the_inverse():
    X = np.array([0.1, 1.0, 10.0])
    np.testing.assert_allclose(grammage_of(boron_over_carbon(X)), X, rtol=1e-12)


def test_a_medium_that_cannot_be_is_refused_before_the_first_run(tmp_path):
    settings = ["coupling.delta_G=[100, 1e-3]", "coupling.outflow=['momentum']", "coupling.z_B=['2 kpc']"]
    told = []
    with pytest.raises(UserError, match=r"medium\.delta_G: the outflow .* reaches"):
        execute(
            load("coupling").with_overrides(settings), tmp_path / "run", 1, lambda *done: told.append(done)
        )
    assert not told
