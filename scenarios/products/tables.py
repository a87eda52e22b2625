"""A run, and a scenario, as tables: those of astropy with units, and those that notebooks show."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...fields.exceptions import did_you_mean
from ...fields.units import FloatArray, energy_label
from ...mc.html import html_table
from ..file.faults import allowed_names
from ..file.quantities import ScenarioError, shown
from ..file.scenario import Scenario
from ..folder.write import finite
from ..run import Run
from . import summary
from .numbers import Known, flat, numbers_of
from .registry import made

# On the page of a run in a notebook.
_SHOWN_GEV = (10.0, 1e3, 1e5)
_ON_THE_PAGE = (
    "escape_time_Myr", "leave_time_Myr_median", "grammage_g_cm2_disc", "grammage_g_cm2_halo",
    "grammage_g_cm2_cgm", "galactic_density",
)  # fmt: skip
_NEAR = 1.3  # of an energy that is on the page, to one that there is


def quantities_of(run: Run) -> dict[str, Known]:
    """All numbers of a run, found once; see `numbers_of`."""
    if "quantities" not in run.__dict__:
        run.__dict__["quantities"] = numbers_of(run)
    found: dict[str, Known] = run.__dict__["quantities"]
    return found


def summary_table(run: Run) -> Any:
    """All numbers of a run, a row for each value: `Table.write("run.ecsv")` keeps it as text.

    Returns
    -------
    astropy.table.Table
        `quantity`, as in a scan; `along` (energy_GeV, rigidity_GV or nothing) and where, `at`; `value`,
        `error` and their `unit`. NaN where there is none.
    """
    from astropy.table import Table

    rows = [
        (name, known.along, at, value, error, known.unit)
        for name, known in quantities_of(run).items()
        for at, value, error in zip(*_columns(known), strict=True)
    ]
    columns = [list(column) for column in zip(*rows, strict=True)]
    names = ("quantity", "along", "at", "value", "error", "unit")
    return Table(columns, names=names, meta=_about(run))


def table(run: Run, *names: str) -> Any:
    """Some quantities of a run side by side, as columns with units.

    Parameters
    ----------
    *names : str
        Of `summary_table`, all at the same energies.

    Returns
    -------
    astropy.table.QTable
        `energy` or `rigidity` where they have such; for each a column, and one of its errors, `NAME_error`.

    Raises
    ------
    UserError
        If there is no such quantity, or they are at different energies.

    Examples
    --------
    >>> run.table("escape_time_Myr", "grammage_g_cm2_disc").write("times.ecsv")  # doctest: +SKIP
    """
    from astropy.table import QTable
    from astropy.units import Unit

    there = quantities_of(run)
    if not names:
        raise ScenarioError("table: missing; allowed: names of summary_table()")
    for name in names:
        if name not in there:
            hint = did_you_mean(name, there, "quantities")
            raise ScenarioError(f"{shown(name)}: no such quantity{allowed_names(hint, list(there))}")
    found, first = QTable(meta=_about(run)), there[names[0]]
    if first.at is not None:
        what, _, unit = first.along.partition("_")
        found[what] = first.at * Unit(unit)
    for name in names:
        known, at = there[name], _columns(there[name])[0]
        if known.along != first.along or not np.array_equal(at, _columns(first)[0], equal_nan=True):
            raise ScenarioError(f"{name}: at other energies than {names[0]}; allowed: a table of its own")
        unit_of_it = Unit("" if known.unit == "1" else known.unit)
        _, value, error = _columns(known)
        found[name] = value * unit_of_it
        if known.error is not None:
            found[f"{name}_error"] = error * unit_of_it
    return found


def _columns(known: Known) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Where, value and error, one-dimensional each."""
    value = np.atleast_1d(known.value)
    at = np.full(value.shape, np.nan) if known.at is None else known.at
    error = np.full(value.shape, np.nan) if known.error is None else np.atleast_1d(known.error)
    return at, value, error


def _about(run: Run) -> dict[str, Any]:
    provenance = run.result.provenance
    about: dict[str, Any] = finite({key: provenance.get(key) for key in ("version", "seed", "scenario")})
    return about


def run_html(run: Run) -> str:
    """The page of a run in a notebook: times, grammages and densities, and what should be known of it."""
    quantities = flat(made(run, summary.PRODUCT).numbers)
    known = {name: quantities[name] for name in _ON_THE_PAGE if name in quantities}
    at = next(iter(known.values())).at
    assert at is not None
    places = [
        (E, int(np.argmin(np.abs(np.log(at / E)))))
        for E in _SHOWN_GEV
        if np.abs(np.log(at / E)).min() < np.log(_NEAR)
    ] or [(float(at[at.size // 2]), at.size // 2)]
    rows = [[f"{name} [{each.unit}]", *(_said(each, i) for _, i in places)] for name, each in known.items()]
    energies = ["", *(energy_label(E) for E, _ in places)]
    notes = "".join(html_table([[note]]) for note in run.notes)
    particles = f"{run.scenario.title}: {run.result.particles} particles"
    return html_table(rows, energies, particles) + notes


def _said(known: Known, i: int) -> str:
    value = float(known.value[i])
    if not np.isfinite(value):
        return "-"
    error = np.nan if known.error is None else float(known.error[i])
    return f"{value:.4g} ± {error:.2g}" if np.isfinite(error) else f"{value:.4g}"


def scenario_html(scenario: Scenario) -> str:
    """A scenario in a notebook: its title, and every key with its value."""
    tables = scenario.model_dump(exclude_none=True)
    title = tables.pop("title")
    rows = [
        [f"{name}.{key}", value if isinstance(value, str) else str(finite(value))]
        for name, table_of_it in tables.items()
        for key, value in table_of_it.items()
    ]
    return html_table(rows, caption=title)
