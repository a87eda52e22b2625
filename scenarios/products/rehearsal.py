"""A tiny run through all products before the particles of a long one: what fails is known at once."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ...maps.figures.page import plain_style
from ...mc.engine import run
from ..adjoint import biased_transport_of
from ..build import Setup, grid_of, spectrum_of
from ..file.scenario import Scenario
from ..folder.provenance import provenance_of
from ..run import Run
from .overlays import Measured, overlaid
from .product import NOTHING, Product
from .registry import made, products_of
from .write import drawn, failure, failures_of

WORTH_IT = 5000
"""A run of fewer particles comes to its products within a minute or so; this takes several seconds."""
_PARTICLES, _T_MAX_MYR = 16, 1.0


def rehearse(
    scenario: Scenario, setup: Setup, asked_for: tuple[str, ...] = (), data: Measured = NOTHING
) -> list[str]:
    """Make every product of a few young particles, on maps of twelve pixels, and build every figure of them.

    Figures are not rendered, which takes longest.

    Returns
    -------
    list of str
        What cannot be made, and why, a line each.
    """
    tiny = replace(biased_transport_of(scenario, setup), particles=_PARTICLES, t_max_Myr=_T_MAX_MYR)
    result = run(
        setup.medium,
        grid_of(scenario, setup.galaxy),
        tiny,
        spectrum=spectrum_of(scenario),
        provenance=provenance_of(scenario),
    )
    halves = {
        name: np.stack([each[::2].sum(axis=0), each[1::2].sum(axis=0)])
        for name, each in result.tallies.items()
    }
    result = replace(result, tallies=halves)  # errors take time, and two batches have them too
    small = scenario.with_overrides(["sky.nside=1"])
    rehearsed = Run(small, setup.galaxy, setup.medium, result, setup.waves, setup.current)
    failed: list[str] = []
    with TemporaryDirectory() as folder, plain_style():
        for product in products_of(rehearsed, asked_for):
            failed += _failures(rehearsed, product, Path(folder), data)
    return failed


def _failures(run: Run, product: Product, folder: Path, data: Measured) -> list[str]:
    """What of a product cannot be made."""
    try:
        found = overlaid(product, made(run, product), data)
    except Exception as error:
        return [failure(product.name, error)]
    written = {name: partial(write, folder / name) for name, write in found.files.items()}
    built = {name: partial(drawn, draw, "") for name, draw in found.figures.items()}
    return failures_of((written | built).items())
