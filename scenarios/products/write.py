"""Writes what has been made of a run, or of several: one file that fails costs no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from ...fields.exceptions import RunFailed
from ...maps.figures.drawing.second_process import SecondProcess
from ...maps.figures.page import note, plain_style, save
from .product import Made

Save = Callable[[Any, Path], None]


def write_files(
    found: Made, folder: Path, figure_format: str = "png", remark: str = "", save: Save = save
) -> list[str]:
    """Write the files of a product and `save` its figures; a line for each that could not be made."""
    figures: dict[str, Callable[[Path], None]] = {
        f"{name}.{figure_format}": partial(_write_figure, draw, remark, save)
        for name, draw in found.figures.items()
    }
    writers = dict(found.files) | figures
    # What the disk refuses fails the next one too.
    return failures_of(((name, partial(write, folder / name)) for name, write in writers.items()), OSError)


def failures_of(makers: Iterable[tuple[str, Callable[[], Any]]], *but: type[Exception]) -> list[str]:
    """Make all of several things by name; a line for each that could not be made. Errors in `but` end it."""
    failed = []
    for name, make in makers:
        try:
            make()
        except but:
            raise
        except Exception as error:
            failed.append(failure(name, error))
    return failed


def drawn(draw: Callable[..., Any], remark: str, ax: Any = None) -> Any:
    """A figure, with a remark if there is one."""
    figure = draw(ax=ax)
    if remark:
        note(figure, remark, ax)
    return figure


def _write_figure(draw: Callable[..., Any], remark: str, save: Save, path: Path) -> None:
    with plain_style():
        save(drawn(draw, remark), path)


def write_left(second: SecondProcess) -> list[str]:
    """Draw what another process was asked for and has not; a line for each that could not be made."""
    with plain_style():
        left = ((path.name, partial(save, figure, path)) for figure, path in second.left())
        return failures_of(left, OSError)


def failure(name: str, error: Exception) -> str:
    """What could not be made, and why, in one line."""
    return f"{name}: {type(error).__name__}: {' '.join(str(error).split())}"


def check_all_written(failed: list[str], folder: Path, advice: str = "") -> None:
    """Raise `RunFailed`, in one line, if a file could not be made."""
    if failed:
        raise RunFailed(f"could not be made: {'; '.join(failed)}. All else is in {folder}{advice}")
