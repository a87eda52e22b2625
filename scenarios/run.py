"""A run: how it is made, and what it is once its particles have been followed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from ..fields.cores import threads_of
from ..fields.exceptions import UserError, on_a_line
from ..fields.galaxy import Galaxy
from ..fields.limits import numbers_in
from ..fields.medium import Medium
from ..fields.tabulation import tabulation_error
from ..fields.units import FloatArray
from ..maps.data.read import Points
from ..maps.light.local_cosmic_rays import LocalCosmicRays
from ..maps.light.sky_model import ComponentMaps, SkyModel
from ..mc import observables
from ..mc.blocks import Executor
from ..mc.checkpoint import CheckpointWriter, difference
from ..mc.coupled.current import MeasuredCurrent
from ..mc.coupled.waves import ConvergedWaves
from ..mc.engine import run
from ..mc.replay import as_table, numbers_of, replay
from ..mc.result import Result
from ..mc.spectrum import Spectrum
from ..mc.uncertainty import Estimate
from .adjoint import biased_transport_of, check_importance
from .at_the_sun import local_cosmic_rays
from .build import Setup, find_medium, grid_of, sky_energies_GeV, spectrum_of, with_spectrum
from .file.quantities import ScenarioError
from .file.scenario import Scenario, load_text
from .file.tables import NSIDES
from .folder.provenance import provenance_of
from .notes import notes_of
from .progress import Progress, quiet, say
from .stopping_rule import Precision, check_precision

SECONDARIES = ("neutrino", "gamma")
"""What skies are made of."""
_MOST_ROWS = 1_000_000


@dataclass(frozen=True, eq=False, repr=False)
class Run:
    """A finished run.

    Attributes
    ----------
    scenario : Scenario
        What was asked for.
    galaxy, medium : Galaxy, Medium
        What was made of it.
    result : Result
        What was counted.
    waves, current : ConvergedWaves, MeasuredCurrent, optional
        What was found before: the waves that protons scatter on, the current that drives the instability.
    products : dict
        What has been made of it so far, by name; see `scenarios.products.registry`.
    """

    scenario: Scenario
    galaxy: Galaxy
    medium: Medium
    result: Result
    waves: ConvergedWaves | None = None
    current: MeasuredCurrent | None = None
    products: dict[str, Any] = field(default_factory=dict)

    # What needs all the products is bound in `scenarios.api`, where it is described.
    open: ClassVar[Callable[..., Run]]
    summary: ClassVar[Any]
    figures: ClassVar[Any]
    write: ClassVar[Callable[..., None]]
    summary_table: ClassVar[Callable[..., Any]]
    table: ClassVar[Callable[..., Any]]
    to_xarray: ClassVar[Callable[..., Any]]
    _repr_html_: ClassVar[Callable[..., str]]
    importance: ClassVar[Callable[..., Any]]
    compare_with_transport_equation: ClassVar[Callable[..., Any]]

    def __repr__(self) -> str:
        return f"<Run: {self.scenario.title}; {self.result.particles} particles>"

    @property
    def spectrum(self) -> Spectrum:
        """The injected protons that all numbers, figures and files are of; see `reweight`."""
        return self.result.spectrum

    @property
    def reweighted(self) -> str:
        """What is shown in which medium, after `reweight`; empty before."""
        medium = self.result.provenance.get("reweighted")
        return f"injected {self.spectrum}; {medium}" if medium else ""

    @cached_property
    def notes(self) -> list[str]:
        """What should be known of a run, a line each: what tables do not resolve, a surface hardly met."""
        found = [self.reweighted] if self.reweighted else []
        return found + notes_of(self.scenario, self.galaxy, self.medium, self.result)

    @cached_property
    def at_the_sun(self) -> LocalCosmicRays:
        """Cosmic rays at the Sun by the steady transport equation; nuclei where there is a [composition]."""
        setup, edges = Setup(self.galaxy, self.medium), self.result.grid.current_edges_GeV
        return local_cosmic_rays(self.scenario, setup, self.spectrum, edges)

    @cached_property
    def sky_model(self) -> SkyModel:
        """The run as seen from the Sun."""
        R_d, starlight = self.galaxy.R_d_kpc, self.scenario.sky.starlight
        return SkyModel(self.result, self.medium, R_d, starlight, self.at_the_sun.helium_per_proton)

    def sky(
        self, secondary: str, energy_GeV: FloatArray | list[float] | None = None, nside: int | None = None
    ) -> ComponentMaps:
        """Intensity maps with errors, by component (RING, Galactic).

        Parameters
        ----------
        secondary : {"neutrino", "gamma"}
            Neutrinos are per flavour.
        energy_GeV : array_like or Quantity, optional
            Energies of the product; those of the scenario if not given.
        nside : int, optional
            HEALPix resolution; that of the scenario if not given.

        Raises
        ------
        UserError
            If a value is not allowed, or an energy is above those of the protons that were followed.
        """
        if not isinstance(secondary, str) or secondary not in SECONDARIES:
            raise UserError(f"secondary = {on_a_line(secondary)}: allowed: {', '.join(SECONDARIES)}")
        nside = self.scenario.sky.nside if nside is None else nside
        if not isinstance(nside, int | np.integer) or isinstance(nside, bool) or nside not in NSIDES:
            raise UserError(f"nside = {on_a_line(nside)}: allowed: {', '.join(map(str, NSIDES))}")
        return self.sky_model.maps(secondary, self._sky_energies_GeV(energy_GeV), nside)

    def _sky_energies_GeV(self, asked: ArrayLike | None) -> FloatArray:
        """Energies of a sky: those asked for, or those of the scenario."""
        if asked is None:
            return sky_energies_GeV(self.scenario)
        energy = np.atleast_1d(numbers_in(asked, "GeV", "energy_GeV"))
        highest = float(self.result.grid.energy_edges_GeV[-1])
        if energy.max(initial=0.0) > highest * (1 + 1e-9):
            raise UserError(
                f"energy_GeV = {energy.max():g}: allowed: to {highest:g}, as protons were followed"
            )
        return energy

    @cached_property
    def skies(self) -> dict[str, ComponentMaps]:
        """The maps that the scenario asks for, by secondary."""
        return {secondary: self.sky(secondary) for secondary in SECONDARIES}

    def escape_time(self, energy_GeV: ArrayLike | None = None) -> Estimate:
        """Mean age at which protons first meet the surface of the halo [Myr], those that do before t_max.

        Parameters
        ----------
        energy_GeV : array_like, optional
            Injected energies; the centres of all groups, 16 a decade, if not given.

        Raises
        ------
        UserError
            If an energy was not followed.
        """
        return observables.escape_time(self.result, energy_GeV)

    def leave_time(self, energy_GeV: ArrayLike | None = None) -> Estimate:
        """Median age at which protons leave for good [Myr]; as `escape_time`, NaN where half never do."""
        return observables.leave_time(self.result, energy_GeV)

    def grammage(self, energy_GeV: ArrayLike | None = None) -> dict[str, Estimate]:
        """Mean grammage of protons [g cm-2] in the gas of "disc", "halo" and "cgm"; as `escape_time`."""
        return observables.grammage(self.result, energy_GeV)

    def density(self, energy_GeV: ArrayLike | None = None, region: str = "disc") -> Estimate:
        """Protons per volume and energy [GeV^-1 cm^-3], by their current energy.

        Parameters
        ----------
        energy_GeV : array_like, optional
            Energies; 16 a decade if not given.
        region : str
            One of `crhalo.mc.observables.REGIONS`.

        Raises
        ------
        UserError
            If there is no such region, or an energy was not followed.
        """
        return observables.density(self.result, self.galaxy.R_d_kpc, energy_GeV, region)

    def trajectories(self, particles: int | Sequence[int] = 8, rows: int = 1000) -> Any:
        """Tracks of particles, followed again bit for bit, as a table with units to plot or to write.

        Parameters
        ----------
        particles : int or sequence of int
            How many, the first ones; or their numbers.
        rows : int
            Lines of each at most, evenly spread over its moves.

        Returns
        -------
        astropy.table.QTable
            `particle`, and the columns of `mc.blocks.TRACK_COLUMNS`: where moves ended, with first-passage
            splits as histories of their own.

        Raises
        ------
        UserError
            If there is no such particle, or the run was merged of several, or made by another version or on
            another machine.
        """
        as_followed = load_text(self.result.provenance["scenario"])
        check_same_experiment(self.result, as_followed, "this run")
        numbers = numbers_of(particles, self.result.particles)
        if not (isinstance(rows, int) and 2 <= rows <= _MOST_ROWS):
            raise UserError(f"rows = {on_a_line(rows)}: allowed: 2 to {_MOST_ROWS}")
        transport = biased_transport_of(self.scenario, Setup(self.galaxy, self.medium))
        found = []
        for number in numbers:
            track = replay(self.medium, self.result.grid, transport, int(number))
            if track.moves > len(track.lines):
                raise UserError(f"particle {number}: {track.moves} moves; allowed: {len(track.lines)}")
            kept = track.lines[np.unique(np.linspace(0, track.moves - 1, rows).astype(int))]
            found.append(np.column_stack([np.full(len(kept), number), kept]))
        return as_table(np.concatenate(found), {"title": self.scenario.title, "seed": transport.seed})

    def reweight(self, **changes: float) -> Run:
        """The same particles under another injection spectrum, see `Result.reweight`.

        `spectrum`, and the source of the scenario, become those of it; the medium stays.
        """
        result = self.result.reweight(**changes)
        scenario = with_spectrum(self.scenario, result.spectrum)
        other = replace(self, scenario=scenario, result=result, products={})
        other.__dict__["sky_model"] = self.sky_model.of(other.result)
        return other


def check_same_experiment(result: Result, scenario: Scenario, what: str) -> None:
    """Refuse to follow particles of a result again in a scenario if they would not go the same way.

    Raises
    ------
    ScenarioError
        If it was merged of several runs, or made by another version, on another machine, of another scenario.
    """
    there, here = result.provenance, provenance_of(scenario)
    if isinstance(there.get("seed"), list):
        raise ScenarioError(f"{what}: merged of several runs; allowed: one of these")
    for key in ("version", "machine", "scenario"):
        if there.get(key) != here[key]:
            raise ScenarioError(f"{what}: the run had another {key}: {difference(there.get(key), here[key])}")


@dataclass(frozen=True)
class RunOptions:
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
    transport_equation : bool
        Whether to compare it with the transport equation.
    figure_format : {"png", "pdf"}
        Of the figures.
    data : mapping of str to sequence of Points
        Measurements to draw on the figures, by quantity; see `scenarios.products.overlays`.
    tells_notes : bool
        Whether what should be known of it is said on standard error.
    """

    folder: Path | None = None
    name: str = "checkpoint"
    resume: bool = False
    precision: float | None = None
    executor: Executor | None = None
    transport_equation: bool = False
    figure_format: str = "png"
    data: Mapping[str, Sequence[Points]] = field(default_factory=dict)
    tells_notes: bool = True


PLAIN = RunOptions()
"""A run that keeps nothing on disk and is followed to its end here."""


def make_run(
    scenario: Scenario, threads: int | None = None, progress: Progress = quiet, options: RunOptions = PLAIN
) -> Run:
    """Follow the particles of a scenario, in its own medium.

    Raises
    ------
    UserError
        If its values leave no halo to follow them in, or its orbits cannot be right or take too long.
    NotConverged
        If its waves, or its current, do not settle.
    """
    if scenario.turbulence is not None:
        raise ScenarioError(
            "a scenario with a [turbulence] has no galaxy; allowed: Scenario.diffusion_tests()"
        )
    if scenario.study is not None:
        raise ScenarioError(f"a [{scenario.study}] is more than one run, or none; allowed: crhalo run")
    threads = threads_of(threads)
    check_importance(scenario)
    return follow(scenario, find_medium(scenario, threads, progress), threads, progress, options)


def follow(
    scenario: Scenario,
    setup: Setup,
    threads: int,
    progress: Progress = quiet,
    options: RunOptions = PLAIN,
    provenance: dict[str, Any] | None = None,
) -> Run:
    """Follow the particles of a scenario in a medium that is there; `provenance` is added to its own."""
    galaxy, medium = setup.galaxy, setup.medium
    transport = biased_transport_of(scenario, setup)
    progress("Particles", 0, transport.particles)
    spectrum = spectrum_of(scenario)
    provenance = provenance_of(scenario) | (provenance or {}) | {"precision": options.precision}
    provenance["spectrum"] = spectrum.as_dict()
    # A GPU is part of the machine: it rounds otherwise.
    provenance["machine"] = provenance["machine"] | getattr(options.executor, "machine", {})
    precise = None
    if options.precision is not None:
        check_precision(scenario, galaxy)
        precise = Precision(scenario, galaxy, medium, options.precision)
    checkpoints = None
    if options.folder is not None:
        header = {key: provenance[key] for key in ("version", "scenario", "machine", "precision")}
        checkpoints = CheckpointWriter(options.folder, header, options.resume, options.name)
    result = run(
        medium,
        grid_of(scenario, galaxy),
        transport,
        spectrum=spectrum,
        threads=threads,
        watch=lambda block, done, moves: progress("Particles", done, transport.particles),
        provenance=provenance | {"tabulation_error": tabulation_error(medium)},
        executor=options.executor,
        checkpoints=checkpoints,
        enough=precise,
    )
    for fault in checkpoints.faults if checkpoints else ():
        say(f"{fault}; went on from the one before")
    done = Run(scenario, galaxy, medium, result, setup.waves, setup.current)
    for note in done.notes if options.tells_notes else ():
        say(note)
    return done
