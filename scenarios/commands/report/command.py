"""`crhalo report RUN`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..options import path_of


def report(
    folder: Annotated[Path, typer.Argument(parser=path_of, metavar="DIR", help="The folder of a run.")],
) -> None:
    """Write report.html: a run on one page, with its figures, its numbers and its sky to look at."""
    from .page import write_report

    print(f"Written: {write_report(folder)}")
