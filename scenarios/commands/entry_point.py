"""Where the `crhalo` command starts and ends: signals, streams, exit codes.

It imports nothing of weight before it can be stopped.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path


def program() -> None:
    """`main.main`: it can be stopped from its first moment on, and out at once whatever threads still do."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name) or open(os.devnull, "w")  # closed by who called
        stream.reconfigure(errors="replace")
        setattr(sys, name, stream)
    _give_a_home()
    # Figures go to files: a backend that is asked for and does not exist must not stop the import.
    os.environ["MPLBACKEND"] = "agg"
    from .failed import Terminated
    from .main import main

    def terminate(number: int, frame: object) -> None:
        raise Terminated

    signal.signal(signal.SIGTERM, terminate)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    if code in (130, 143):
        os._exit(code)
    sys.exit(code)


def _give_a_home() -> None:
    """Give a user whom the system gives no home one for this run: libraries fail without."""
    try:
        Path.home()
    except RuntimeError:
        home = tempfile.mkdtemp(prefix="crhalo-home-")
        atexit.register(shutil.rmtree, home, ignore_errors=True)
        os.environ["HOME"] = home
        print(
            "crhalo: this user has no home folder: kernels are compiled anew in every run; set HOME to a "
            "folder that can be written",
            file=sys.stderr,
        )


def _end(number: int, frame: object) -> None:
    """Before there is anything to stop."""
    os.write(2, f"crhalo: {'interrupted' if number == signal.SIGINT else 'terminated'}\n".encode())
    os._exit(128 + number)
