"""A scan: a scenario run at every point of a grid of its keys, and all numbers as arrays over the grid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from ...fields.cores import threads_of
from ...fields.exceptions import NotConverged, UserError, did_you_mean, said_by
from ...mc.checkpoint import CheckpointError
from ...mc.checkpoint import names as checkpoint_names
from ...mc.dask_cluster import ClusterError
from ...mc.engine import LostError
from ..build import galaxy_of
from ..file.faults import allowed_names
from ..file.quantities import ScenarioError, shown
from ..file.scenario import Scenario
from ..folder.check import POINTS
from ..folder.provenance import provenance_of
from ..products.numbers import Known, numbers_of
from ..progress import Progress, shown_if
from ..run import PLAIN, RunOptions, make_run
from .grid import Axis, axes_of, said_of, scenarios_of, shape_of
from .kept import KeptPoints, Point

# Of a trial run that says which quantities there are.
_FEW_PARTICLES = 16


@dataclass(frozen=True, eq=False, repr=False)
class Scan:
    """What a scan has found.

    Attributes
    ----------
    scenario : Scenario
        That all points share, but for the keys of the axes.
    axes : tuple of Axis
        Keys and their values.
    points : tuple of Point
        What came of each, the last axis fastest.
    """

    scenario: Scenario
    axes: tuple[Axis, ...]
    points: tuple[Point, ...]

    # What needs files and figures is bound in `scenarios.api`.
    write: ClassVar[Callable[..., None]]
    to_xarray: ClassVar[Callable[..., Any]]
    figure: ClassVar[Callable[..., Any]]

    def __repr__(self) -> str:
        grid = " x ".join(f"{len(axis.values)} {axis.name}" for axis in self.axes)
        return f"<Scan: {self.scenario.title}; {grid}; {len(self.quantities)} quantities>"

    @property
    def shape(self) -> tuple[int, ...]:
        """How many values each axis has."""
        return shape_of(self.axes)

    @cached_property
    def quantities(self) -> dict[str, Known]:
        """Values and errors over the grid by name: axes of the grid, then energies where there are such.

        NaN where a run failed, or has no such quantity.
        """
        names = dict.fromkeys(name for point in self.points for name in point.numbers)
        return {name: self._stacked(name) for name in names}

    def _stacked(self, name: str) -> Known:
        parts = [point.numbers.get(name) for point in self.points]
        first = next(part for part in parts if part is not None)
        # What stands at other energies elsewhere is no axis.
        alike = [
            part if part is not None and part.value.shape == first.value.shape else None for part in parts
        ]
        unknown = np.full(first.value.shape, np.nan)
        shape = self.shape + first.value.shape
        value = np.array([unknown if part is None else part.value for part in alike])
        errors = [None if part is None else part.error for part in alike]
        error = None
        if any(each is not None for each in errors):
            error = np.array([unknown if each is None else each for each in errors]).reshape(shape)
        return replace(first, value=value.reshape(shape), error=error)

    def __getitem__(self, name: str) -> Known:
        """A quantity; `UserError` with those there are if there is none of that name."""
        check_names([name], self.quantities)
        return self.quantities[name]

    @property
    def failed(self) -> dict[str, str]:
        """Points that failed, and why."""
        return {
            said_of(self.axes, place): point.fault
            for place, point in zip(np.ndindex(self.shape), self.points, strict=True)
            if point.fault
        }

    @property
    def notes(self) -> dict[str, int]:
        """What should be known of runs, and of how many of them."""
        return dict(Counter(note for point in self.points for note in point.notes))


def check_names(names: Iterable[str], there: Iterable[str]) -> None:
    """Refuse (`ScenarioError`) names of quantities that there are none of."""
    known = list(there)
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known, "quantities")
            raise ScenarioError(f"{shown(name)}: no such quantity{allowed_names(hint, known)}")


def scan(
    scenario: Scenario,
    grid: Mapping[str, Any] | Sequence[str],
    particles: int | None = None,
    seed: int | None = None,
    *,
    threads: int | None = None,
    progress: bool = False,
) -> Scan:
    """Run a scenario at every point of a grid of its keys, with the same random numbers at each.

    Parameters
    ----------
    scenario : Scenario
        What all points share.
    grid : mapping or sequence of str
        Values by key: {"medium.delta_G": "1:200:log8", "medium.z_B": [1, 2, 4] * u.kpc}, or as the command
        takes them, ["medium.delta_G=1:200:log8"].
    particles, seed : int, optional
        Of each run; those of the scenario if not given.
    threads : int, optional
        The result does not depend on it.
    progress : bool
        Whether to tell on standard error how far it has come.

    Returns
    -------
    Scan
        `quantities` are arrays over the grid, `to_xarray()` is all of it.

    Raises
    ------
    UserError
        In one line, if an axis or a value is not allowed, or the scenario is none of one galaxy.

    Examples
    --------
    >>> from crhalo.scenarios import load, scan
    >>> found = scan(load("circumgalactic"), {"medium.delta_G": "1:200:log8"})  # doctest: +SKIP
    >>> found["escape_time_Myr"].value.shape, found.to_xarray()  # doctest: +SKIP
    """
    given = {"particles": particles, "seed": seed}
    settings = [f"transport.{key}={value}" for key, value in given.items() if value is not None]
    scenario = scenario.with_overrides(settings)
    with shown_if(progress) as told:
        return run_scan(scenario, axes_of(scenario, grid), told, threads_of(threads))


def run_scan(
    scenario: Scenario,
    axes: tuple[Axis, ...],
    told: Progress,
    threads: int,
    options: RunOptions = PLAIN,
    quantities: Sequence[str] = (),
) -> Scan:
    """As `scan`; what is found on the way is kept in the folder of the options, if there is one.

    Raises
    ------
    UserError
        Besides, if there is none of the `quantities`; or what is kept is of another scan.
    """
    wanted = points_of(scenario, axes)
    header = header_of(scenario, axes)
    kept = KeptPoints()
    if options.folder is not None:
        kept = KeptPoints.read(options.folder / POINTS, header)
    if quantities:
        check_names(quantities, names_there(wanted[0], kept))
    if options.folder is not None:
        options.folder.mkdir(parents=True, exist_ok=True)
        kept.begin(options.folder / POINTS, header)
    told("Points", len(kept.found), len(wanted))
    for number, one in enumerate(wanted):
        if number not in kept.found:
            kept.add(number, _point(one, threads, replace(options, name=f"checkpoint-{number + 1}")))
            told("Points", len(kept.found), len(wanted))
    return Scan(scenario, axes, tuple(kept.found[number] for number in range(len(wanted))))


def check_can_be_scanned(scenario: Scenario) -> None:
    """Refuse (`ScenarioError`) a scenario that is not one run."""
    if scenario.study is not None or scenario.turbulence is not None:
        table = scenario.study or "turbulence"
        raise ScenarioError(f"scan: a scenario with a [{table}]; allowed: one galaxy")


def points_of(scenario: Scenario, axes: Sequence[Axis]) -> list[Scenario]:
    """The scenario at each point, the last axis fastest.

    Raises
    ------
    ScenarioError
        If it is not one run, values do not go together, or leave no halo; it names the point.
    """
    check_can_be_scanned(scenario)
    found = []
    for place, one in zip(np.ndindex(shape_of(axes)), scenarios_of(scenario, axes), strict=True):
        try:
            galaxy_of(one).check()
        except UserError as fault:
            raise ScenarioError(f"grid, at {said_of(axes, place)}: {fault}") from None
        found.append(one)
    return found


def header_of(scenario: Scenario, axes: Sequence[Axis]) -> dict[str, Any]:
    """What makes two scans the same: of another one nothing can be taken."""
    there = provenance_of(scenario)
    about = {key: there[key] for key in ("version", "scenario", "machine")}
    return about | {"grid": [axis.as_dict() for axis in axes]}


def names_there(first: Scenario, kept: KeptPoints | None = None) -> list[str]:
    """The quantities of a scan: of the points that are there, or of a few particles at the first one."""
    for point in kept.found.values() if kept else ():
        if point.numbers:
            return list(point.numbers)
    few = first.with_overrides([f"transport.particles={_FEW_PARTICLES}"])
    return list(numbers_of(make_run(few, 1, options=replace(PLAIN, tells_notes=False))))


def _point(one: Scenario, threads: int, options: RunOptions) -> Point:
    """The run at a point; what makes it fail is no fault of the others."""
    try:
        run = make_run(one, threads, options=replace(options, tells_notes=False))
        found = Point(numbers_of(run), run.notes)
    except (CheckpointError, ClusterError):
        raise
    except (UserError, NotConverged, LostError) as fault:
        found = Point({}, [], said_by(fault))
    if options.folder is not None:
        for name in checkpoint_names(options.name):
            (options.folder / name).unlink(missing_ok=True)
    return found
