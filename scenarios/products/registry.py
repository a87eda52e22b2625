"""All products of a run, in the order of summary.json; a new one is a line here and a file beside this."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ...maps.figures.drawing.second_process import SecondProcess
from ...mc.files import write_text
from ...mc.uncertainty import Estimate
from ..file.scenario import Scenario, load
from ..file.scenario import names as scenario_names
from ..folder.write import write_json
from ..progress import Progress, quiet
from ..run import Run
from . import (
    balance,
    field_lines,
    halo,
    nuclei,
    outside,
    protons,
    regions,
    skies,
    summary,
    transport_equation,
    waves,
)
from .overlays import Measured, measured, overlaid, quantities
from .product import NOTHING, Made, Product
from .write import check_all_written, drawn, failure, write_files, write_left

PRODUCTS: tuple[Product, ...] = (
    summary.PRODUCT,
    balance.PRODUCT,
    # Has no numbers, but figures to draw while skies are made.
    protons.PRODUCT,
    skies.PRODUCT,
    regions.PRODUCT,
    field_lines.PRODUCT,
    outside.PRODUCT,
    halo.PRODUCT,
    nuclei.PRODUCT,
    waves.PRODUCT,
    transport_equation.PRODUCT,
)


def products_of(run: Run, asked_for: tuple[str, ...] = ()) -> list[Product]:
    """The products that a run has, and those that are asked for by name."""
    return [product for product in PRODUCTS if product.name in asked_for or product.applies(run)]


def measured_for(scenario: Scenario, names: Sequence[str | Path]) -> Measured:
    """Tables of measurements for the figures of a run of a scenario, before it is made.

    Raises
    ------
    UserError
        If there is no such table, no figure of the scenario shows its quantity, or its units cannot be
        converted.
    """
    if scenario.study is not None or scenario.turbulence is not None:
        return measured(names, (), "figures of a study are drawn as they are", scenarios_that_show)
    return measured(names, _shown_by(scenario), "what figures of this scenario show", scenarios_that_show)


def _shown_by(scenario: Scenario) -> list[str]:
    """The quantities that figures of a run of a scenario show, before it is made."""
    if scenario.study is not None or scenario.turbulence is not None:
        return []
    unmade: Any = None
    return quantities(products_of(Run(scenario, unmade, unmade, unmade)))


def scenarios_that_show(quantity: str) -> list[str]:
    """The scenarios that come along and have a figure that shows a quantity."""
    return [name for name in scenario_names() if quantity in _shown_by(load(name))]


def made(run: Run, product: Product) -> Made:
    """A product of a run, made once."""
    if product.name not in run.products:
        run.products[product.name] = product.make(run)
    return run.products[product.name]


def write_run(
    run: Run,
    folder: Path,
    progress: Progress = quiet,
    asked_for: tuple[str, ...] = (),
    figure_format: str = "png",
    data: Measured = NOTHING,
) -> None:
    """Write a run and its products into an existing folder, the summary last: it marks them as complete.

    Measurements in `data` are drawn on those figures that show them.

    Raises
    ------
    OSError
        If the folder cannot be written.
    RunFailed
        If a file could not be made, after all the others were.
    """
    said = f"# {run.reweighted}\n" if run.reweighted else ""
    write_text(folder / "scenario.toml", said + run.scenario.to_toml())
    # Packing it needs neither Python's lock nor what products find.
    with ThreadPoolExecutor(1) as aside:
        written = aside.submit(run.result.write, folder / "result.h5")
        products = products_of(run, asked_for)
        numbers, failed = _write_products(run, folder, products, progress, figure_format, data)
    written.result()
    write_json(numbers | {"provenance": run.result.provenance}, folder / "summary.json")
    check_all_written(failed, folder, f"; crhalo show {folder} --redraw tries again")


def _write_products(
    run: Run, folder: Path, products: list[Product], progress: Progress, figure_format: str, data: Measured
) -> tuple[dict[str, Any], list[str]]:
    """Write the files of products: their numbers, and a line for each that could not be made."""
    numbers: dict[str, Any] = {}
    failed: list[str] = []
    with SecondProcess() as second:
        for done, product in enumerate(products):
            progress("Maps and figures", done, len(products))
            try:
                found = made(run, product)
            except OSError:
                raise
            except Exception as error:
                failed.append(failure(product.name, error))
                continue
            numbers |= found.numbers
            shown = overlaid(product, found, data)
            failed += write_files(shown, folder, figure_format, run.reweighted, second.save)
        failed += write_left(second)
    progress("Maps and figures", len(products), len(products))
    return numbers, failed


def redraw(
    run: Run,
    folder: Path,
    progress: Progress = quiet,
    figure_format: str = "png",
    data: Measured = NOTHING,
) -> None:
    """Write the files of all products of a run again, with measurements; its result and its summary stay.

    Raises
    ------
    OSError
        If the folder cannot be written.
    RunFailed
        If a file could not be made, after all the others were.
    """
    _, failed = _write_products(run, folder, products_of(run), progress, figure_format, data)
    check_all_written(failed, folder, f"; crhalo show {folder} --redraw tries again")


class Figures:
    """The figures of a run: `run.figures.spectra()` draws one and returns it, as Matplotlib's.

    With ``ax`` it is drawn into axes of your own; a figure of several panels takes their place. With
    ``data``, the name of a table of measurements, a file of your own, or several of these, they are drawn on
    it, too. `dir` lists the names of figures. Products are made when they are asked for, as those of a
    `Summary`.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    def _products(self) -> Iterator[tuple[Product, Made]]:
        run = self._run
        return ((product, made(run, product)) for product in products_of(run, tuple(run.products)))

    def __dir__(self) -> list[str]:
        return sorted(name for _, found in self._products() for name in found.figures)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        for product, found in self._products():
            if name in found.figures:
                return partial(self._draw, product, found, name)
        raise AttributeError(f"figures.{name}: allowed: {', '.join(dir(self))}")

    def _draw(self, product: Product, found: Made, name: str, ax: Any = None, data: Any = ()) -> Any:
        """One figure, with measurements."""
        names = data if isinstance(data, list | tuple) else [data]
        shown = measured(names, product.shows.get(name, ()), f"what the figure {name} shows")
        draw = overlaid(product, found, shown).figures[name]
        return drawn(draw, self._run.reweighted, ax)

    def __repr__(self) -> str:
        return f"<figures of a run: {', '.join(dir(self))}>"


class Summary(Mapping[str, Any]):
    """The numbers of a run by the names that summary.json has; each product is made when it is asked for.

    A value with an error comes as an `Estimate`, which knows its energies where it is a spectrum; a table of
    several as a dict of these.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    def _tables(self) -> Iterator[dict[str, Any]]:
        return (made(self._run, product).numbers for product in products_of(self._run))

    def __getitem__(self, key: str) -> Any:
        for numbers in self._tables():
            if isinstance(key, str) and key in numbers:
                return as_estimates(numbers[key], numbers.get("energy_GeV"))
        raise KeyError(f"{key}: allowed: {', '.join(self)}")

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(key for numbers in self._tables() for key in numbers))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __repr__(self) -> str:
        return f"<numbers of a run: {', '.join(self)}>"


def as_estimates(entry: Any, energy_GeV: Any = None) -> Any:
    """An entry of a summary with values and errors as estimates, and the energies that stand beside them."""
    if isinstance(entry, Mapping) and not {"value", "error"} <= set(entry):
        energies = entry.get("energy_GeV", energy_GeV)
        return {key: as_estimates(each, energies) for key, each in entry.items()}
    if isinstance(entry, Mapping):
        entry = Estimate(*(np.asarray(entry[key], float) for key in ("value", "error")))
    if (
        isinstance(entry, Estimate)
        and energy_GeV is not None
        and np.shape(entry.value) == np.shape(energy_GeV)
    ):
        return replace(entry, energy_GeV=np.asarray(energy_GeV, float))
    return entry
