"""A run and its referee in one table, one figure and one file: `crhalo run NAME --referee`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..maps.proton_figures import referee_densities
from ..mc.referee import AGREE, RESOLVED, SMALL, referee
from .display import write_json
from .finished import Run

CONVENTIONS = {
    "run, referee": "E n(E) of protons over half a decade of total energy, cm^-3; error: one sigma",
    "grid_error": "of the referee: the difference to cells twice as wide",
    "status": f"diffusive: lambda < {SMALL} L and grid_error < {RESOLVED:.0%}, the referee is trusted; "
    "lambda: it is the referee that is wrong; grid: it would take finer cells",
    "lambda_over_L": "largest in the group, L the least of D/|grad D|, distance from the centre, thickness, "
    "mean distance from the outer sphere",
    "agrees": f"within {AGREE:.0%} or three sigma",
}


def judge(run: Run, out: Path) -> dict[str, Any]:
    """Solve the transport equation of a run, write referee.json and referee.png, and sum them up."""
    t = run.scenario.transport
    verdict = referee(run.result, run.medium, run.galaxy.R_d_kpc, t.t_max)
    judged = verdict.diffusive
    summary = {
        "groups_judged": len(judged),
        "groups_apart": sum(not row["agrees"] for row in judged),
        "chi2": verdict.chi2,
        "largest_departure": max((abs(row["ratio"] - 1.0) for row in judged), default=None),
        "lambda_not_small_above_GeV": verdict.parting_GeV,
    }
    envelope = run.result.provenance | {"conventions": CONVENTIONS}
    write_json({**envelope, "summary": summary, "rows": verdict.rows}, out / "referee.json")
    referee_densities(out / "referee.png", verdict.rows)
    return summary
