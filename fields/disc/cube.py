"""Gas of the disc from a FITS cube of one's own: hydrogen by Galactocentric x, y and z.

Particles move in a galaxy that is symmetric about its axis and its plane: what counts is the mean over
azimuth and over both sides of the plane.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from warnings import catch_warnings

import numpy as np
from numpy.typing import ArrayLike

from ..exceptions import UserError, on_a_line, said_by
from ..units import FloatArray

_LEAST_HEIGHT_KPC = 0.3
_AZIMUTHS = 256


def cube_density_cm3(path: str | Path, R_d_kpc: float) -> Callable[[ArrayLike, ArrayLike], FloatArray]:
    """Hydrogen nuclei per cm^3 as a function (R_kpc, z_kpc), from the first cube of a FITS file.

    Parameters
    ----------
    path : str or Path
        Its axes are x, y and z (CTYPE1 to 3 are X, Y, Z) with CRPIX, CRVAL, CDELT and CUNIT, the centre of
        the Galaxy at zero; BUNIT is a number density.
    R_d_kpc : float
        Radius of the source disc, which the cube must cover, to heights of 0.3 kpc; beyond it there is none.

    Raises
    ------
    UserError
        If it is no such file: what is wrong with it.
    """
    from scipy.interpolate import RegularGridInterpolator
    from scipy.ndimage import map_coordinates

    density, axes = _read(Path(path))
    covered = [min(-each[0], each[-1]) + 0.5 * (each[1] - each[0]) for each in axes]
    R_end, z_end = min(covered[:2]), covered[2]
    if R_end < R_d_kpc or z_end < _LEAST_HEIGHT_KPC:
        raise _refused(
            path,
            f"covers R < {max(R_end, 0.0):.3g} kpc, |z| < {max(z_end, 0.0):.3g} kpc; allowed: at least "
            f"source.R_d = {R_d_kpc:g} kpc and {_LEAST_HEIGHT_KPC:g} kpc",
        )
    x, y, z = axes
    steps = [each[1] - each[0] for each in axes]
    rings = np.arange(0.0, R_end, 0.5 * min(steps[:2]))
    angle = 2.0 * np.pi * (np.arange(_AZIMUTHS) + 0.5) / _AZIMUTHS
    around = rings[:, None]
    at = np.array([(around * np.sin(angle) - y[0]) / steps[1], (around * np.cos(angle) - x[0]) / steps[0]])
    mean = np.array([map_coordinates(layer, at, order=1, mode="nearest").mean(axis=1) for layer in density])
    within = RegularGridInterpolator((z, rings), mean)

    def density_cm3(R_kpc: ArrayLike, z_kpc: ArrayLike) -> FloatArray:
        R, height = np.broadcast_arrays(np.asarray(R_kpc, float), np.abs(np.asarray(z_kpc, float)))
        # Half a cell beyond the centre of the last one it is as there.
        inner = np.minimum(R, rings[-1])
        sides = [within((np.clip(side * height, z[0], z[-1]), inner)) for side in (1.0, -1.0)]
        return np.where((R <= R_end) & (height <= z_end), 0.5 * (sides[0] + sides[1]), 0.0)

    return density_cm3


def _read(path: Path) -> tuple[FloatArray, list[FloatArray]]:
    """Densities (z, y, x) [cm^-3], and the rising centres of the cells along x, y and z [kpc]."""
    from astropy import units as u
    from astropy.io import fits

    if not path.is_file():
        raise _refused(path, "no such file; allowed: a FITS file")
    try:
        # What astropy warns of either does no harm, or is refused: a file that ends too early has no data.
        with catch_warnings(action="ignore"), fits.open(path) as file:
            cubes = [each for each in file if each.is_image and each.data is not None and each.data.ndim == 3]
            found = [(each.header, np.asarray(each.data, float)) for each in cubes]
    except (OSError, ValueError, TypeError) as fault:
        raise _refused(path, f"{said_by(fault)}; allowed: a FITS file") from None
    if not found:
        raise _refused(path, "holds no cube; allowed: an image of three axes")
    header, data = found[0]
    named = [str(header.get(f"CTYPE{i}", "")).strip().upper() for i in (1, 2, 3)]
    if named != ["X", "Y", "Z"]:
        raise _refused(path, f"CTYPE1 to CTYPE3 = {', '.join(named)}; allowed: X, Y, Z")
    data = data * _factor(path, header, "BUNIT", u.cm**-3)
    if not (np.all(np.isfinite(data)) and np.all(data >= 0.0) and np.any(data > 0.0)):
        raise _refused(path, "has densities below zero, or no numbers, or no gas; allowed: zero or above")
    axes = []
    for i, cells in zip((1, 2, 3), data.shape[::-1], strict=True):
        step = header.get(f"CDELT{i}", 0.0) * _factor(path, header, f"CUNIT{i}", u.kpc)
        first = header.get(f"CRVAL{i}", 0.0) * _factor(path, header, f"CUNIT{i}", u.kpc)
        if not (abs(step) > 0.0 and cells > 1):
            raise _refused(path, f"CDELT{i} = {header.get(f'CDELT{i}')}, {cells} cells; allowed: two or more")
        places = first + step * (np.arange(cells) + 1.0 - header.get(f"CRPIX{i}", 1.0))
        if step < 0.0:
            places, data = places[::-1], np.flip(data, axis=3 - i)
        axes.append(places)
    return data, axes


def _factor(path: Path, header: Any, key: str, unit: Any) -> float:
    """What numbers in the unit of a header's key are to be multiplied by."""
    from astropy import units as u

    try:
        return float(u.Unit(str(header[key])).to(unit))
    except (KeyError, ValueError, u.UnitsError):
        given = on_a_line(str(header.get(key, "missing")))
        raise _refused(path, f"{key} = {given}; allowed: a unit that converts to {unit}") from None


def _refused(path: str | Path, what: str) -> UserError:
    return UserError(f"medium.gas = {str(path)!r}: {what}")
