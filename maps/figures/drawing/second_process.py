"""A second process that draws figures while this one goes on: Matplotlib keeps one core busy, and no more.

A figure goes there as a pickle and comes back as the content of its file, so that this process alone touches
the disk, and the other one may be ended at any time. Pickles go through a pipe from this process to the other
and are in no file. The other one ends by itself where this one does. A figure that it could not draw, for
whatever reason, is left to be drawn here, where errors are told.
"""

from __future__ import annotations

import gc
import pickle
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from ....mc.files import replacing
from ..page import plain_style, rendered

_HIDDEN = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # of Windows


class SecondProcess:
    """Draws figures one after the other, from its start to the end of a `with`."""

    def __init__(self) -> None:
        self._process = _started()
        # Waits for the other process, which this one's work does not.
        self._pool = ThreadPoolExecutor(1)
        self._asked: dict[Path, Future[None]] = {}
        self._left: dict[Path, Any] = {}

    def __enter__(self) -> SecondProcess:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
        self._pool.shutdown(cancel_futures=True)
        if self._process is not None:
            for stream in (self._process.stdin, self._process.stdout):
                with suppress(OSError):  # of what was not sent any more
                    stream.close()
            self._process.wait()

    def save(self, figure: Any, path: Path) -> None:
        """As `page.save`, at some time before all that is `left` was asked for."""
        self._left[path] = figure
        self._asked[path] = self._pool.submit(self._draw, path)

    def left(self) -> Iterator[tuple[Any, Path]]:
        """Figures to draw here, with their paths: those that wait, then those that could not be drawn."""
        for path, asked in self._asked.items():
            if asked.cancel():
                yield self._left.pop(path), path
        self._pool.shutdown()
        for path in list(self._left):
            yield self._left.pop(path), path

    def _draw(self, path: Path) -> None:
        # Whatever is wrong shows when it is drawn here.
        with suppress(Exception):
            assert self._process is not None
            _send(self._process.stdin, pickle.dumps((self._left[path], path.suffix), pickle.HIGHEST_PROTOCOL))
            if content := _received(self._process.stdout):
                with replacing(path) as temporary:
                    temporary.write_bytes(content)
                del self._left[path]


def _started() -> Any:
    """The second process; None where there can be none."""
    # Not where Python is part of another program, which this would start once more.
    if "python" not in Path(sys.executable or "").name.lower():
        return None
    # Without the folder that we are in among the places that modules are looked for in.
    command = [sys.executable, "-P", "-m", __name__]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    try:
        return subprocess.Popen(command, stderr=subprocess.DEVNULL, creationflags=_HIDDEN, **pipes)
    except OSError:
        return None


def _send(stream: BinaryIO, content: bytes) -> None:
    stream.write(len(content).to_bytes(8, "big"))
    stream.write(content)
    stream.flush()


def _received(stream: BinaryIO) -> bytes:
    """What was sent; empty where nothing comes any more."""
    return stream.read(int.from_bytes(stream.read(8), "big"))


def _drawn(request: bytes) -> bytes:
    """The file of a figure; empty where there is anything to be told of it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            figure, suffix = pickle.loads(request)
            FigureCanvasAgg(figure)  # which a pickle leaves out
            return rendered(figure, suffix)
    except Exception:
        return b""


def _draw_what_is_asked() -> None:
    """What the second process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is for the first one
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr
    # Garbage is collected once for each figure, and of that alone: a tenth of the time, and less memory.
    gc.disable()
    with plain_style():
        while request := _received(requests):
            _send(answers, _drawn(request))
            gc.collect(0)


if __name__ == "__main__":
    _draw_what_is_asked()
