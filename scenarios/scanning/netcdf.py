"""A scan as variables with named dimensions: a netCDF-4 file by h5py alone, or a dataset of xarray."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...fields.exceptions import UserError
from ...mc.files import replacing_hdf5
from ..folder.provenance import provenance_of
from ..folder.write import finite
from ..products.numbers import Known, in_words
from .grid import Axis
from .scan import Scan

FORMAT = "crhalo-scan-1"
CONVENTIONS = {
    "error": "NAME_error is one standard deviation of NAME, from batches of particles; a quantity that has "
    "none is of the medium, or of the transport equation, and has no statistical error",
    "seed": "the same at all points: errors of neighbours are not independent",
    "missing": "NaN where a quantity is not known or there is none, or the run failed (see notes)",
    "sky": "means of the intensity over the whole sky; neutrinos per flavour, nu + nubar",
}


class Variable(NamedTuple):
    """An array with a name for each of its dimensions, and what is said of it."""

    dims: tuple[str, ...]
    values: np.ndarray
    attrs: dict[str, str]


def dimensions_of(axes: tuple[Axis, ...]) -> tuple[str, ...]:
    """The names of the axes of a grid: keys alone where these tell them apart."""
    keys = [axis.key for axis in axes]
    return tuple(axis.name if keys.count(axis.key) > 1 else axis.key for axis in axes)


def coordinates_of(scan: Scan) -> tuple[dict[str, Variable], dict[str, tuple[str, ...]]]:
    """All coordinates, and by name the dimensions of each quantity.

    Energies that several quantities share are one coordinate: "energy_GeV" for the first of all, others have
    the table of the summary in their name, as "energy_GeV_of_neutrino".
    """
    grid = dimensions_of(scan.axes)
    coordinates = {
        name: Variable((name,), axis.array, {"units": axis.unit or "1", "long_name": axis.name})
        for name, axis in zip(grid, scan.axes, strict=True)
    }
    dims, known_as = {}, dict[tuple[str, bytes], str]()
    for name, known in scan.quantities.items():
        dims[name] = grid
        if known.at is None:
            continue
        same = known.along, known.at.tobytes()
        if same not in known_as:
            known_as[same] = _free_name(known, coordinates)
            unit = known.along.rpartition("_")[2]
            coordinates[known_as[same]] = Variable((known_as[same],), known.at, {"units": unit})
        dims[name] = (*grid, known_as[same])
    return coordinates, dims


def variables_of(scan: Scan, dims: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, Variable]]:
    """All quantities with their errors, and the notes of each point."""
    for name, known in scan.quantities.items():
        about = {"units": known.unit, "long_name": in_words(name, known.unit)}
        if known.error is None:
            yield name, Variable(dims[name], known.value, about)
            continue
        yield name, Variable(dims[name], known.value, about | {"ancillary_variables": f"{name}_error"})
        of_error = {"units": known.unit, "long_name": f"error of {in_words(name, known.unit)}"}
        yield f"{name}_error", Variable(dims[name], known.error, of_error)
    notes = np.empty(len(scan.points), object)
    notes[:] = ["; ".join([*([f"failed: {p.fault}"] if p.fault else []), *p.notes]) for p in scan.points]
    about = {"long_name": "what should be known of the run"}
    yield "notes", Variable(dimensions_of(scan.axes), notes.reshape(scan.shape), about)


def _free_name(known: Known, taken: Mapping[str, Any]) -> str:
    """A name for the energies of a quantity: that of its table is in it, where the plain one is taken."""
    name = known.along if known.along not in taken else f"{known.along}_of_{known.table}"
    return name if name not in taken else f"{name}_{len(taken)}"


def attributes_of(scan: Scan) -> dict[str, str | int]:
    """What the file says of where it comes from."""
    provenance = provenance_of(scan.scenario)
    provenance["conventions"] = provenance["conventions"] | CONVENTIONS
    return {
        "title": f"Scan of: {scan.scenario.title}" if scan.axes else scan.scenario.title,
        "format": FORMAT,
        "source": f"crhalo {provenance['version']}",
        "seed": scan.scenario.transport.seed,
        "scenario": scan.scenario.to_toml(),
        "provenance": json.dumps(finite(provenance), sort_keys=True),
    }


def to_xarray(scan: Scan) -> Any:
    """The scan as an `xarray.Dataset`: a dimension for each key, and energies; units as attributes.

    Raises
    ------
    UserError
        If xarray is not installed.
    """
    try:
        import xarray
    except ImportError:
        raise UserError(
            "to_xarray: xarray is not installed; allowed: after pip install 'crhalo[scan]'"
        ) from None
    coordinates, dims = coordinates_of(scan)
    return xarray.Dataset(
        {name: tuple(variable) for name, variable in variables_of(scan, dims)},
        {name: tuple(variable) for name, variable in coordinates.items()},
        attributes_of(scan),
    )


def write_netcdf(scan: Scan, path: Path) -> None:
    """Write the scan as a netCDF-4 file, which is HDF5 with dimension scales; all of it, or nothing.

    Raises
    ------
    OSError
        If the disk does not take it.
    """
    coordinates, dims = coordinates_of(scan)
    with replacing_hdf5(path) as file:
        file.attrs.update(attributes_of(scan))
        for name, variable in coordinates.items():
            _dataset(file, name, variable).make_scale(name)
        for name, variable in variables_of(scan, dims):
            dataset = _dataset(file, name, variable)
            for axis, dimension in enumerate(variable.dims):
                dataset.dims[axis].attach_scale(file[dimension])


def _dataset(file: Any, name: str, variable: Variable) -> Any:
    """Values, numbers with a checksum, and what is said of them."""
    import h5py

    words = variable.values.dtype == object
    values = variable.values.astype(h5py.string_dtype()) if words else variable.values
    found = file.create_dataset(name, data=values, fletcher32=not words)
    found.attrs.update(variable.attrs)
    return found
