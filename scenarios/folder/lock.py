"""The folder of a run: one run at a time."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import takewhile
from pathlib import Path

from ..file.quantities import ScenarioError, shown
from ..progress import say

# What file systems without locks answer.
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)


@contextmanager
def only_one_run_in(folder: Path) -> Iterator[None]:
    """A folder for a run, made if need be, in which no other process is at work; not left behind empty."""
    new = list(takewhile(lambda each: not each.exists(), (folder, *folder.parents)))
    folder.mkdir(parents=True, exist_ok=True)
    lock = _lock(folder)
    try:
        yield
    finally:
        (folder / ".lock").unlink(missing_ok=True)
        os.close(lock)
        with suppress(OSError):
            for each in new:
                each.rmdir()


def _lock(folder: Path) -> int:
    """Lock a folder; `ScenarioError` if another process has done so."""
    import fcntl

    path = folder / ".lock"
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The one who had it may have removed the file meanwhile: then it locks nobody out.
            if os.path.samestat(os.fstat(lock), os.stat(path)):
                return lock
        except BlockingIOError:
            os.close(lock)
            raise ScenarioError(f"--out {shown(folder)}: another run is at work there") from None
        except FileNotFoundError:
            os.close(lock)
            continue
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            say(f"{folder} cannot be locked ({error.strerror}): start no other run there")
            return lock
        os.close(lock)
