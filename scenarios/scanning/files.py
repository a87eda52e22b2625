"""What a scan leaves in its folder."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ...fields.exceptions import RunFailed
from ...mc.files import write_text
from ..folder.provenance import provenance_of
from ..folder.write import write_json
from ..products.write import check_all_written, failures_of
from .figure import Asked, writers
from .netcdf import CONVENTIONS, write_netcdf
from .scan import Scan

NETCDF = "scan.nc"
_MOST_NAMED = 3  # points that failed, in a line


def write_scan(
    found: Scan, folder: str | Path, plots: Sequence[Asked] = (), figure_format: str = "png"
) -> None:
    """Write what `crhalo scan` writes into a folder: the scenario, all numbers, figures, the summary last.

    Raises
    ------
    RunFailed
        If a run failed or a file could not be made, after writing all others.
    OSError
        If the folder cannot be written.
    """
    folder = Path(folder).expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "scenario.toml", found.scenario.to_toml())
    write_netcdf(found, folder / NETCDF)
    drawn = writers(found, list(plots), figure_format)
    failed = failures_of(((name, partial(write, folder / name)) for name, write in drawn.items()), OSError)
    write_json(summary_of(found), folder / "summary.json")
    if fault := said_of_failures(found):
        raise RunFailed(f"{fault}; all else is in {folder}")
    check_all_written(failed, folder)


def said_of_failures(found: Scan) -> str:
    """A line on the points that failed; empty where none did."""
    failed = [f"{place}: {fault}" for place, fault in found.failed.items()]
    more = f" (and {len(failed) - _MOST_NAMED} more)" if len(failed) > _MOST_NAMED else ""
    some = "; ".join(failed[:_MOST_NAMED])
    return f"{len(failed)} of {len(found.points)} points failed: {some}{more}" if failed else ""


def summary_of(found: Scan) -> dict[str, Any]:
    """What was scanned, and what there is of it, as summary.json has it."""
    provenance = provenance_of(found.scenario) | {"seed": found.scenario.transport.seed}
    provenance["conventions"] = provenance["conventions"] | CONVENTIONS
    return {
        "title": f"Scan of: {found.scenario.title}",
        "grid": [axis.as_dict() for axis in found.axes],
        "points": len(found.points),
        "particles_of_each": found.scenario.transport.particles,
        "quantities": {
            name: {"unit": known.unit, "along": known.along or None, "has_error": known.error is not None}
            for name, known in found.quantities.items()
        },
        "failed": found.failed,
        "notes": found.notes,
        "provenance": provenance,
    }
