"""What Python users call: run a scenario or a galaxy of their own, read a run again, and what a run can do.

`Scenario` and `Run` are records of lower rooms, which must not import what stands above them; the methods
that need everything are functions here, and are bound to the records at the end.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from ..fields.cores import threads_of
from ..fields.exceptions import UserError
from ..fields.galaxy import Galaxy
from ..fields.limits import numbers_in
from ..fields.tabulation import check_tabulation
from ..mc.blocks import Transport
from ..mc.checkpoint import digest
from ..mc.diffusion.compare import Comparison
from ..mc.orbits.diffusion_test import DiffusionTest
from ..mc.result import Result
from ..mc.spectrum import Spectrum
from .build import Setup, check_orbits, find_medium, functions_of, scenario_of, spectrum_of, with_spectrum
from .file.quantities import ScenarioError, shown
from .file.scenario import Scenario, load, load_text, names
from .fitting.files import write_fit
from .fitting.fit import Fit, fit
from .folder.check import check_finished, check_output
from .folder.lock import only_one_run_in
from .products.importance.files import figure_of, write_importance
from .products.importance.importance import Importance, importance
from .products.registry import Figures, Summary, write_run
from .products.tables import quantities_of, run_html, scenario_html, summary_table, table
from .products.transport_equation import compare_run
from .progress import shown_if
from .run import Run, follow, make_run
from .scanning.figure import figure
from .scanning.files import write_scan
from .scanning.kept import Point
from .scanning.netcdf import to_xarray
from .scanning.scan import Scan, scan
from .studies.orbits import diffusion_tests

__all__ = [
    "Fit", "Galaxy", "Run", "Scan", "Scenario", "Spectrum", "Transport", "fit", "load", "names", "scan",
    "simulate",
]  # fmt: skip

# Parameters that a galaxy and a spectrum both have: the luminosity drives the instability, too.
_SHARED = ("L_CR_erg_s", "slope", "E_min_GeV", "E_max_GeV")


def simulate(
    galaxy: Galaxy,
    spectrum: Spectrum = Spectrum(),  # noqa: B008 - frozen
    transport: Transport = Transport(),  # noqa: B008 - frozen
    *,
    energy_range_GeV: tuple[float, float] = (1.0, 1e7),
    nside: int = 64,
    threads: int | None = None,
    progress: bool = False,
) -> Run:
    """Follow protons through a galaxy that was made in Python.

    Parameters
    ----------
    galaxy : Galaxy
        Its parameters, and functions of your own for its field, its diffusion coefficient and its gas. Its
        luminosity, slope, E_min and E_max are those of `spectrum`: they need not be given twice.
    spectrum : Spectrum
        Protons injected in the disc.
    transport : Transport
        How many particles, their seed, and how they are followed; its source disc is that of the galaxy.
    energy_range_GeV : (float, float)
        Total energies at which particles are injected.
    nside : int
        HEALPix resolution of the maps that `Run.write` writes.
    threads : int, optional
        The result does not depend on it.
    progress : bool
        Whether to tell on standard error how far it has come.

    Raises
    ------
    UserError
        In one line, if a value is not allowed, or a function returns what a medium cannot be made of.

    Examples
    --------
    >>> mine = Galaxy(diffusion=lambda p_GeV, R_kpc, z_kpc: 3.0 * p_GeV**0.4, halo="constant", bell=False)
    >>> run = simulate(mine, Spectrum(slope=2.3), Transport(particles=2000))  # doctest: +SKIP
    >>> run.sky("gamma", [10.0]).total  # doctest: +SKIP
    """
    if transport.turbulence is not None:
        raise UserError("Transport.turbulence: allowed: None in a galaxy, whose own waves orbits go through")
    if transport.method == "orbit" and galaxy.lines is None:
        raise UserError('Transport.method = "orbit": allowed: where Galaxy.field is not "isotropic"')
    galaxy = _with_spectrum(galaxy, spectrum)
    R_d = galaxy.R_d_kpc
    _agree("Transport.R_d_kpc", transport.R_d_kpc, _defaults(Transport)["R_d_kpc"], "Galaxy.R_d_kpc", R_d)
    low, high = _range_GeV(energy_range_GeV)
    scenario = scenario_of(galaxy, spectrum, transport, (low, high), nside)
    sources = {"functions": {name: _source_of(getattr(galaxy, name)) for name in functions_of(galaxy)}}
    setup = Setup(galaxy, galaxy.medium())
    if own := [name for name in ("field", "field_uG", "diffusion") if callable(getattr(galaxy, name))]:
        check_tabulation(setup.medium, own[-1])
    check_orbits(scenario, setup)
    with shown_if(progress) as told:
        return follow(scenario, setup, threads_of(threads), told, provenance=sources)


def _range_GeV(energies: Any) -> tuple[float, float]:
    """Two energies, of bare numbers or with units."""
    found = numbers_in(energies, "GeV", "energy_range_GeV")
    if found.shape != (2,):
        raise UserError(f"energy_range_GeV = {shown(energies)}: allowed: two energies, rising")
    return float(found[0]), float(found[1])


def _with_spectrum(galaxy: Galaxy, spectrum: Spectrum) -> Galaxy:
    """The galaxy with the source of a spectrum, which it must not contradict."""
    for name in _SHARED:
        given, wanted = getattr(galaxy, name), getattr(spectrum, name)
        _agree(f"Galaxy.{name}", given, _defaults(Galaxy)[name], f"Spectrum.{name}", wanted)
    return replace(galaxy, **{name: getattr(spectrum, name) for name in _SHARED})


def _agree(key: str, given: float, default: float, other: str, wanted: float) -> None:
    """Refuse a value that is given in two places, and differs."""
    if given not in (default, wanted):
        raise UserError(f"{key} = {given:g}: allowed: left out, or {wanted:g} as {other}")


def _defaults(record: Any) -> dict[str, Any]:
    return {each.name: each.default for each in fields(record)}


def _source_of(function: Callable[..., Any]) -> str:
    """Source of a function, for the provenance of a run; its name where the source is not known."""
    try:
        return inspect.getsource(function).strip()
    except (OSError, TypeError):
        return repr(function)


def _run(
    scenario: Scenario,
    particles: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    progress: bool = False,
) -> Run:
    """Follow the particles of a scenario; arguments replace values of the file.

    With `progress` it tells on standard error how far it has come.

    Examples
    --------
    >>> run = load("circumgalactic").run(particles=20000, seed=1)  # doctest: +SKIP
    >>> sky = run.sky("neutrino", energy_GeV=[1e4, 1e5])  # doctest: +SKIP

    Raises
    ------
    UserError
        If its values leave no halo to follow them in, or its orbits cannot be right or take too long.
    NotConverged
        If its waves, or its current, do not settle.
    """
    with shown_if(progress) as told:
        return make_run(_with(scenario, particles, seed), threads, told)


def _diffusion_tests(
    scenario: Scenario, particles: int | None = None, seed: int | None = None, threads: int | None = None
) -> list[DiffusionTest]:
    """One `DiffusionTest` for each energy of a [turbulence]; what is asked of it is followed then.

    Arguments replace values of the file; particles are those of each energy.

    Examples
    --------
    >>> rows = [test.row() for test in load("diffusion-check").diffusion_tests()]  # doctest: +SKIP

    Raises
    ------
    ScenarioError
        Without a [turbulence], or if an energy cannot be right or takes too long.
    """
    if scenario.turbulence is None:
        raise ScenarioError("turbulence: missing; allowed: a scenario with a [turbulence]")
    return diffusion_tests(_with(scenario, particles, seed), threads_of(threads))


def _with(scenario: Scenario, particles: int | None, seed: int | None) -> Scenario:
    given = {"particles": particles, "seed": seed}
    return scenario.with_overrides(
        f"transport.{key}={value}" for key, value in given.items() if value is not None
    )


def _open(
    folder: str | Path, galaxy: Galaxy | None = None, threads: int | None = None, progress: bool = False
) -> Run:
    """Read a finished run again, in the medium it was made in.

    Parameters
    ----------
    folder : str or Path
        What `crhalo run`, `Run.write` or `crhalo merge` wrote.
    galaxy : Galaxy, optional
        The galaxy of a run by `simulate`: a file does not hold its functions.
    threads : int, optional
        For waves or a current, which are found anew.
    progress : bool
        Whether to tell on standard error how far they have come.

    Raises
    ------
    UserError
        If the folder holds no run of one galaxy, or it was made in another medium.
    """
    folder = Path(folder).expanduser()
    check_finished(folder, "result.h5")
    result = Result.read(folder / "result.h5")
    scenario = load_text(result.provenance["scenario"])
    if galaxy is None:
        with shown_if(progress) as told:
            setup = find_medium(scenario, threads_of(threads), told)
    else:
        galaxy = _with_spectrum(galaxy, spectrum_of(scenario))
        setup = Setup(galaxy, galaxy.medium())
    if digest(setup.medium.table) != result.provenance["medium_sha256"]:
        raise UserError(f"{shown(folder)}: it was made in another medium; allowed: the galaxy it was made of")
    shown_as = with_spectrum(scenario, result.spectrum)
    return Run(shown_as, setup.galaxy, setup.medium, result, setup.waves, setup.current)


def _write(run: Run, folder: str | Path, progress: bool = False) -> None:
    """Write what `crhalo run` writes into a folder, which is made if need be.

    With `progress` it tells on standard error how far it has come.

    Raises
    ------
    ScenarioError
        If it holds a run, or another one is at work there.
    OSError
        If it cannot be written.
    """
    folder = Path(folder).expanduser()
    check_output(folder, resume=False)
    with only_one_run_in(folder), shown_if(progress) as told:
        write_run(run, folder, told)


def _compare_with_transport_equation(run: Run) -> Comparison:
    """The run beside the transport equation, solved in the same medium at the same age, group by group."""
    if fault := run.scenario.too_small_for_cells():
        raise ScenarioError(f"{fault} with the transport equation")
    return compare_run(run)


def _to_xarray(run: Run) -> Any:
    """All numbers of a run as an `xarray.Dataset`: values, errors, units, by energy; as those of a scan.

    Raises
    ------
    UserError
        If xarray is not installed.
    """
    return to_xarray(Scan(run.scenario, (), (Point(quantities_of(run), run.notes),)))


Scenario.run = _run
Scenario._repr_html_ = scenario_html
Scenario.diffusion_tests = _diffusion_tests
Run.open = staticmethod(_open)
Run.summary = property(Summary)
Run.figures = property(Figures)
Run.write = _write
Run.importance = importance
Importance.figure = figure_of
Importance.write = write_importance
Fit.write = write_fit
Scan.write = write_scan
Scan.to_xarray = to_xarray
Scan.figure = figure
Run.summary_table = summary_table
Run.table = table
Run.to_xarray = _to_xarray
Run._repr_html_ = run_html
Run.compare_with_transport_equation = _compare_with_transport_equation
