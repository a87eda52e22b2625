"""The grid of a scan: how it is written, what is refused, and the scenarios of its points."""

import astropy.units as u
import numpy as np
import pytest
from crhalo.scenarios import load
from crhalo.scenarios.file.quantities import ScenarioError
from crhalo.scenarios.scanning.grid import MOST_POINTS, axes_of, said_of, scenarios_of, shape_of

SCENARIO = load("circumgalactic")
WRITTEN = {
    "medium.delta_G=1:100:log3": ("", (1.0, 10.0, 100.0)),
    "medium.delta_G=1:3:lin3": ("", (1.0, 2.0, 3.0)),
    "medium.delta_G = 1:3:3": ("", (1.0, 2.0, 3.0)),
    "medium.delta_G=5,1,2.5": ("", (5.0, 1.0, 2.5)),
    "medium.z_B=1,2,4 kpc": ("kpc", (1.0, 2.0, 4.0)),
    "medium.z_B=1 kpc, 2000 pc": ("kpc", (1.0, 2.0)),
    "medium.z_B=500pc:2kpc:lin4": ("pc", (500.0, 1000.0, 1500.0, 2000.0)),
    "medium.z_B=1:4:log3 kpc": ("kpc", (1.0, 2.0, 4.0)),
    "source.L_CR=1e40:1e42:log3 erg/s": ("erg/s", (1e40, 1e41, 1e42)),
    "transport.seed=1,2": ("", (1.0, 2.0)),
}
REFUSED = {
    "medium.deltaG=1,2": "'medium.deltaG': no such key: did you mean medium.delta_G",
    "delta_G=1,2": "did you mean medium.delta_G?",
    "medium.delta_G": "allowed: a key and its values",
    "medium.delta_G=a,b": "'a' is no number; allowed: numbers and their unit",
    "medium.delta_G=1,,2": "'' is no number",
    "medium.delta_G=nan,1": "'nan' is no number",
    "medium.delta_G=1e400,1": "'1e400' is no number",
    "medium.delta_G=1:2": "medium.delta_G = '1:2': allowed: numbers and their unit",
    "medium.delta_G=1:2:log4.5": "allowed: numbers and their unit",
    "medium.delta_G=1:2:log1": f"allowed: a range of 2 to {MOST_POINTS} values",
    "medium.delta_G=1:2:log99999999999999999999": f"allowed: a range of 2 to {MOST_POINTS} values",
    "medium.delta_G=0:5:log5": "allowed: a range above zero, or one of linN",
    "medium.delta_G=1,2 kpc": "medium.delta_G = 1 kpc: allowed: a number from 0.001",
    "medium.delta_G=1,1.0": "medium.delta_G: a value is there twice",
    "medium.z_B=1000 pc,1 kpc": "medium.z_B: a value is there twice",
    "medium.z_B=1,2": 'medium.z_B = 1: did you mean "1 kpc"?',
    "medium.z_B=1,2 KPC": "unknown unit KPC: did you mean kpc?",
    "medium.z_B=1,500 kpc": 'medium.z_B = 500 kpc: allowed: "0.01 kpc" to "100 kpc"',
    "medium.z_B=1 GeV:2 kpc:log3": 'allowed: "0.01 kpc" to "100 kpc"',
    "medium.halo=exponential,constant": "medium.halo = 'exponential': allowed: a key that holds a number",
    "sky.energies=1,2": "allowed: a key that holds a number",
    "transport.seed=1,1.5": "transport.seed = 1.5: allowed: a whole number",
    "diffusion.D0=1,2 cm2/s": "'diffusion.D0': no such key",
}


@pytest.mark.parametrize("text", WRITTEN)
def test_values_are_read_as_they_are_written(text):
    (axis,) = axes_of(SCENARIO, [text])
    unit, values = WRITTEN[text]
    assert axis.unit == unit and axis.values == pytest.approx(values, rel=1e-11)
    assert axis.name == text.partition("=")[0].strip()


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_axis_is_refused_in_a_line(text):
    with pytest.raises(ScenarioError) as refused:
        axes_of(SCENARIO, [text])
    assert REFUSED[text] in str(refused.value) and "\n" not in str(refused.value)
    assert str(refused.value).startswith("grid: ")


def test_values_of_python():
    grid = {"medium.z_B": [1, 2] * u.kpc, "medium.delta_G": np.array([1.0, 2.5]), "source.slope": [2, "2.2"]}
    lengths, plain, mixed = axes_of(SCENARIO, grid)
    assert (lengths.unit, lengths.values) == ("kpc", (1.0, 2.0))
    assert plain.values == (1.0, 2.5) and mixed.values == (2.0, 2.2)
    for wrong in (None, True, [], [True], [None], {"medium": 1}, object()):
        with pytest.raises(ScenarioError, match="allowed: numbers and their unit"):
            axes_of(SCENARIO, {"medium.delta_G": wrong})
    with pytest.raises(ScenarioError, match="grid: missing"):
        axes_of(SCENARIO, {})


def test_grids_that_are_none():
    with pytest.raises(ScenarioError, match=r"'medium.delta_G' is there twice; allowed: each key once"):
        axes_of(SCENARIO, ["medium.delta_G=1,2", "medium.delta_G=3,4"])
    with pytest.raises(ScenarioError, match="grid: 100200 points; allowed: 100000"):
        axes_of(SCENARIO, ["medium.delta_G=1:500:log501", "source.slope=2:2.5:lin200"])


def test_scenarios_go_through_the_last_axis_first():
    axes = axes_of(SCENARIO, ["medium.delta_G=1,2", "medium.z_B=1,2,4 kpc"])
    found = [(one.medium.delta_G, one.medium.z_B) for one in scenarios_of(SCENARIO, axes)]
    assert found == [(d, z) for d in (1.0, 2.0) for z in (1.0, 2.0, 4.0)] and shape_of(axes) == (2, 3)
    assert said_of(axes, (1, 2)) == "delta_G = 2, z_B = 4 kpc"
    # Nothing else changes: random numbers are shared.
    assert {one.transport for one in scenarios_of(SCENARIO, axes)} == {SCENARIO.transport}


def test_values_that_do_not_go_together_name_their_point():
    axes = axes_of(SCENARIO, ["transport.r_max=50,5 kpc"])
    with pytest.raises(ScenarioError, match=r"grid, at r_max = 5 kpc: transport.r_max = '5 kpc': allowed"):
        list(scenarios_of(SCENARIO, axes))
