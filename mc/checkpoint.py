"""Checkpoints of an unfinished run: the batches so far, written to two files in turn.

A file is an .npz of the values that are not zero and their positions, followed by its SHA-256. It takes its
name only when all of it is on the disk; until then the previous file stays.
"""

from __future__ import annotations

import hashlib
import io
import json
import time
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from ..fields.exceptions import UserError
from .files import replacing
from .tally import Tally, TallyGrid

_DIGEST = hashlib.sha256().digest_size
_LARGEST = 20_000_000_000  # bytes
# Between checkpoints: seconds at least, and so many times what the last one took.
KEEP_EVERY_S, KEEP_SELDOM = 3.0, 200.0
# What reading may raise of a file with a right checksum that is not ours.
_DAMAGE = (
    ValueError, LookupError, TypeError, EOFError, OSError, MemoryError, zipfile.BadZipFile,
    NotImplementedError, RuntimeError, AttributeError, zlib.error,
)  # fmt: skip


class CheckpointError(UserError):
    """A checkpoint is damaged, or of another run: one line that names it."""


class Damaged(CheckpointError):
    """A file that is no checkpoint, or not whole."""


@dataclass(frozen=True)
class Checkpoint:
    """A run up to some block.

    Attributes
    ----------
    header : dict
        What makes it the same run: scenario, version, processor, medium.
    blocks : int
        Blocks 0 ... blocks - 1 are in it.
    batches : list of Tally
        Their sums.
    lost : list of int
        Particles that were lost, the first few.
    """

    header: Mapping[str, Any]
    blocks: int
    batches: list[Tally]
    lost: list[int]


def names(run: str = "checkpoint") -> tuple[str, str]:
    """Names of the two files of a run; where several runs share a folder, each starts with "checkpoint"."""
    return f"{run}.0", f"{run}.1"


def write(path: Path, checkpoint: Checkpoint) -> None:
    """Write a file; `OSError` if the disk does not take it, which leaves what was there."""
    arrays: dict[str, np.ndarray] = {}
    for number, batch in enumerate(checkpoint.batches):
        for name, values in zip(Tally._fields, batch, strict=True):
            flat = np.ascontiguousarray(values).reshape(-1)
            where = np.flatnonzero(flat).astype(np.int32)
            arrays[f"{number}.{name}.where"], arrays[f"{number}.{name}.values"] = where, flat[where]
    state = {
        "header": dict(checkpoint.header),
        "blocks": checkpoint.blocks,
        "folds": len(checkpoint.batches),
        "lost": checkpoint.lost,
    }
    arrays["state"] = np.frombuffer(json.dumps(state, sort_keys=True).encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    content = buffer.getbuffer()
    with replacing(path) as temporary, open(temporary, "wb") as file:
        file.write(content)
        file.write(hashlib.sha256(content).digest())


def read(path: Path, header: Mapping[str, Any], grid: TallyGrid) -> Checkpoint:
    """Read one file.

    Raises
    ------
    Damaged
        If it is no checkpoint, or not whole.
    CheckpointError
        If it is of another run: the first thing that differs from `header` is named.
    """
    try:
        state, arrays = _content(path)
        for key in header:
            if state["header"].get(key) != header[key]:
                differs = difference(state["header"].get(key), header[key])
                raise CheckpointError(f"{path}: it is of a run with another {key}: {differs}")
        batches = [_batch(arrays, number, grid) for number in range(state["folds"])]
        return Checkpoint(state["header"], int(state["blocks"]), batches, [int(one) for one in state["lost"]])
    except CheckpointError:
        raise
    except _DAMAGE as error:
        raise Damaged(f"{path}: damaged, or no checkpoint: {error}") from None


def header_in(folder: Path) -> dict[str, Any] | None:
    """The header of the checkpoints of a single run in a folder; None if no checkpoint is whole."""
    for name in names():
        try:
            return dict(_content(folder / name)[0]["header"])
        except _DAMAGE:
            continue
    return None


def _content(path: Path) -> tuple[dict[str, Any], Any]:
    """The state that a file holds, and its arrays, which are read when they are used."""
    if path.is_symlink() or not 0 < path.stat().st_size < _LARGEST:
        raise ValueError("no plain file of a checkpoint")
    content = memoryview(path.read_bytes())
    if hashlib.sha256(content[:-_DIGEST]).digest() != content[-_DIGEST:]:
        raise ValueError("its checksum is wrong")
    arrays = np.load(io.BytesIO(content[:-_DIGEST]), allow_pickle=False)
    return json.loads(arrays["state"].tobytes()), arrays


def _batch(arrays: Any, number: int, grid: TallyGrid) -> Tally:
    batch = grid.empty()
    for name, values in zip(Tally._fields, batch, strict=True):
        values.reshape(-1)[arrays[f"{number}.{name}.where"]] = arrays[f"{number}.{name}.values"]
    return batch


def newest(
    folder: Path, header: Mapping[str, Any], grid: TallyGrid, run: str = "checkpoint"
) -> tuple[str | None, Checkpoint | None, list[str]]:
    """The checkpoint in a folder that is furthest, by name, and what is wrong with the others.

    Raises
    ------
    CheckpointError
        If there are files but none is whole, or the run was another.
    """
    found, faults = [], []
    for name in names(run):
        if (folder / name).exists():
            try:
                found.append((name, read(folder / name, header, grid)))
            except Damaged as fault:
                faults.append(str(fault))
    if faults and not found:
        raise CheckpointError(faults[0])
    best, checkpoint = max(found, key=lambda each: each[1].blocks, default=(None, None))
    return best, checkpoint, faults


def digest(value: Any) -> str:
    """SHA-256 of arrays, of tuples of them, and of other values by their repr."""
    sha = hashlib.sha256()
    if isinstance(value, tuple):
        for each in value:
            sha.update(digest(each).encode())
    elif isinstance(value, np.ndarray):
        sha.update(f"{value.dtype} {value.shape}".encode() + np.ascontiguousarray(value).tobytes())
    else:
        sha.update(repr(value).encode())
    return sha.hexdigest()


def difference(there: Any, here: Any) -> str:
    """The first line in which two texts differ, or anything else that JSON holds."""
    texts = (
        each if isinstance(each, str) else json.dumps(each, indent=0, sort_keys=True)
        for each in (there, here)
    )
    for line, other in zip_longest(*(text.splitlines() for text in texts), fillvalue="nothing"):
        if line != other:
            return f"{line[:100].rstrip(',')} there, {other[:100].rstrip(',')} here"
    return "nothing"


def remove(folder: Path) -> None:
    """Delete the checkpoints of all runs in a folder, which is finished."""
    for path in folder.glob("checkpoint*.[01]"):
        path.unlink(missing_ok=True)


@dataclass
class CheckpointWriter:
    """Keeps what a run has so far in its folder, so that it can go on after it was stopped.

    Attributes
    ----------
    folder : Path
        Where; it exists.
    header : dict
        What makes it the same run, besides the medium.
    resume : bool
        Whether to go on from what is there.
    name : str
        Of the run, among those that share the folder.
    faults : tuple of str
        What was wrong with files that were passed over.
    """

    folder: Path
    header: dict[str, Any]
    resume: bool = False
    name: str = "checkpoint"
    faults: tuple[str, ...] = ()
    _next: int = 0
    _written: float = 0.0
    _took: float = 0.0

    def begin(self, job: str, grid: TallyGrid) -> Checkpoint | None:
        """The checkpoint to go on from; None without `resume`, or where there is none."""
        self._written = time.perf_counter()
        # What is found anew in each run (waves, a current) must come out the same.
        self.header = {**self.header, "medium": job}
        if not self.resume:
            return None
        best, checkpoint, faults = newest(self.folder, self.header, grid, self.name)
        self.faults = tuple(faults)
        # Not over the one that is whole.
        self._next = int(best == names(self.name)[0])
        return checkpoint

    def keep(self, blocks: int, batches: list[Tally], lost: list[int]) -> None:
        """Write a checkpoint."""
        started = time.perf_counter()
        path = self.folder / names(self.name)[self._next]
        write(path, Checkpoint(self.header, blocks, batches, lost))
        self._next = 1 - self._next
        self._written = time.perf_counter()
        self._took = self._written - started

    def is_due(self) -> bool:
        """Whether it is time: writing shall take little of the run."""
        return time.perf_counter() - self._written > max(KEEP_EVERY_S, KEEP_SELDOM * self._took)
