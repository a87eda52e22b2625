"""Cases that are tested in a loop fail together, and each by its name."""

import pytest
from cases import each


def test_all_that_fail_are_told():
    def small(number):
        with pytest.raises(ZeroDivisionError):
            number / (number < 3)

    each([3, 4], small)
    with pytest.raises(
        AssertionError, match=r"(?s)2 of 4 cases:\s+1: Failed: DID NOT RAISE.*\n\s*2: Failed: DID"
    ):
        each([1, 2, 3, 4], small)


def test_a_tuple_is_the_arguments_and_any_error_is_a_failure():
    each([(1, 2), (3, 4)], lambda a, b: None)
    with pytest.raises(AssertionError, match="KeyError"):
        each([({}, "x")], lambda table, key: table[key])


def test_no_case_is_no_test():
    with pytest.raises(AssertionError, match="no case"):
        each([], print)
