"""Many cases in one test: all of those that fail are told at once; and settings that are refused."""

import pytest
from crhalo.scenarios import load
from crhalo.scenarios.file.quantities import ScenarioError

SCENARIO = load("circumgalactic")
TRACKS = load("diffusion-check")


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


def refusal(setting, scenario=None):
    """The message with which a setting is refused: one short line."""
    scenario = scenario or (TRACKS if setting.startswith("turbulence.") else SCENARIO)
    with pytest.raises(ScenarioError) as caught:
        scenario.with_overrides([setting])
    message = str(caught.value)
    assert "\n" not in message and len(message) < 250
    return message
