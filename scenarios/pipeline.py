"""From a scenario to the files of a run: particles, sky, summary, figures."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..fields.galaxy import Galaxy
from ..fields.medium import Medium
from ..fields.units import FloatArray
from ..maps.skyfile import SkyCube, write_sky
from ..maps.synthesis import ComponentMaps, Synthesis
from ..mc import checkpoint
from ..mc.checkpoint import Keeper
from ..mc.cluster import ClusterError
from ..mc.files import write_text
from ..mc.result import Result
from ..mc.run import Executor, LostError, run
from ..mc.self_consistency import Settled
from ..mc.tally import FOLDS
from . import verdict
from .current import MeasuredCurrent
from .display import write_json
from .folder import only_one_run_in
from .media import Progress, check_orbits, find_medium, given_medium, quiet
from .model import (
    grid_of,
    spectrum_of,
    transport_of,
)
from .precision import Precision, check_precision, estimates_of
from .provenance import provenance_of
from .schema import Scenario
from .summary import bell_region, filling, summarise
from .values import NotSettled, RunFailed, ScenarioError

_PILOT_PARTICLES = 48
_BASE_MEMORY_MB = 450


@dataclass(frozen=True)
class Run:
    """A finished run: its scenario, the galaxy and medium made of it, what was counted; and what was found
    before: waves, the current that drives the instability."""

    scenario: Scenario
    galaxy: Galaxy
    medium: Medium
    result: Result
    settled: Settled | None = None
    current: MeasuredCurrent | None = None

    @cached_property
    def synthesis(self) -> Synthesis:
        """The run as seen from the Sun."""
        return Synthesis(self.result, self.medium, self.scenario.medium.helium_factor, self.galaxy.R_d_kpc)

    def sky(
        self, secondary: str, energy_GeV: FloatArray | list[float] | None = None, nside: int | None = None
    ) -> ComponentMaps:
        """Intensity maps of "neutrino" or "gamma" with errors, by component (RING, Galactic)."""
        low, high, count = self.scenario.sky.energies
        energy = np.geomspace(low, high, count) if energy_GeV is None else np.asarray(energy_GeV, float)
        return self.synthesis.maps(secondary, energy, nside or self.scenario.sky.nside)

    def reweight(self, **changes: float) -> Run:
        """The same particles under another injection spectrum, see `Result.reweight`."""
        return replace(self, result=self.result.reweight(**changes))


@dataclass(frozen=True)
class Circumstances:
    """How a run is made: nothing in it changes what comes out, but for when it stops.

    Attributes
    ----------
    folder : Path, optional
        Where it keeps what it has so far.
    name : str
        Of the run, among those that share the folder.
    resume : bool
        Whether to go on from that.
    precision : float, optional
        Relative error of the quantities of `transport.precision_of` to stop at.
    executor : Executor, optional
        Where blocks are followed.
    """

    folder: Path | None = None
    name: str = "checkpoint"
    resume: bool = False
    precision: float | None = None
    executor: Executor | None = None


def make_run(
    scenario: Scenario,
    threads: int | None = None,
    progress: Progress = quiet,
    circumstances: Circumstances = Circumstances(),
) -> Run:
    """Follow the particles of a scenario.

    Raises
    ------
    ScenarioError
        If its values leave no halo to follow them in, or its orbits cannot be right or take too long.
    """
    if scenario.turbulence is not None:
        raise ScenarioError("a scenario with a [turbulence] has no galaxy; allowed: Scenario.verdict()")
    threads = threads or os.cpu_count() or 1
    galaxy, medium, settled, current = find_medium(scenario, threads, progress)
    transport = transport_of(scenario)
    progress("Particles", 0, transport.particles)
    provenance = provenance_of(scenario)
    precise = None
    if circumstances.precision is not None:
        check_precision(scenario, galaxy)
        precise = Precision(scenario, galaxy, medium, circumstances.precision)
    keeper = None
    if circumstances.folder is not None:
        header = {key: provenance[key] for key in ("version", "scenario", "machine")}
        header["precision"] = circumstances.precision
        keeper = Keeper(circumstances.folder, header, circumstances.resume, circumstances.name)
    result = run(
        medium,
        grid_of(scenario, galaxy),
        transport,
        spectrum=spectrum_of(scenario),
        threads=threads,
        progress=lambda done, moves: progress("Particles", done, transport.particles),
        provenance=provenance | {"tabulation_error": medium.tabulation_error()},
        executor=circumstances.executor,
        keeper=keeper,
        enough=precise,
    )
    for fault in keeper.faults if keeper else ():
        print(f"crhalo: {fault}; went on from the one before", file=sys.stderr)
    return Run(scenario, galaxy, medium, result, settled, current)


def plan(scenario: Scenario, threads: int) -> dict[str, Any]:
    """What a run would do and cost; the time is that of a few pilot particles, scaled."""
    if scenario.turbulence is not None:
        return verdict.plan(scenario, threads)
    times = runs_of(scenario)
    if times == 0:
        return {
            "title": scenario.title,
            "particles": 0,
            "would_write": "scenario.toml, summary.json, a table, a figure",
        }
    check_orbits(scenario)
    galaxy, medium = given_medium(scenario)
    grid = grid_of(scenario, galaxy)
    tally_MB = sum(array.nbytes for array in grid.empty()) / 1e6
    pilot = min(_PILOT_PARTICLES, scenario.transport.particles)
    transport = transport_of(scenario.with_overrides([f"transport.particles={pilot}"]))
    run(medium, grid, transport_of(scenario.with_overrides(["transport.particles=1"])))
    started = time.perf_counter()
    pilot_result = run(medium, grid, transport)
    seconds = times * (time.perf_counter() - started) * scenario.transport.particles / pilot / threads
    return {
        "title": scenario.title,
        "particles": scenario.transport.particles,
        "runs": times,
        "threads": threads,
        "surface_kpc": {
            "R_in_the_plane": galaxy.surface_extent_kpc()[0],
            "z_on_the_axis": galaxy.surface_extent_kpc()[1],
        },
        "steps_estimated": int(times * pilot_result.steps / pilot * scenario.transport.particles),
        "transport_time_s_estimated": round(seconds, 1),
        "memory_MB_estimated": round(_BASE_MEMORY_MB + tally_MB * (FOLDS + 3 * threads)),
        "would_write": "scenario.toml, summary.json, a table, figures"
        if scenario.study
        else "scenario.toml, result.h5, summary.json, sky_neutrino.fits, sky_gamma.fits, figures",
    }


def runs_of(scenario: Scenario) -> int:
    """How many runs a scenario asks for; each in the medium of its [medium], about."""
    if scenario.figure_1 is not None:
        return 2 * len(scenario.figure_1.delta_G)
    if scenario.radio is not None:
        return len(scenario.radio.delta_G)
    if scenario.coupling is not None:
        return len(scenario.coupling.delta_G) * len(scenario.coupling.z_B)
    return 0 if scenario.galaxies is not None else 1


def execute(
    scenario: Scenario,
    out: Path,
    threads: int,
    progress: Progress = quiet,
    referee: bool = False,
    circumstances: Circumstances = Circumstances(),
) -> None:
    """Run a scenario and write its files into a new folder; with a `referee`, its verdict too.

    Raises
    ------
    ScenarioError
        If its values leave no halo, or ask for orbits that cannot be right or take too long; if the folder is
        in use, or what is to be resumed is damaged or of another run; if a cluster would give other bits.
    NotSettled
        If its waves do not settle, after writing what there is.
    RunFailed
        If too many particles are lost.
    OSError
        If the folder cannot be written, or the cluster is lost.
    """
    import numba

    numba.set_num_threads(min(threads, numba.get_num_threads()))
    _check_options(scenario, referee, circumstances)
    out = Path(out)
    with only_one_run_in(out):
        circumstances = replace(circumstances, folder=out)
        try:
            if scenario.turbulence is not None:
                verdict.execute(scenario, out, threads, progress)
            elif scenario.study is not None:
                from .studies import execute as execute_study

                execute_study(scenario, out, threads, progress, circumstances)
            else:
                write(make_run(scenario, threads, progress, circumstances), out, progress, referee)
        except (checkpoint.CheckpointError, ClusterError) as error:
            raise ScenarioError(str(error)) from None
        except LostError as error:
            raise _lost(scenario, error, out) from None
        except NotSettled as stopped:
            _write_unsettled(scenario, stopped, out)
            raise NotSettled(f"{stopped}; what there is: {out}", stopped.found) from None
        checkpoint.remove(out)


def _check_options(scenario: Scenario, referee: bool, circumstances: Circumstances) -> None:
    """Refuse what does not go together with the kind of scenario."""
    if referee:
        if scenario.transport.method == "orbit":
            raise ScenarioError(
                '--referee: allowed: not where transport.method = "orbit", which has a verdict of its own'
            )
        if scenario.study is not None:
            raise ScenarioError(f"--referee: allowed: not with a [{scenario.study}]")
        if fault := scenario.too_small_for_cells():
            raise ScenarioError(f"{fault} with --referee")
    given = {
        "--resume": circumstances.resume,
        "--precision": circumstances.precision is not None,
        "--cluster": circumstances.executor is not None,
    }
    for option, wanted in given.items():
        if wanted and scenario.turbulence is not None:
            raise ScenarioError(f"{option}: allowed: not with a [turbulence]")


def _lost(scenario: Scenario, error: LostError, out: Path) -> RunFailed:
    """Say which particles were lost, in a file too, and how to look at one."""
    write_text(out / "scenario.toml", scenario.to_toml())
    write_json({"lost_particles": error.particles}, out / "lost.json")
    again = f"; crhalo replay {out} {error.particles[0]} follows the first again" if error.particles else ""
    return RunFailed(f"{error}{'' if scenario.study else again}")


def _write_unsettled(scenario: Scenario, stopped: NotSettled, out: Path) -> None:
    """What there is of waves that did not settle."""
    from .halo import draw_waves, settled_summary, write_waves

    write_text(out / "scenario.toml", scenario.to_toml())
    summary: dict[str, Any] = {"verdict": str(stopped), "converged": False}
    if stopped.found is not None:
        write_waves(stopped.found, out / "waves.h5", provenance_of(scenario))
        draw_waves(stopped.found, out)
        summary = settled_summary(stopped.found)
    write_json({"title": scenario.title, "self_consistency": summary}, out / "summary.json")


def write(finished: Run, out: Path, progress: Progress = quiet, referee: bool = False) -> None:
    """Write the products of a run into an existing folder."""
    from .halo import Halo, draw_halo, halo_summary, write_waves
    from .outside_view import outside_view
    from .products import draw_figures
    from .refereed import judge
    from .skies import draw_skies

    stages = 5
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
            error=sky.total * sky.relative_error,
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
