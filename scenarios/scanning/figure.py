"""What is drawn of a scan: which axis is the abscissa, which lines, at which energies."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ...fields.limits import number_in
from ...fields.units import FloatArray, energy_label
from ...maps.figures.page import plain_style, save
from ...maps.figures.scan import label_of, scan_figure, symbol_of, unit_label
from ...mc.uncertainty import Estimate
from ..file.quantities import ScenarioError, shown
from ..products.numbers import Known, in_words
from .grid import Axis
from .scan import Scan

# Of a panel each; of lines, where there is one axis.
_PANELS, _LINES = (10.0, 1e3, 1e5), tuple(10.0**power for power in range(1, 7))
_LONG = 40  # characters of a label, above which its unit has a line of its own
_SLACK = 1.2  # of an energy, beyond those there are
_SAID = {
    f"{secondary}_{part}E2_flux_GeV_cm2_s_sr": f"{what}{of}, $E^2 I$"
    for secondary, of in (("neutrino", "neutrinos"), ("gamma", "gamma rays"))
    for part, what in (("", ""), ("disc_", "disc "), ("halo_", "halo "), ("cgm_", "circumgalactic "))
} | {
    "galactic_density": r"density in the disc  [$\phi_0/c$]",
    "density_over_free_escape": r"density outside  [$3\phi/c$]",
}


class Asked(NamedTuple):
    """A quantity to draw, and the energy that was asked for, if any."""

    name: str
    energy_GeV: float | None

    @property
    def file(self) -> str:
        """The name of the figure, without ending."""
        at = "" if self.energy_GeV is None else f"_{energy_label(self.energy_GeV).replace(' ', '')}"
        return f"{self.name}{at}"


def asked_for(text: str) -> Asked:
    """What `--plot` says: a quantity, or one at an energy, as "escape_time_Myr@1 TeV"."""
    name, at, energy = text.partition("@")
    return Asked(name.strip(), number_in(energy, "GeV", f"--plot {shown(text)}: energy") if at else None)


def check_axes(axes: tuple[Axis, ...]) -> None:
    """Refuse (`ScenarioError`) to draw what has no page."""
    if len(axes) > 2:
        raise ScenarioError(f"--plot: a grid of {len(axes)} keys; allowed: of one or two")


def figure(scan: Scan, name: str, energy_GeV: Any = None, ax: Any = None) -> Any:
    """A quantity against the first axis of a scan, with error bars: Matplotlib's figure.

    Lines are values of the second axis, at three energies in three panels; energies, where there is one axis.

    Parameters
    ----------
    name : str
        One of `quantities`.
    energy_GeV : float or Quantity, optional
        One energy alone (or rigidity), the nearest there is.
    ax : optional
        Axes to draw into.

    Raises
    ------
    UserError
        If there is no such quantity or energy, or the grid has more than two axes.
    """
    check_axes(scan.axes)
    known, axis = scan[name], scan.axes[0]
    wanted = None if energy_GeV is None else number_in(energy_GeV, "GeV", "energy_GeV")
    places = _places(known, wanted, _PANELS if len(scan.axes) == 2 else _LINES)
    value, error = known.value, np.zeros_like(known.value) if known.error is None else known.error
    labels = [_label(known, float(known.at[i])) for i in places] if known.at is not None else [""]
    if len(scan.axes) == 2:
        cut = [(..., i) for i in places] if known.at is not None else [(...,)]
        panels = {label: Estimate(value[at], error[at]) for label, at in zip(labels, cut, strict=True)}
        second = scan.axes[1]
        of = f"{symbol_of(second.key)} = "
        lines = [f"{of}{each:g}{second.unit and ' '}{second.unit}" for each in second.values]
    else:
        panels, lines = _one_axis(value, error, places, labels)
    said, unit = _SAID.get(name, in_words(name, known.unit)), unit_label(known.unit)
    y_label = f"{said}\n{unit.strip()}" if len(said + unit) > _LONG else f"{said}{unit}"
    return scan_figure((label_of(axis.key, axis.unit), axis.array), panels, y_label, lines, ax)


def _one_axis(
    value: FloatArray, error: FloatArray, places: list[int], labels: list[str]
) -> tuple[dict[str, Estimate], list[str]]:
    """One panel: a line, or one for each energy."""
    if value.ndim == 1:
        return {"": Estimate(value[:, None], error[:, None])}, []
    one = Estimate(value[:, places], error[:, places])
    return ({labels[0]: one}, []) if len(places) == 1 else ({"": one}, labels)


def _label(known: Known, at: float) -> str:
    """An energy, or a rigidity, for people."""
    label = energy_label(at)
    return label.replace("eV", "V") if known.along == "rigidity_GV" else label


def _places(known: Known, wanted: float | None, usual: tuple[float, ...]) -> list[int]:
    """Which of the energies of a quantity are drawn."""
    if known.at is None:
        if wanted is not None:
            raise ScenarioError(f"energy_GeV = {wanted:g}: allowed: none, of a quantity without energies")
        return []
    known_somewhere = np.isfinite(known.value).any(axis=tuple(range(known.value.ndim - 1)))
    there = np.flatnonzero(known_somewhere) if known_somewhere.any() else np.arange(known.at.size)
    at = known.at[there]
    if wanted is not None:
        if not at.min() / _SLACK <= wanted <= at.max() * _SLACK:
            ends = f"{_label(known, at.min())} to {_label(known, at.max())}"
            raise ScenarioError(f"energy_GeV = {wanted:g}: allowed: {ends}")
        usual = (wanted,)
    inside = [E for E in usual if at.min() / _SLACK <= E <= at.max() * _SLACK] or [float(at[len(at) // 2])]
    nearest = [int(there[np.argmin(np.abs(np.log(at / E)))]) for E in inside]
    return list(dict.fromkeys(nearest))


def write_figure(scan: Scan, asked: Asked, path: Any) -> None:
    """Draw what was asked for into a PNG or a PDF."""
    with plain_style():
        save(figure(scan, asked.name, asked.energy_GeV), path)


def writers(scan: Scan, plots: list[Asked], figure_format: str) -> dict[str, Any]:
    """What writes each figure, by its file."""
    return {f"{each.file}.{figure_format}": partial(write_figure, scan, each) for each in plots}
