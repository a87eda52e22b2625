"""From a scenario to the files of a run: particles, sky, summary, figures."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..mc import checkpoint
from ..mc.checkpoint import Keeper
from ..mc.cluster import ClusterError
from ..mc.run import Executor, LostError, run
from ..mc.tally import FOLDS
from . import verdict
from .finished import Run
from .folder import only_one_run_in
from .media import Progress, check_orbits, find_medium, given_medium, quiet
from .model import grid_of, spectrum_of, transport_of
from .output import write, write_lost, write_unsettled
from .precision import Precision, check_precision
from .provenance import provenance_of
from .schema import Scenario
from .values import NotSettled, RunFailed, ScenarioError

_PILOT_PARTICLES = 48
_BASE_MEMORY_MB = 450


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
    provenance = provenance_of(scenario) | {"precision": circumstances.precision}
    precise = None
    if circumstances.precision is not None:
        check_precision(scenario, galaxy)
        precise = Precision(scenario, galaxy, medium, circumstances.precision)
    keeper = None
    if circumstances.folder is not None:
        header = {key: provenance[key] for key in ("version", "scenario", "machine", "precision")}
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
                from .studies import execute as execute_study  # which makes runs in turn

                execute_study(scenario, out, threads, progress, circumstances)
            else:
                write(make_run(scenario, threads, progress, circumstances), out, progress, referee)
        except checkpoint.CheckpointError as error:
            raise ScenarioError(f"{error}; allowed: another --out") from None
        except ClusterError as error:
            raise ScenarioError(str(error)) from None
        except LostError as error:
            write_lost(scenario, error, out)
            first = f"; crhalo replay {out} {error.particles[0]} follows the first again"
            raise RunFailed(f"{error}{'' if scenario.study else first}") from None
        except NotSettled as stopped:
            write_unsettled(scenario, stopped, out)
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
