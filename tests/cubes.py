"""FITS cubes of gas, as one of one's own is written."""

import numpy as np
from astropy.io import fits
from crhalo.fields.disc.gas import mcmillan_density_cm3


def write_cube(path, x, y, z, density=None, unit="cm-3", **keys):
    """A cube of the discs of McMillan, or of density(X, Y, Z), at places in kpc; `keys` change its header."""
    Z, Y, X = np.meshgrid(z, y, x, indexing="ij")
    data = mcmillan_density_cm3(np.hypot(X, Y), Z) if density is None else density(X, Y, Z)
    header = fits.Header({"BUNIT": unit})
    for i, (name, places) in enumerate(zip("XYZ", (x, y, z), strict=True), start=1):
        header.update({f"CTYPE{i}": name, f"CUNIT{i}": "kpc", f"CRPIX{i}": 1.0})
        header.update({f"CRVAL{i}": places[0], f"CDELT{i}": places[1] - places[0]})
    header.update(keys)
    fits.PrimaryHDU(data.astype(np.float32), header).writeto(path)
    return path
