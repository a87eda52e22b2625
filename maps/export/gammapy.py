"""A sky as a model of gammapy, and as the FITS template that gammapy and the Fermi tools read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ...fields.exceptions import UserError
from ...fields.units import FloatArray
from ...mc.files import replacing

UNIT = "cm-2 s-1 sr-1 GeV-1"
_TINY = 1e-60
# Pixels of the template over those of the map: what lies between is interpolated linearly, as in healpy.
_FINER = 2.0


def _template(energy_GeV: FloatArray, intensity: FloatArray) -> Any:
    """A map of the whole sky in plate carree, in Galactic coordinates, of intensities on HEALPix pixels."""
    import healpy

    try:
        from gammapy.maps import MapAxis, WcsGeom, WcsNDMap
    except ImportError:
        raise UserError("to_gammapy: allowed: with gammapy installed: pip install gammapy") from None
    if energy_GeV.size < 2:
        raise UserError(f"to_gammapy of {energy_GeV.size} energy: allowed: two or more")
    nside = healpy.npix2nside(intensity.shape[-1])
    axis = MapAxis.from_nodes(energy_GeV, interp="log", name="energy_true", unit="GeV")
    width = np.degrees(healpy.nside2resol(nside)) / _FINER
    across = 2 * round(180.0 / width)
    geometry = WcsGeom.create(
        npix=(across, across // 2), binsz=360.0 / across, proj="CAR", frame="galactic", axes=[axis]
    )
    place = geometry.to_image().get_coord()
    l, b = place["lon"].to_value("deg"), place["lat"].to_value("deg")
    values = np.array([healpy.get_interp_val(each, l, b, lonlat=True) for each in intensity])
    return WcsNDMap(geometry, np.maximum(values, _TINY), unit=UNIT)


def gammapy_model(energy_GeV: FloatArray, intensity: FloatArray, name: str) -> Any:
    """A `gammapy.modeling.models.SkyModel` of a sky, whose norm and tilt may be fitted.

    Parameters
    ----------
    energy_GeV : ndarray, shape (n,)
        Two or more.
    intensity : ndarray, shape (n, 12 nside^2)
        In GeV^-1 cm^-2 s^-1 sr^-1, RING order, Galactic coordinates.
    name : str
        Of the model.

    Raises
    ------
    UserError
        If gammapy is not installed, or there is one energy only.
    """
    template = _template(energy_GeV, intensity)
    from gammapy.modeling.models import PowerLawNormSpectralModel, SkyModel, TemplateSpatialModel

    return SkyModel(
        spatial_model=TemplateSpatialModel(template, normalize=False),
        spectral_model=PowerLawNormSpectralModel(),
        name=name,
    )


def write_template(energy_GeV: FloatArray, intensity: FloatArray, path: Path) -> None:
    """Write the template of a sky as FITS; the arguments and errors of `gammapy_model`."""
    template = _template(energy_GeV, intensity)
    with replacing(path) as temporary:
        template.to_hdulist().writeto(temporary, overwrite=True)
