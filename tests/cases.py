"""Many cases in one test: all of those that fail are told at once."""

import pytest


def each(cases, check):
    """Call `check` with each case; a tuple is its arguments. There must be cases, and none may fail."""
    cases = list(cases)
    assert cases, "no case at all"
    failed = []
    for case in cases:
        try:
            check(*case) if isinstance(case, tuple) else check(case)
        except (Exception, pytest.fail.Exception) as error:
            failed.append(f"{case!r:.200}: {type(error).__name__}: {error}")
    assert not failed, f"{len(failed)} of {len(cases)} cases:\n" + "\n".join(failed)
