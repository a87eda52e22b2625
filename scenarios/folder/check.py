"""What a folder holds: a finished run, an unfinished one, or none."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from ..file.quantities import ScenarioError, shown

RUN_FILES = ("scenario.toml", "result.h5", "summary.json")
EVALUATIONS = "evaluations.jsonl"
"""What a fit has solved, from which it goes on."""
POINTS = "points.jsonl"
"""What a scan has found at its points, from which it goes on."""
_LARGEST_SUMMARY, _DEEPEST_SUMMARY = 50_000_000, 20  # bytes, levels


def is_unfinished(folder: Path) -> bool:
    """Whether it holds checkpoints of a run, solutions of a fit or points of a scan that was stopped."""
    # Their names are those of `mc.checkpoint`, which takes long to import.
    begun = any(folder.glob("checkpoint*.[01]"))
    begun = begun or any((folder / kept).exists() for kept in (EVALUATIONS, POINTS))
    return begun and not (folder / "summary.json").exists()


def check_output(folder: Path, resume: bool) -> None:
    """Refuse a folder that holds a run, or that cannot be written; leave nothing behind.

    Raises
    ------
    ScenarioError
        If it holds a run, or cannot be written.
    """
    if not resume and is_unfinished(folder):
        raise ScenarioError(f"--out {shown(folder)}: holds an unfinished run; allowed: with --resume")
    if not resume and any((folder / name).exists() for name in RUN_FILES):
        raise ScenarioError(f"--out {shown(folder)}: holds another run; allowed: a folder that holds none")
    if folder.is_symlink() and not folder.exists():
        raise ScenarioError(f"--out {shown(folder)}: a link to nothing; allowed: a folder, or a link to one")
    check_writable(folder, folder)


def check_writable(folder: Path, out: Path) -> None:
    """Refuse (`ScenarioError`) a folder that cannot be written, or made, for what `--out` names."""
    existing = Path(os.path.realpath(folder))
    while not existing.exists():
        existing = existing.parent
    try:
        with tempfile.TemporaryFile(dir=existing) as trial:
            trial.write(bytes(4096))
    except OSError as error:
        said = f"--out {shown(out)}: {error.strerror}"
        raise ScenarioError(f"{said}; allowed: a place that can be written") from None


def check_file(path: Path) -> None:
    """Refuse (`ScenarioError`) a file that `--out` names in no folder, or in one that cannot be written."""
    folder = path.parent
    if path.is_dir() or not folder.is_dir():
        fault = "a folder" if path.is_dir() else f"no folder {shown(folder)}"
        raise ScenarioError(f"--out {shown(path)}: {fault}; allowed: a file in a folder that is there")
    check_writable(folder, path)


def check_kept_output(folder: Path, resume: bool, kept: str, what: str) -> None:
    """As `check_output`, for a fit or a scan (`what`), which goes on from no more than what is in `kept`."""
    check_output(folder, resume)
    others = {*RUN_FILES, EVALUATIONS, POINTS} - {kept}
    if any((folder / name).exists() for name in others) and not (folder / kept).exists():
        raise ScenarioError(f"--resume: {shown(folder)} holds a run; allowed: a folder with a {what}")


def check_finished(folder: Path, file: str) -> None:
    """Refuse a folder without a file of a finished run; say how to finish the one that was begun there.

    Parameters
    ----------
    folder : Path
        Where to look.
    file : str
        What is needed of the run, as "summary.json".

    Raises
    ------
    ScenarioError
        If the run there is not finished, or there is none.
    """
    if (folder / "lost.json").is_file():
        if not (folder / file).is_file():
            raise ScenarioError(
                f"{shown(folder)}: a run that was given up; allowed: crhalo replay of its particles"
            )
        return
    if is_unfinished(folder):
        from .unfinished import command_to_finish

        raise ScenarioError(
            f"{shown(folder)}: not finished (stopped, or still at work); to finish it: "
            f"{command_to_finish(folder)}"
        )
    if not (folder / file).is_file():
        there = "no run here" if folder.is_dir() else "no such folder"
        raise ScenarioError(f"{shown(folder)}: {there}; allowed: a folder with a {file}")


def is_finished(folder: Path, wanted: dict[str, Any]) -> bool:
    """Whether it holds the very run that is asked for, finished.

    Parameters
    ----------
    folder : Path
        Where to look.
    wanted : dict
        "scenario" (its text), "precision", and "transport_equation": whether it is to be compared with that.

    Raises
    ------
    ScenarioError
        If it holds another run.
    """
    if not (folder / "summary.json").exists():
        return False
    from ...mc.checkpoint import difference
    from ..file.scenario import load_file

    summary = read_summary(folder)
    waves, provenance = _table(summary, "self_consistency"), _table(summary, "provenance")
    if not waves.get("converged", True):
        return False
    if isinstance(provenance.get("seed"), list):
        raise ScenarioError(f"--resume: {shown(folder)} holds merged runs; allowed: another --out")
    there = {
        "scenario": load_file(folder / "scenario.toml").to_toml(),
        "precision": provenance.get("precision"),
    }
    for key, value in there.items():
        if value != wanted[key]:
            differing = difference(value, wanted[key])
            raise ScenarioError(f"--resume: {shown(folder)} holds another run, its {key}: {differing}")
    if wanted["transport_equation"] and "referee" not in summary:
        raise ScenarioError(
            f"--transport-equation: {shown(folder)} is finished without it; allowed: another --out"
        )
    return True


def _table(summary: dict[str, Any], key: str) -> dict[str, Any]:
    table = summary.get(key)
    return table if isinstance(table, dict) else {}


def read_summary(folder: Path) -> Any:
    """The summary.json of a run.

    Raises
    ------
    ScenarioError
        If there is none, or it is not what a run writes.
    """
    import json

    path = folder / "summary.json"
    check_finished(folder, path.name)
    if path.stat().st_size > _LARGEST_SUMMARY:
        raise ScenarioError(f"{shown(path)}: too large; allowed: {_LARGEST_SUMMARY} bytes")
    try:
        summary = json.loads(path.read_text("utf-8"), parse_int=_whole)
        sound = isinstance(summary, dict) and _depth(summary) <= _DEEPEST_SUMMARY
    except (ValueError, RecursionError):
        sound = False
    if not sound:
        raise ScenarioError(f"{shown(path)}: damaged; allowed: the summary.json that a run writes")
    return summary


def _whole(digits: str) -> int:
    """A whole number; one of hundreds of digits is no quantity."""
    if len(digits) > 300:
        raise ValueError
    return int(digits)


def _depth(data: Any) -> int:
    """Levels of nesting."""
    parts = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    return 1 + max(map(_depth, parts), default=0)
