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


def cube_of(
    nodes_kpc: tuple[FloatArray, FloatArray],
    energy_edges_GeV: FloatArray,
    protons_cm3: FloatArray,
    ends_kpc: tuple[float, float],
    spacing_kpc: float = 0.25,
) -> CosmicRayCube:
    """Protons of a run, linear between its nodes, powers between its energies.

    Parameters
    ----------
    nodes_kpc, energy_edges_GeV, protons_cm3 : ndarrays
        Places (R, |z|), bins of total energy, and protons in each bin there, (n_R, n_z, bins); those of
        `SkyModel.nodes_kpc`, of its result's grid and of `SkyModel.protons_cm3`.
    ends_kpc : (float, float)
        Of the axes, R and |z|.
    spacing_kpc : float
        Steps along them.

    Raises
    ------
    UserError
        If the cube reaches beyond the nodes, or is of one energy.
    """
    reach = [float(each[-1]) for each in nodes_kpc]
    inside = all(spacing_kpc <= end <= far for end, far in zip(ends_kpc, reach, strict=True))
    if not (spacing_kpc > 0.0 and inside):
        far = " and ".join(f"{each:g}" for each in reach)
        raise UserError(f"a cube of {ends_kpc[0]:g} and {ends_kpc[1]:g} kpc: allowed: within {far}")
    if energy_edges_GeV.size < 3:
        raise UserError("protons of one energy: allowed: two or more for HERMES")
    centres = np.sqrt(energy_edges_GeV[1:] * energy_edges_GeV[:-1])
    kinetic = np.geomspace(centres[0] - M_P_GEV, centres[-1] - M_P_GEV, centres.size)
    R, half = (np.linspace(0.0, end, round(end / spacing_kpc) + 1) for end in ends_kpc)
    within = (np.clip(x, n[0], n[-1]) for x, n in zip((R, half), nodes_kpc, strict=True))
    per_GeV = RegularGridInterpolator(nodes_kpc, protons_cm3 / np.diff(energy_edges_GeV))
    ln_n = np.log(np.maximum(per_GeV(tuple(np.meshgrid(*within, indexing="ij"))), _TINY))
    x, at = np.log(centres), np.log(kinetic + M_P_GEV)
    found = np.exp(np.apply_along_axis(lambda y: np.interp(at, x, y), -1, ln_n))
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
