"""Keys that a fit may vary: what is refused, the coordinates they vary in, and how they are written."""

import numpy as np
import pytest
from cases import each
from crhalo.scenarios import load
from crhalo.scenarios.file.quantities import ScenarioError
from crhalo.scenarios.fitting.free_keys import free_keys, with_values

SCENARIO = load("milky-way")
NAMES = [
    "diffusion.D0", "diffusion.delta", "source.slope", "source.L_CR", "medium.H", "composition.carbon",
    "source.grammage", "diffusion.R_break",
]  # fmt: skip


def value_of(key, scenario=SCENARIO):
    return getattr(getattr(scenario, key.table), key.key)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["medium.D0"], "'medium.D0': no such key: did you mean diffusion.D0?"),
        (["diffusion.delt"], "did you mean diffusion.delta or"),
        (["nonsense"], "'nonsense': no such key; allowed: medium.KEY, source.KEY"),
        (["self_consistency.seed"], "no such key"),
        (["medium.halo"], "medium.halo = 'constant': allowed: a number that can vary"),
        (["transport.seed"], "transport.seed = 1: allowed: a number that can vary"),
        (["sky.energies"], "allowed: a number that can vary"),
        (["source.slope_above"], "'cut-off': allowed: a number that can vary"),
        (["composition.hydrogen"], "hydrogen takes the rest"),
        (["source.slope", "source.slope"], "'source.slope' is there twice"),
        ([], "allowed: a list of keys"),
        ("source.slope", "allowed: a list of keys"),
        ([7], "no such key"),
    ],
)
def test_what_cannot_vary_is_refused_in_a_line(names, said):
    with pytest.raises(ScenarioError) as refused:
        free_keys(SCENARIO, names)
    assert said in str(refused.value) and "\n" not in str(refused.value)


def test_coordinates_are_values_or_their_logarithms():
    keys = dict(zip(NAMES, free_keys(SCENARIO, NAMES), strict=True))
    assert {name for name, key in keys.items() if key.logarithmic} == {
        "diffusion.D0", "source.L_CR", "medium.H", "diffusion.R_break"
    }  # fmt: skip

    def there_and_back(name):
        key = keys[name]
        assert key.value(key.coordinate(value_of(key))) == pytest.approx(value_of(key), rel=1e-12)

    each(NAMES, there_and_back)
    assert keys["diffusion.D0"].unit == "cm2/s" and keys["diffusion.delta"].unit == ""
    D0 = keys["diffusion.D0"]
    assert D0.in_unit(value_of(D0)) == pytest.approx(8.7e28, rel=0.05)
    assert D0.error_in_unit(D0.coordinate(value_of(D0)), 0.01) == pytest.approx(8.7e26, rel=0.05)
    assert keys["source.slope"].error_in_unit(2.3, 0.01) == 0.01


def test_values_are_written_two_digits_beyond_their_error_and_read_back():
    D0, slope = free_keys(SCENARIO, ["diffusion.D0", "source.slope"])
    at = D0.coordinate(value_of(D0)) + np.log(1.234567)
    text = D0.text(at, 0.02)
    number, unit = text.split(maxsplit=1)
    assert unit == "cm2/s" and len(number.split("e")[0].replace(".", "")) <= 6
    assert slope.text(2.2345678, 0.01) == 2.23457
    assert slope.text(2.2345678, np.inf) == 2.2345678
    there = with_values(SCENARIO, (D0, slope), [text, 2.2346])
    assert there.diffusion.D0 == pytest.approx(1.234567 * value_of(D0), rel=1e-4)
    assert there.source.slope == 2.2346


def test_numbers_are_written_to_the_last_bit():
    keys = free_keys(SCENARIO, ["diffusion.D0", "medium.H", "source.slope"])
    values = [0.0012345678901234567, 3.3333333333333335, 2.2222222222222223]
    there = with_values(SCENARIO, keys, values)
    assert [value_of(key, there) for key in keys] == values


def test_hydrogen_takes_what_other_shares_leave():
    (carbon,) = free_keys(SCENARIO, ["composition.carbon"])
    there = with_values(SCENARIO, (carbon,), [0.05]).composition
    assert there.carbon == 0.05
    others = sum(
        getattr(there, name) for name in type(there).model_fields if name not in ("hydrogen", "slope")
    )
    assert there.hydrogen == pytest.approx(1.0 - others, abs=1e-12)


def test_values_that_do_not_go_together_are_refused():
    (E_break,) = free_keys(SCENARIO, ["source.E_break"])
    with pytest.raises(ScenarioError, match=r"between source.E_min and source.E_max"):
        with_values(SCENARIO, (E_break,), ["10 PeV"])
