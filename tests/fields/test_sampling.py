"""Functions of a user's own: what they may return, and how they are refused."""

import math

import numpy as np
import pytest
from crhalo.fields.exceptions import UserError
from crhalo.fields.galaxy import Galaxy
from crhalo.fields.sampling import sampled

R, Z = np.ix_([0.0, 1.0, 2.0], [0.0, 5.0])
ABOVE, FROM_ZERO, FINITE = "a finite number above zero", "a finite number, zero or above", "a finite number"


def sample(function, allowed=ABOVE):
    return sampled("mine", function, "uG", allowed, R_kpc=R, z_kpc=Z)


def test_a_number_and_a_function_of_one_variable_broadcast():
    assert sample(lambda R, z: 3.0) == 3.0
    assert np.array_equal(sample(lambda R, z: 1.0 + z), 1.0 + Z)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda R, z: np.ones(7), r"mine: shape \(7,\); expected one that broadcasts to \(3, 2\)"),
        (lambda R, z: None, r"mine: returns NoneType; expected numbers"),
        (lambda R, z: "3 uG", r"mine: returns str; expected numbers of shape \(3, 2\)"),
        (lambda R, z: (R, z), r"mine: returns tuple; expected numbers"),
        (
            lambda R, z: np.where((R > 1) & (z > 1), np.nan, 1.0),
            r"mine: nan at R = 2 kpc, z = 5 kpc; expected a",
        ),
        (
            lambda R, z: 1.0 - R,
            r"mine: 0 at R = 1 kpc, z = 0 kpc; expected a finite number above zero \[uG\]",
        ),
        (lambda R, z: np.inf + 0 * R, r"mine: inf at R = 0 kpc"),
        (lambda R, z: 3.0 if z < 1 else 1.0, r"mine: ValueError: The truth.*np.where in place of if"),
        (lambda R, z: math.exp(-z), r"mine: TypeError: .*; expected a function of arrays \(R_kpc, z_kpc\)"),
        (lambda R: 3.0, r"mine: TypeError: .* takes 1 positional argument but 2 were given"),
        (lambda R, z: {}[R], r"mine: TypeError: .*unhashable type"),
    ],
)
def test_what_no_medium_can_be_made_of_is_refused_in_one_line(function, said):
    with pytest.raises(UserError, match=said) as refused:
        sample(function)
    assert "\n" not in str(refused.value)


def test_what_is_allowed_depends_on_the_quantity():
    assert np.array_equal(sample(lambda R, z: R * z, FROM_ZERO), R * Z)
    assert np.array_equal(sample(lambda R, z: -R * z, FINITE), -R * Z)
    with pytest.raises(UserError, match="zero or above"):
        sample(lambda R, z: -R * z, FROM_ZERO)


@pytest.mark.parametrize("name", ["field_uG", "diffusion", "disc_gas_cm3", "halo_gas_cm3"])
def test_a_galaxy_names_the_function_that_fails(name):
    """Below the grid's nodes or at them: each function is called by itself before the medium is made."""
    galaxy = Galaxy(**{name: lambda *places: np.where(places[-1] > 7.0, np.nan, 1.0)})
    with pytest.raises(UserError, match=f"^{name}: nan at .*z = 8 kpc"):
        galaxy.medium()


def test_the_error_of_a_function_is_the_cause_and_one_of_ours_stays_as_it_is():
    with pytest.raises(UserError) as refused:
        sample(lambda R, z: 1 / 0)
    assert isinstance(refused.value.__cause__, ZeroDivisionError)

    def ours(R, z):
        raise UserError("as it is")

    with pytest.raises(UserError, match=r"^as it is$"):
        sample(ours)


def test_a_field_of_ones_own_that_fails_is_named():
    mine = Galaxy(field=lambda R, z: (0.0, 0.0, math.exp(-z)), halo="constant", bell=False)
    with pytest.raises(UserError, match=r"Galaxy.field: TypeError: .*np.exp in place of math.exp"):
        mine.check()
