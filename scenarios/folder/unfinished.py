"""A run that was stopped: the command that finishes it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..file.quantities import ScenarioError
from ..file.scenario import Scenario, load, load_text, names

_MOST_SETTINGS = 12  # more than these is no command to type again


def command_to_finish(folder: Path) -> str:
    """The command that finishes the run whose checkpoints are in a folder."""
    from ...mc.checkpoint import header_in

    header = header_in(folder) or {}
    try:
        wanted = load_text(header.get("scenario", ""))
    except ScenarioError:  # damaged, of another version, or of a study, whose runs have names of their own
        wanted = None
    found = _name_and_settings(folder, wanted) if wanted else None
    if wanted is None or found is None:
        return f"the command that started it, with --out {shlex.quote(str(folder))} --resume"
    name, settings = found
    precision = []
    if header.get("precision") is not None:
        precision = ["--precision", f"{header['precision']:.12g}"]
        # Without a number of its own, a run to some precision has no end but that.
        if not any(setting.startswith("transport.particles=") for setting in settings):
            settings = [*settings, f"transport.particles={wanted.transport.particles}"]
    set_options = [word for setting in settings for word in ("--set", setting)]
    return shlex.join(["crhalo", "run", name, *set_options, *precision, "--out", str(folder), "--resume"])


def _name_and_settings(folder: Path, wanted: Scenario) -> tuple[str, list[str]] | None:
    """A scenario, and what `--set` has to change in it; None if that would be too much to type."""
    if (folder / "scenario.toml").is_file():
        return str(folder / "scenario.toml"), []
    found = {name: settings for name in names() if (settings := _settings(load(name), wanted)) is not None}
    nearest = min(found, key=lambda name: len(found[name]), default=None)
    return (nearest, found[nearest]) if nearest and len(found[nearest]) <= _MOST_SETTINGS else None


def _settings(base: Scenario, wanted: Scenario) -> list[str] | None:
    """What `--set` has to say to make one scenario of another; None where it cannot."""
    here, there = dict(_values(wanted)), dict(_values(base))
    if set(here) != set(there):
        return None
    return [
        f"{key}={value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for key, value in here.items()
        if value != there[key]
    ]


def _values(scenario: Scenario) -> Iterator[tuple[str, Any]]:
    """Every "table.key" of a scenario with its value as in the file, and its title."""
    for table, values in scenario.model_dump(exclude_none=True).items():
        if isinstance(values, dict):
            yield from ((f"{table}.{key}", value) for key, value in values.items())
        else:
            yield table, values
