"""What records in Python allow: the same as scenario files do, with units converted and never dropped."""

import numpy as np
import pytest
from astropy import units as u
from crhalo.fields.exceptions import UserError
from crhalo.fields.galaxy import Galaxy
from crhalo.fields.limits import LIMITS, Limit, number_in, numbers_in
from crhalo.mc.blocks import Transport
from crhalo.mc.spectrum import Spectrum
from crhalo.scenarios.build import _KEYS
from crhalo.scenarios.file.scenario import Scenario


def test_quantities_are_converted():
    galaxy = Galaxy(B0_uG=0.3 * u.nT, z_B_kpc="3000 pc", v_s_kpc_Myr=30 * u.km / u.s, R_d_kpc=10)
    assert galaxy.B0_uG == pytest.approx(3.0) and galaxy.z_B_kpc == pytest.approx(3.0)
    assert galaxy.v_s_kpc_Myr == pytest.approx(0.0306814, rel=1e-5) and galaxy.R_d_kpc == 10.0
    assert Spectrum(E_max_GeV=1 * u.PeV).E_max_GeV == pytest.approx(1e6)
    assert Transport(t_max_Myr="10 Gyr").t_max_Myr == pytest.approx(1e4)


@pytest.mark.parametrize(
    ("record", "name", "value", "allowed"),
    [
        (Galaxy, "waves", "NLLD", "nlld, nlld-local; did you mean nlld"),
        (Galaxy, "halo", "Constant", "exponential, constant"),
        (Galaxy, "saturation", "pressur", "did you mean pressure"),
        (Transport, "method", "Hybrid", "hybrid, flight, orbit"),
        (Transport, "acceleration", "fast", '"auto", or a number from 1'),
        (Transport, "particles", 3.5, "a whole number from 1"),
        (Transport, "particles", 0, "a whole number from 1"),
        (Transport, "seed", -1, "a whole number from 0"),
        (Transport, "t_max_Myr", -1.0, "above zero in Myr"),
        (Transport, "t_max_Myr", 3 * u.kpc, "above zero in Myr"),
        (Transport, "t_max_Myr", [1.0, 2.0], "one number"),
        (Galaxy, "B0_uG", np.nan, "0.001 uG to 10000 uG"),
        (Galaxy, "B0_uG", 3 * u.kpc, "a number in uG"),
        (Galaxy, "B0_uG", "3 kpc", "a number in uG"),
        (Galaxy, "B0_uG", [3.0, 4.0], "a number in uG"),
        (Galaxy, "B0_uG", None, "a number in uG"),
        (Galaxy, "bell", 1, "True or False"),
        (Galaxy, "field_uG", 3.0, "None, or a function of (R_kpc, z_kpc)"),
        (Galaxy, "inelasticity", np.zeros((2, 2)), "None, or a function of (energy_GeV)"),
        (Galaxy, "delta_G", True, "a number from 0.001"),
        (Galaxy, "delta_G", np.inf, "a number from 0.001"),
        (Spectrum, "slope", np.nan, "a number from 1 to 4"),
        (Spectrum, "slope_above", 1.0, "a number from 2 to 10"),
        (Spectrum, "E_min_GeV", 2e6, "below E_max_GeV"),
    ],
)  # fmt: skip
def test_what_is_not_allowed_is_one_line(record, name, value, allowed):
    with pytest.raises(UserError) as error:
        record(**{name: value})
    line = str(error.value)
    assert line.startswith(f"{record.__name__}.{name} = ") and allowed in line and "\n" not in line


def test_scenario_files_have_the_same_limits():
    """What a record refuses, a file refuses, and the other way round (a file ends at 10 PeV, as runs do)."""
    scenario = Scenario.model_fields["medium"].annotation.model_fields
    for name, (table, key) in _KEYS.items():
        limit = LIMITS.get(name)
        if table != "medium" or not isinstance(limit, Limit):
            continue
        kind = scenario[key].metadata[0]
        assert (kind.unit, kind.low, kind.high) == tuple(limit), name


@pytest.mark.parametrize(
    "given", [30 * u.TeV, [30] * u.TeV, "30 TeV", ["30 TeV"], [30 * u.TeV], 3e4, [3e4], np.float32(3e4)]
)
def test_numbers_with_and_without_units(given):
    np.testing.assert_allclose(numbers_in(given, "GeV", "energy_GeV"), 3e4, rtol=1e-6)


@pytest.mark.parametrize(
    "given",
    [
        30 * u.kpc,
        "30",
        "30 kpc",
        "a",
        np.nan,
        -1.0,
        0.0,
        [1.0, np.nan],
        [[1.0], [2.0, 3.0]],
        None,
        {},
        3j,
        True * u.m,
    ],
)
def test_numbers_that_are_refused(given):
    with pytest.raises(UserError, match=r"^energy_GeV = .*: allowed: numbers above zero in GeV"):
        numbers_in(given, "GeV", "energy_GeV")


def test_one_number():
    assert number_in(np.inf, "Myr", "t") == np.inf
    with pytest.raises(UserError, match="one number"):
        number_in([1.0], "Myr", "t")
