"""Files that are whole wherever they are seen."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path; what is written there takes the name `path` when all of it is on the disk.

    What was there before stays until then, and stays if anything fails. A link is replaced, not followed.

    Raises
    ------
    OSError
        If the disk does not take it; it names `path`.
    """
    temporary = path.with_name(path.name + ".part")
    try:
        temporary.unlink(missing_ok=True)  # of a run that was killed
        yield temporary
        _to_disk(temporary)
        os.replace(temporary, path)
        _to_disk(path.parent)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from None
    finally:
        with suppress(OSError):
            temporary.unlink()


@contextmanager
def replacing_hdf5(path: Path) -> Iterator[Any]:
    """Yield an HDF5 file that is made in memory and then written, see `replacing`.

    HDF5 ends the process where it meets a full disk itself.
    """
    import h5py

    content = io.BytesIO()
    # This format version keeps checksums of its own structure.
    with h5py.File(content, "w", libver=("v110", "v110")) as file:
        yield file
    with replacing(path) as temporary:
        temporary.write_bytes(content.getbuffer())


def write_text(path: Path, text: str) -> None:
    """Write a text file, all of it or nothing; see `replacing`."""
    with replacing(path) as temporary:
        temporary.write_text(text, "utf-8")


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
