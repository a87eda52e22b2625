"""The comparison of a run with the transport equation: a table, a figure and a file."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from ...maps.figures.protons import compared_densities
from ...mc.diffusion.compare import AGREE, RESOLVED, SMALL, Comparison, compare
from ..folder.write import write_json
from ..run import Run
from .product import Made, Product

CONVENTIONS = {
    "run, referee": "E n(E) of protons over half a decade of total energy, cm^-3; error: one sigma",
    "grid_error": "of the transport equation (column 'referee'): the difference to cells twice as wide",
    "status": f"diffusive: lambda < {SMALL} L and grid_error < {RESOLVED:.0%}, the equation is trusted; "
    "lambda: it is the equation that is wrong; grid: it would take finer cells",
    "lambda_over_L": "largest in the group, L the least of D/|grad D|, distance from the centre, thickness, "
    "mean distance from the outer sphere",
    "agrees": f"within {AGREE:.0%} or three sigma",
    "most_negative": "where the equation has n furthest below zero, over the largest n of that energy",
}
_OF_LINES = {
    "lambda_over_L": "largest in the group; inside, lambda is along the field lines, L the least of the "
    "lengths over which D or the field strength changes along them, and of their way through the thickness",
    "tensor": "D is along the lines, epsilon D + D_FL v/2 across them; guiding centres do not drift",
}


def compare_run(run: Run) -> Comparison:
    """A run beside the transport equation in its medium, at its age."""
    return compare(run.result, run.medium, run.galaxy.R_d_kpc, run.scenario.transport.t_max)


def _make(run: Run) -> Made:
    comparison = compare_run(run)
    trusted = comparison.diffusive
    summary = {
        "groups_judged": len(trusted),
        "groups_apart": sum(not row["agrees"] for row in trusted),
        "chi2": comparison.chi2,
        "largest_departure": max((abs(row["ratio"] - 1.0) for row in trusted), default=None),
        "lambda_not_small_above_GeV": comparison.parting_GeV,
        "most_negative": comparison.most_negative,
    }

    conventions = CONVENTIONS | (_OF_LINES if run.medium.lines is not None else {})
    about = run.result.provenance | {"conventions": conventions}
    files: dict[str, Callable[[Path], None]] = {
        "referee.json": partial(write_json, {**about, "summary": summary, "rows": comparison.rows}),
    }
    return Made({"referee": summary}, files, {"referee": partial(compared_densities, comparison.rows)})


PRODUCT = Product("transport_equation", lambda run: False, _make)
"""Made only when it is asked for: `crhalo run NAME --transport-equation`."""
