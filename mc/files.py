"""Files that are whole wherever they are seen, and HDF5 files read without trusting them."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

_MAX_COMPRESSION = 1100  # of deflate: 1032
# One array of a whole run has 70 MB, a grid or volumes a few kB.
_LARGEST_ARRAY, _LARGEST_STACK = 2**24, 2**30  # bytes


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

    HDF5 would end the process on a full disk if it wrote the file itself.
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
    except OSError as error:
        # Some file systems refuse it for folders, whose entries they keep safe in other ways.
        if not (path.is_dir() and error.errno in (errno.EINVAL, errno.ENOTSUP, errno.EBADF)):
            raise
    finally:
        os.close(descriptor)


def plain_arrays(
    file: Any, group: str, shapes: dict[str, tuple[int, ...]] | None = None, most_leading: int | None = None
) -> dict[str, np.ndarray]:
    """The arrays of an HDF5 group, read only if they are plain and no larger than what is stored can hold.

    Parameters
    ----------
    file : h5py.File
        Open for reading.
    group : str
        Its name.
    shapes : dict, optional
        Names that must be there, and the shape of each.
    most_leading : int, optional
        Arrays have one more axis before that shape, of at most so many entries.

    Raises
    ------
    ValueError
        If one is anything else than an array of finite numbers.
    """
    import h5py

    arrays = {}
    for name in shapes or file[group]:
        plain = isinstance(file[group].get(name, getlink=True), h5py.HardLink)
        data = file[group][name] if plain else None
        if not isinstance(data, h5py.Dataset) or data.is_virtual or data.external:
            raise ValueError(f"/{group}/{name} is no plain dataset")
        largest = _LARGEST_ARRAY if most_leading is None else _LARGEST_STACK
        most = min(10_000 + _MAX_COMPRESSION * data.id.get_storage_size(), largest)
        if data.dtype.kind not in "if" or data.nbytes > most:
            raise ValueError(f"/{group}/{name} is no array of numbers that the file can hold")
        if shapes and not _fits(data.shape, shapes[name], most_leading):
            raise ValueError(f"/{group}/{name} does not fit its grid")
        arrays[name] = data[...]
        if not np.isfinite(arrays[name]).all():
            raise ValueError(f"/{group}/{name} is not finite")
    return arrays


def _fits(shape: tuple[int, ...], wanted: tuple[int, ...], most_leading: int | None) -> bool:
    if most_leading is None:
        return shape == wanted
    return shape[1:] == wanted and len(shape) > 0 and shape[0] <= most_leading


def plain_attributes(place: Any) -> dict[str, Any]:
    """Attributes of fixed size; others lie outside the checksums, and damage to them can hang HDF5."""
    values = {}
    for name in place.attrs:
        if place.attrs.get_id(name).dtype.kind not in "ifbS":
            raise ValueError(f"attribute {name} is of no plain type")
        value = place.attrs[name]
        values[name] = value.decode() if isinstance(value, bytes) else value
    return values
