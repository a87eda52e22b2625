"""Tables of measurements as points on figures: what a table says it measured, in the units of the figures.

Units are converted by astropy; whether a flux is per rigidity, per energy, of a band or times E^2 is read off
its unit. What cannot be converted is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ...fields.exceptions import UserError, on_a_line
from ...fields.units import M_P_GEV, FloatArray
from .read import AT_EQUAL_RIGIDITY, Points, nucleus_rigidity_GV, per_proton_rigidity, proton_rigidity_GV
from .tables import AXES, VALUES

PROTONS, BORON_OVER_CARBON = "protons", "boron/carbon"
NEUTRINOS, GAMMA_RAYS = "neutrinos per flavour", "gamma rays"
NUCLEI = ("helium", "carbon", "nitrogen", "oxygen", "silicon", "iron")
POSITRONS = "positrons"
UNDRAWN = ("neon", "magnesium", "antiprotons")
PLANE = {"inner": "gamma rays of the inner plane", "outer": "gamma rays of the outer plane"}


class _Form(NamedTuple):
    """One of the forms in which a quantity is published, and how it becomes that of the figures.

    Attributes
    ----------
    axis, axis_unit : str
        Column that it is given against, and the unit that `turned` takes.
    unit : str
        Of what was measured, before it is multiplied by `factor`.
    turned : callable
        Values of the axis, or edges of bins, to those of the figures.
    factor : callable
        Of values on the axis and the edges of their bins, each as in the table.
    kind : str
        What `energy` has to be in the header, where that makes a difference.
    bands : bool
        Whether bins need edges.
    """

    axis: str
    axis_unit: str
    unit: str
    turned: Callable[[FloatArray], FloatArray] = lambda x: x
    factor: Callable[[FloatArray, FloatArray], Any] = lambda x, edges: 1.0
    kind: str = ""
    bands: bool = False


_PER_GV, _PER_GEV = "m-2 s-1 sr-1 GV-1", "m-2 s-1 sr-1 GeV-1"
_LIGHT = (
    _Form("energy", "GeV", "GeV cm-2 s-1 sr-1"),
    _Form("energy", "GeV", "GeV-1 cm-2 s-1 sr-1", factor=lambda E, edges: E**2),
    # Exact for E^-2 within the band.
    _Form(
        "energy", "GeV", "cm-2 s-1 sr-1", bands=True,
        factor=lambda E, edges: edges[0] * edges[1] / (edges[1] - edges[0]),
    ),
)  # fmt: skip
_FORMS: dict[str, tuple[_Form, ...]] = {
    # Per rigidity, against rigidity in GV.
    PROTONS: (
        _Form("rigidity", "GV", _PER_GV),
        *(
            _Form(axis, "GeV", _PER_GEV, proton_rigidity_GV, lambda T, edges: per_proton_rigidity(T), kind)
            for axis, kind in (("energy", "kinetic"), ("energy_per_nucleon", ""))
        ),
        _Form(
            "energy", "GeV", _PER_GEV, lambda E: proton_rigidity_GV(E - M_P_GEV),
            lambda E, edges: per_proton_rigidity(E - M_P_GEV), "total",
        ),
    ),
    # Against rigidity in GV.
    BORON_OVER_CARBON: (
        _Form("rigidity", "GV", "1"),
        _Form("energy_per_nucleon", "GeV", "1", nucleus_rigidity_GV, lambda T, edges: AT_EQUAL_RIGIDITY),
    ),
    # E^2 I in GeV cm^-2 s^-1 sr^-1, against E in GeV.
    **dict.fromkeys((NEUTRINOS, GAMMA_RAYS, *PLANE.values()), _LIGHT),
    # Per rigidity, against rigidity in GV.
    **dict.fromkeys((*NUCLEI, *UNDRAWN), (_Form("rigidity", "GV", _PER_GV),)),
    # Per energy, against energy in GeV: as per rigidity.
    POSITRONS: (_Form("energy", "GeV", _PER_GEV), _Form("rigidity", "GV", _PER_GV)),
}  # fmt: skip
QUANTITIES = tuple(_FORMS)
"""Of what points can be made; figures show all but `UNDRAWN`."""


def points_of(table: Any, name: str) -> list[Points]:
    """A table of measurements in the units of the figures that show its quantity.

    Parameters
    ----------
    table : astropy.table.Table
        As `load` gives it; its `quantity` is one of those named here.
    name : str
        For messages, and for the legend where the header has no `label`.

    Returns
    -------
    list of Points
        One, or one for each word of a column of words, as models. Protons are per rigidity,
        m^-2 s^-1 sr^-1 GV^-1, against rigidity in GV; ratios against rigidity; neutrinos and gamma rays
        E^2 I in GeV cm^-2 s^-1 sr^-1 against energy in GeV.

    Raises
    ------
    UserError
        If the table is in another form or in units that cannot be converted.
    """
    value = next(column for column in VALUES if column in table.colnames)
    form = _form_of(table, name, value)
    x, edges = _axis(table, form)
    measured = _in_unit(table, value, form.unit)
    if "error_low" in table.colnames:
        low, high = (_in_unit(table, column, form.unit) for column in ("error_low", "error_high"))
        low, high = measured - low, measured + high
    else:
        low, high = (_in_unit(table, f"{value}_{end}", form.unit) for end in ("low", "high"))
    if f"{form.axis}_low" in table.colnames and not np.all(edges[0] < edges[1]):
        raise UserError(f"data {on_a_line(name)}: {form.axis}_low: allowed: below {form.axis}_high")
    with np.errstate(invalid="ignore"):
        factor, turned, ends = form.factor(x, edges), form.turned(x), form.turned(edges)
    if not np.all(turned > 0.0):
        raise UserError(f"data {on_a_line(name)}: {form.axis}: allowed: total energies above the mass")
    label = " ".join(str(table.meta.get("label", name)).split())
    whole = Points(label, turned, factor * low, factor * measured, factor * high, ends.T)
    words = [column for column in table.columns.values() if column.dtype.kind in "US"]
    named = np.array([", ".join([label, *map(str, row)]) for row in zip(*words, strict=True)])
    each_once = dict.fromkeys(named.tolist()) if words else ()
    return [Points(each, *(column[named == each] for column in whole[1:])) for each in each_once] or [whole]


def _form_of(table: Any, name: str, value: str) -> _Form:
    """The form that a table is in."""
    from astropy.units import Unit

    quantity, there = table.meta["quantity"], set(table.colnames)
    forms = _FORMS[quantity]
    given = [axis for axis in AXES if axis in there or {f"{axis}_low", f"{axis}_high"} <= there]
    found = [form for form in forms if form.axis in given]
    if not found:
        allowed = ", ".join(dict.fromkeys(form.axis for form in forms))
        raise UserError(f"data {on_a_line(name)}: {quantity} by {given[0]}; allowed: by {allowed}")
    if kinds := [form.kind for form in found if form.kind]:
        kind = table.meta.get("energy")
        if kind not in kinds:
            said = "missing in the header" if kind is None else f"{on_a_line(kind)} in the header"
            raise UserError(f"data {on_a_line(name)}: energy: {said}; allowed: {', '.join(kinds)}")
        found = [form for form in found if form.kind in ("", kind)]
    edges = f"{found[0].axis}_low" in there
    for form in found:
        in_units = ((table[value].unit, form.unit), (_unit_of(table, form.axis), form.axis_unit))
        if all(unit.is_equivalent(Unit(wanted)) for unit, wanted in in_units) and edges >= form.bands:
            return form
    allowed = "; or ".join(
        f"{form.unit or '1'} by {form.axis} in {form.axis_unit}{' from _low to _high' if form.bands else ''}"
        for form in found
    )
    raise UserError(
        f"data {on_a_line(name)}: {value} in {table[value].unit} by {found[0].axis} in "
        f"{_unit_of(table, found[0].axis)}; allowed: {allowed}, and what can be converted to these"
    )


def _unit_of(table: Any, axis: str) -> Any:
    return table[axis if axis in table.colnames else f"{axis}_low"].unit


def _axis(table: Any, form: _Form) -> tuple[FloatArray, FloatArray]:
    """Centres of bins and their edges, (2, rows); both are the centre where there are no edges."""
    centre = _in_unit(table, form.axis, form.axis_unit) if form.axis in table.colnames else None
    if f"{form.axis}_low" not in table.colnames:
        assert centre is not None
        return centre, np.stack([centre, centre])
    edges = np.stack([_in_unit(table, f"{form.axis}_{end}", form.axis_unit) for end in ("low", "high")])
    return np.sqrt(edges[0] * edges[1]) if centre is None else centre, edges


def _in_unit(table: Any, column: str, unit: str) -> FloatArray:
    """A column as numbers in a unit."""
    from astropy.units import Unit

    return np.asarray(np.asarray(table[column], float) * table[column].unit.to(Unit(unit)))
