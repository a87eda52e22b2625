"""Cosmic rays of a run as the cube that HERMES reads (Dundovic et al. 2021, A&A 653, A18; its `Dragon2D`).

The primary header has the axes: Ekmin [GeV], Ekin_fac and dimE of the kinetic energy per nucleon, evenly
spaced in the logarithm; rmin, rmax, zmin, zmax [kpc], dimr and dimz, evenly spaced. Then an image for each
species, Z_ and A in its header, with c/(4 pi) dn/dE [GeV^-1 m^-2 s^-1 sr^-1], energy first, then r, then z.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.interpolate import RegularGridInterpolator

from ...fields.exceptions import UserError
from ...fields.units import C_CM_S, M_P_GEV, FloatArray
from ...mc.files import replacing
from ..light.sky_model import SkyModel

_TO_INTENSITY = C_CM_S / (4.0 * np.pi) * 1e4  # c/(4 pi), of densities per cm^3, per m^2
_TINY = 1e-300


class CosmicRayCube(NamedTuple):
    """Protons on even axes.

    Attributes
    ----------
    kinetic_GeV : ndarray, shape (n_E,)
        Evenly spaced in the logarithm.
    R_kpc, z_kpc : ndarray, shapes (n_R,) and (n_z,)
        Evenly spaced, R from 0, z through the plane.
    density_GeV_cm3 : ndarray, shape (n_z, n_R, n_E)
        dn/dE [GeV^-1 cm^-3].
    """

    kinetic_GeV: FloatArray
    R_kpc: FloatArray
    z_kpc: FloatArray
    density_GeV_cm3: FloatArray


def cube_of(sky: SkyModel, R_max_kpc: float, z_max_kpc: float, spacing_kpc: float = 0.25) -> CosmicRayCube:
    """Protons of a run, linear between the nodes of its medium, powers between its energies.

    Parameters
    ----------
    sky : SkyModel
        Of the run.
    R_max_kpc, z_max_kpc, spacing_kpc : float
        Ends of the axes, and the steps along them.

    Raises
    ------
    UserError
        If the cube reaches beyond the medium, or is of one energy.
    """
    end = sky.medium.table.r_max
    if not (0.0 < spacing_kpc <= min(R_max_kpc, z_max_kpc) and np.hypot(R_max_kpc, z_max_kpc) <= end * 1.5):
        raise UserError(f"a cube of {R_max_kpc:g} and {z_max_kpc:g} kpc: allowed: within {end:g} kpc")
    edges = sky.result.grid.current_edges_GeV
    if edges.size < 3:
        raise UserError("protons of one energy: allowed: two or more for HERMES")
    centres = np.sqrt(edges[1:] * edges[:-1])
    first, last = (float(each) - M_P_GEV for each in centres[[0, -1]])
    kinetic = np.geomspace(first, last, centres.size)
    R = np.linspace(0.0, R_max_kpc, round(R_max_kpc / spacing_kpc) + 1)
    half = np.linspace(0.0, z_max_kpc, round(z_max_kpc / spacing_kpc) + 1)
    nodes = sky.nodes_kpc
    per_GeV = sky.protons_cm3() / np.diff(edges)
    inside = (np.clip(x, n[0], n[-1]) for x, n in zip((R, half), nodes, strict=True))
    at = RegularGridInterpolator(nodes, per_GeV)(tuple(np.meshgrid(*inside, indexing="ij")))
    ln_n = np.log(np.maximum(at, _TINY))
    x = np.log(centres)
    found = np.exp(np.apply_along_axis(lambda y: np.interp(np.log(kinetic + M_P_GEV), x, y), -1, ln_n))
    found[found <= 2.0 * _TINY] = 0.0
    upper = np.moveaxis(found, 0, 1)
    return CosmicRayCube(kinetic, R, np.append(-half[:0:-1], half), np.concatenate([upper[:0:-1], upper]))


def write_hermes(cube: CosmicRayCube, path: Path) -> None:
    """Write protons for HERMES; an existing file is replaced, and only by a complete one."""
    from astropy.io import fits

    E, R, z, n = cube
    primary = fits.PrimaryHDU()
    primary.header.update(
        Ekmin=(float(E[0]), "[GeV] kinetic, per nucleon"),
        Ekin_fac=(float((E[-1] / E[0]) ** (1.0 / (E.size - 1))), "from one energy to the next"),
        dimE=E.size, rmin=(float(R[0]), "[kpc]"), rmax=float(R[-1]), dimr=R.size,
        zmin=(float(z[0]), "[kpc]"), zmax=float(z[-1]), dimz=z.size, CREATOR="crhalo",
    )  # fmt: skip
    image = fits.ImageHDU((n * _TO_INTENSITY).astype(np.float32), name="PROTONS")
    image.header.update(Z_=1, A=1, BUNIT="GeV-1 m-2 s-1 sr-1")
    with replacing(path) as temporary:
        fits.HDUList([primary, image]).writeto(temporary)
