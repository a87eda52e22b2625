"""The one line that is said of whatever went wrong, and the exit code that goes with it."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import typer

from ...fields.exceptions import NotConverged, RunFailed, UserError, did_you_mean
from ..file.quantities import shown
from ..folder.check import is_unfinished

_GO_ON = ("run", "fit", "scan")  # commands, which write to a folder of their name if not told otherwise
_NO_COMMAND = re.compile(r"No such command ['\"](.*?)['\"]")
_ONE_TOO_MANY = re.compile(r"Got unexpected extra arguments?(?:\(s\))? \((.+)\)")

# Typer carries click within itself, or not, by its version.
_UsageError: Any = typer.BadParameter.__bases__[0]


class Terminated(KeyboardInterrupt):
    """SIGTERM, which is to end a run as Ctrl-C does."""


def said_of(error: BaseException, arguments: list[str]) -> tuple[int, str]:
    """Exit code and line for whatever went wrong."""
    match error:
        case _UsageError():
            return 2, _misused(error, arguments)
        case UserError():
            return 2, str(error)
        case RunFailed() | NotConverged():
            return 1, str(error)
        case ConnectionError():
            return 1, f"{error}{_go_on(arguments)}"
        case OSError():
            said = f"{error.filename}: {error.strerror}" if error.filename else str(error)
            return 1, said + _go_on(arguments)
        case Terminated():
            return 143, f"terminated{_go_on(arguments) or _nothing_kept(arguments)}"
        case KeyboardInterrupt():
            return 130, f"interrupted{_go_on(arguments) or _nothing_kept(arguments)}"
        case MemoryError():
            return 1, "out of memory"
    return 1, f"a fault of crhalo's own: {type(error).__name__}: {error}; the same with --debug says where"


def _go_on(arguments: list[str]) -> str:
    """How to go on, where there is something to go on from."""
    words = [word for argument in arguments for word in argument.split("=", argument.startswith("--out="))]
    command = arguments[0] if arguments else ""
    out = Path(dict(pairwise(words)).get("--out", command))
    going_on = command in _GO_ON and is_unfinished(out)
    return "; the same with --resume goes on" if going_on else ""


def _nothing_kept(arguments: list[str]) -> str:
    """Of a run that was stopped before its first checkpoint."""
    return "; nothing is kept yet to go on from" if arguments and arguments[0] in _GO_ON else ""


def _misused(error: Any, arguments: list[str]) -> str:
    """The line for a wrong command line; of a command or an option that does not exist, the nearest ones."""
    command, words = error.ctx and error.ctx.command, list[str]()
    if type(error).__name__ == "NoSuchOption":
        kind, given = "option", error.option_name
        options = [option for parameter in command.params for option in parameter.opts]
        words = [option for option in [*options, "--help"] if option.startswith("--")]
    elif hasattr(command, "commands") and (unknown := _NO_COMMAND.match(error.message)):
        kind, given = "command", unknown[1]
        words = list(command.commands)
    if not words:
        return str(error.format_message()) + _unquoted(error.message, arguments)
    from ..file.faults import allowed_names

    hint = allowed_names(did_you_mean(given, words, f"{kind}s"), words)
    return f"{shown(given)}: no such {kind}{hint}"


def _unquoted(message: str, arguments: list[str]) -> str:
    """Of "KEY=3 kpc" that the shell has taken apart: how to write it."""
    found = _ONE_TOO_MANY.match(message)
    for before, after in pairwise(arguments):
        if found and after == found[1].split()[0] and "=" in before:
            return f"; a value with a space is quoted: {shown(f'{before} {after}')}"
    return ""
