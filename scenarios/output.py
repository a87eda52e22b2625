"""The files of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..maps.skyfile import SkyCube, write_sky
from ..mc.files import write_text
from ..mc.run import LostError
from .display import write_json
from .finished import Run
from .halo import Halo, draw_halo, draw_waves, halo_summary, settled_summary, write_waves
from .media import Progress, quiet
from .outside_view import outside_view
from .precision import estimates_of
from .products import draw_figures
from .provenance import provenance_of
from .refereed import judge
from .schema import Scenario
from .skies import draw_skies
from .summary import bell_region, filling, summarise
from .values import NotSettled


def write(finished: Run, out: Path, progress: Progress = quiet, referee: bool = False) -> None:
    """Write the products of a run into an existing folder."""
    stages, folds = 5, len(finished.result.tallies["injected"])
    write_text(out / "scenario.toml", finished.scenario.to_toml())
    finished.result.write(out / "result.h5")
    progress("Maps and figures", 1, stages)
    skies = {}
    for done, secondary in enumerate(("neutrino", "gamma"), start=2):
        sky = skies[secondary] = finished.sky(secondary)
        cube = SkyCube(
            secondary=secondary,
            flavours="per flavour" if secondary == "neutrino" else "",
            energy_GeV=sky.energy_GeV,
            intensity=sky.total,
            # A single fold has no scatter.
            error=sky.total * sky.relative_error if folds > 1 else None,
            metadata=finished.result.provenance,
        )
        write_sky(out / f"sky_{secondary}.fits", cube)
        progress("Maps and figures", done, stages)
    summary = summarise(finished.result, finished.galaxy, finished.medium, skies["neutrino"], skies["gamma"])
    if finished.galaxy.has_bell_region:
        summary["bell_region"] = bell_region(finished.galaxy, finished.scenario.medium.T_cgm)
        summary["filling"] = filling(finished.result, finished.galaxy)
    summary["precision"] = {
        name: each.as_dict()
        for name, each in estimates_of(finished.scenario.transport.precision_of, finished.synthesis).items()
    }
    summary["folds"] = folds
    summary["blocks_resumed"] = finished.result.performance.get("blocks_resumed", 0)
    summary["lost_particles"] = finished.result.provenance.get("lost", [])
    if finished.current is not None:
        summary["current"] = finished.current.as_dict()
    draw_figures(finished, summary, skies, out)
    summary["sky"] = draw_skies(finished, skies, out)
    if finished.scenario.observer is not None:
        summary["outside"] = outside_view(finished, out)
    if finished.scenario.medium.waves in ("self-consistent", "two-zone"):
        halo = Halo(finished)
        summary |= halo_summary(halo)
        draw_halo(halo, out)
    if finished.settled is not None:
        write_waves(finished.settled, out / "waves.h5", finished.result.provenance)
    if referee:
        summary["referee"] = judge(finished, out)
    progress("Maps and figures", 4, stages)
    summary["provenance"] = finished.result.provenance
    # Last, because it marks the run as complete.
    write_json(summary, out / "summary.json")
    progress("Maps and figures", stages, stages)


def write_unsettled(scenario: Scenario, stopped: NotSettled, out: Path) -> None:
    """What there is of waves that did not settle."""

    write_text(out / "scenario.toml", scenario.to_toml())
    summary: dict[str, Any] = {"verdict": str(stopped), "converged": False}
    if stopped.found is not None:
        write_waves(stopped.found, out / "waves.h5", provenance_of(scenario))
        draw_waves(stopped.found, out)
        summary = settled_summary(stopped.found)
    write_json({"title": scenario.title, "self_consistency": summary}, out / "summary.json")


def write_lost(scenario: Scenario, error: LostError, out: Path) -> None:
    """Which particles were lost in a run that was given up, for `crhalo replay`."""
    write_text(out / "scenario.toml", scenario.to_toml())
    write_json({"lost_particles": error.particles}, out / "lost.json")
