"""What is kept of a run that is not finished: the folds so far, in two files that take turns.

A file holds the values that are not zero, and where they are, as one .npz, and after it the SHA-256 of all of
that. It takes its name only when it is whole and on the disk; the one before it stays until then.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .tally import Tally, TallyGrid

NAMES = ("checkpoint.0", "checkpoint.1")
_DIGEST = hashlib.sha256().digest_size
_LARGEST = 20_000_000_000  # bytes


class CheckpointError(ValueError):
    """A checkpoint that is damaged, or of another run; one line that names it."""


@dataclass(frozen=True)
class Checkpoint:
    """A run up to some block.

    Attributes
    ----------
    header : dict
        What makes it the same run: scenario, version, processor.
    blocks : int
        Blocks 0 ... blocks - 1 are in it.
    folds : list of Tally
        Their sums.
    lost : list of int
        Particles that were lost, the first few.
    """

    header: Mapping[str, Any]
    blocks: int
    folds: list[Tally]
    lost: list[int]


def write(folder: Path, checkpoint: Checkpoint) -> None:
    """Write it over the older of the two files; `OSError` if the disk does not take it, which leaves all."""
    arrays: dict[str, np.ndarray] = {}
    for number, fold in enumerate(checkpoint.folds):
        for name, values in zip(Tally._fields, fold, strict=True):
            flat = np.ascontiguousarray(values).reshape(-1)
            where = np.flatnonzero(flat).astype(np.int32)
            arrays[f"{number}.{name}.where"], arrays[f"{number}.{name}.values"] = where, flat[where]
    state = {"header": dict(checkpoint.header), "blocks": checkpoint.blocks, "lost": checkpoint.lost}
    arrays["state"] = np.frombuffer(json.dumps(state, sort_keys=True).encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    content = buffer.getbuffer()
    path = folder / min(NAMES, key=lambda name: _age(folder / name))
    temporary = folder / "checkpoint.part"
    try:
        with open(temporary, "wb") as file:
            file.write(content)
            file.write(hashlib.sha256(content).digest())
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _age(path: Path) -> float:
    """Time of its last change, zero if there is none."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0.0


def read(path: Path, grid: TallyGrid) -> Checkpoint:
    """Read one file.

    Raises
    ------
    CheckpointError
        If it is damaged, or no checkpoint of a run with this grid.
    """
    try:
        if path.is_symlink() or not 0 < path.stat().st_size < _LARGEST:
            raise ValueError("no plain file of a checkpoint")
        content = path.read_bytes()
        if hashlib.sha256(content[:-_DIGEST]).digest() != content[-_DIGEST:]:
            raise ValueError("its checksum is wrong")
        with np.load(io.BytesIO(content[:-_DIGEST]), allow_pickle=False) as arrays:
            state = json.loads(arrays["state"].tobytes())
            count = sum(name.endswith(".fates.where") for name in arrays.files)
            folds = [_fold(arrays, number, grid) for number in range(count)]
        return Checkpoint(state["header"], int(state["blocks"]), folds, [int(one) for one in state["lost"]])
    except (ValueError, KeyError, TypeError, IndexError, EOFError, OSError) as error:
        raise CheckpointError(f"{path}: damaged, or no checkpoint: {error}") from None


def _fold(arrays: Any, number: int, grid: TallyGrid) -> Tally:
    fold = grid.empty()
    for name, values in zip(Tally._fields, fold, strict=True):
        values.reshape(-1)[arrays[f"{number}.{name}.where"]] = arrays[f"{number}.{name}.values"]
    return fold


def newest(folder: Path, header: Mapping[str, Any], grid: TallyGrid) -> tuple[Checkpoint | None, list[str]]:
    """The checkpoint in a folder that is furthest, and what is wrong with the others.

    Raises
    ------
    CheckpointError
        If there are files but none is whole, or the run was another: the first thing that differs is named.
    """
    found, faults = [], []
    for name in NAMES:
        if (folder / name).exists():
            try:
                found.append(read(folder / name, grid))
            except CheckpointError as fault:
                faults.append(str(fault))
    if not found:
        if faults:
            raise CheckpointError(faults[0])
        return None, []
    best = max(found, key=lambda each: each.blocks)
    for key in header:
        if best.header.get(key) != header[key]:
            differs = _difference(key, best.header, header)
            raise CheckpointError(f"{folder}: its unfinished run differs in {differs}")
    return best, faults


def _difference(key: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """What differs, down to the first line of a text."""
    a, b = str(old.get(key)), str(new.get(key))
    for line, other in zip(a.splitlines(), b.splitlines(), strict=False):
        if line != other:
            return f"{key}: {line} there, {other} here"
    return f"{key}: {a[:60]} there, {b[:60]} here"


def remove(folder: Path) -> None:
    """Forget them: the run is finished."""
    for name in NAMES:
        (folder / name).unlink(missing_ok=True)
