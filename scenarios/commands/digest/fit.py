"""What a fit found, on a page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..show import print_lines, print_rows, with_error


def print_fit(summary: Mapping[str, Any], folder: Path) -> None:
    """Print the best values and their errors, and how well they fit."""
    has_posterior = "posterior" in summary
    columns = ["key", "unit", "start", "best fit", *(["posterior, 16% to 84%"] if has_posterior else [])]
    rows = []
    for key, table in summary["parameters"].items():
        best = with_error(table["value"], table["error"]) + (" (at its limit)" if table["at_limit"] else "")
        row = [key, table["unit"], with_error(table["start"]), best]
        if has_posterior:
            row.append(f"{table['quantile_16']:.5g} to {table['quantile_84']:.5g}")
        rows.append(row)
    print_rows("", columns, rows)
    said = [
        f"chi^2 = {summary['chi2']:.1f} at {summary['points']} points less {len(rows)} keys; the largest "
        f"pull is {summary['largest_pull']:.1f}; the transport equation was solved "
        f"{summary['transport_equation_solved']} times"
    ]
    if has_posterior:
        told = summary["posterior"]
        said.append(
            f"posterior: the emulator is off by at most {told['emulator_error_over_data']:.1%} of the errors "
            f"of the data at {told['solutions_held_out']} solutions that it was not fitted to"
        )
    if summary.get("note"):
        said.append(f"! {summary['note']}")
    print_lines([*said, f"Written to {folder}: crhalo run {folder / 'fitted.toml'} follows particles there"])
