"""Steady spectra of particles other than protons, in the cells of the transport equation.

Scattering depends on rigidity, so everything is asked for by rigidity: a medium's D at the momentum of a
proton is v times a mean free path, and another particle of that rigidity has its own v. Bin after bin from
the highest down, as `solve` does it for protons. Losses are adiabatic, and what is given: ionisation and
Coulomb collisions are left out, which matters below some 5 GV.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import diags

from ...fields.units import C_KPC_MYR, FloatArray, speed_kpc_Myr
from .solve import lost_and_gained, slope_from_above, steady


@dataclass(frozen=True)
class Species:
    """A kind of particle.

    Attributes
    ----------
    name : str
        As it is written: "C12", "pbar".
    Z : int
        Charge, without its sign.
    mass_GeV : float
        Of the whole particle.
    """

    name: str
    Z: int
    mass_GeV: float

    def lorentz_factor(self, rigidity_GV: ArrayLike) -> FloatArray:
        """Energy over mass."""
        return np.hypot(1.0, self.Z * np.asarray(rigidity_GV, float) / self.mass_GeV)

    def speed_kpc_Myr(self, rigidity_GV: ArrayLike) -> FloatArray:
        momentum = self.Z * np.asarray(rigidity_GV, float)
        return C_KPC_MYR * momentum / np.hypot(momentum, self.mass_GeV)


class Places(Protocol):
    """Where particles are: the cells of a medium, or one that is well mixed."""

    @property
    def count(self) -> int:
        """How many."""

    @property
    def volume_kpc3(self) -> FloatArray:
        """Of each."""

    @property
    def expansion_Myr(self) -> FloatArray:
        """Divergence of the flow in each, per Myr."""

    def operator(self, p_GeV: float, speed: float = 1.0) -> Any:
        """A, by which places of density n lose A n [kpc^3/Myr] of particles of a rigidity.

        `speed` is theirs over that of protons of the rigidity.
        """


def centres(edges: ArrayLike) -> FloatArray:
    """Geometric means of the ends of bins."""
    ends = np.asarray(edges, float)
    return np.sqrt(ends[1:] * ends[:-1])


def steady_spectrum(
    cells: Places,
    species: Species,
    rigidity_edges_GV: ArrayLike,
    sources_Myr: FloatArray,
    removal_Myr: ArrayLike,
    loss_Myr: ArrayLike = 0.0,
) -> FloatArray:
    """Density of particles that are made for ever, lost to processes, and lose momentum.

    Sources should be close to a power law over a few bins. What falls below the lowest bin is gone.

    Parameters
    ----------
    cells : Places
        Where.
    species : Species
        Whose charge gives the momentum, whose mass the speed.
    rigidity_edges_GV : array_like, shape (bins + 1,)
        Rising.
    sources_Myr : ndarray, shape (bins, cells)
        Particles made in each cell and bin, per Myr.
    removal_Myr : array_like, broadcast to (bins, cells)
        Chance per Myr of being destroyed or of decaying.
    loss_Myr : array_like, broadcast to (bins, cells)
        -dln p/dt at the lower edge of each bin, where it takes particles out; that by the expansion of the
        flow is added.

    Returns
    -------
    ndarray, shape (bins, cells)
        Particles per kpc^3 in each bin.

    Raises
    ------
    ValueError
        If the edges do not rise from above zero, or nothing leaves the medium and nothing ends there.
    """
    edges = np.asarray(rigidity_edges_GV, float)
    if edges.size < 2 or edges[0] <= 0.0 or np.any(np.diff(edges) <= 0):
        raise ValueError("rigidity edges must rise from above zero, at least two of them")
    R, width, volume = centres(edges), np.diff(np.log(edges)), cells.volume_kpc3
    loss = np.broadcast_to(np.asarray(loss_Myr, float) + cells.expansion_Myr / 3.0, sources_Myr.shape)
    removal = np.broadcast_to(removal_Myr, sources_Myr.shape)
    speed = species.speed_kpc_Myr(R) / speed_kpc_Myr(R)
    found, falling = np.zeros(sources_Myr.shape), np.zeros(cells.count)
    for bin in reversed(range(R.size)):
        slope = slope_from_above(*(each[bin + 1 : bin + 4] for each in (found, sources_Myr, width)))
        leaving, gained = lost_and_gained(loss[bin], slope, float(width[bin]))
        ends = (removal[bin] + leaving - gained) * volume
        matrix = (cells.operator(float(R[bin]), float(speed[bin])) + diags(ends)).tocsc()
        found[bin] = steady(matrix, volume, sources_Myr[bin] + falling)[1]
        falling = leaving * volume * found[bin]
    return found
