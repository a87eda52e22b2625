"""Protons, other particles and B/C as measured at the Earth, from densities and grammage at the Sun."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from ...fields.exceptions import UserError, did_you_mean, on_a_line
from ...fields.gas_density import MASS_PER_HYDROGEN
from ...fields.limits import number_in, numbers_in
from ...fields.units import (
    C_CM_S,
    C_KPC_MYR,
    KPC_CM,
    KPC_MYR_CM_S,
    M_P_GEV,
    FloatArray,
    momentum_GeV,
    speed_kpc_Myr,
)
from ...mc.diffusion.species import Species, centres
from .nuclei import ELEMENTS, weighted_slab

MODULATION_GV = 0.5
"""Force-field potential of the Sun, a mean over AMS-02's years (Gleeson & Axford 1968 for the method)."""

NAMES = {
    "protons": "H", "helium": "He", "beryllium": "Be", "boron": "B", "carbon": "C", "nitrogen": "N",
    "oxygen": "O", "neon": "Ne", "magnesium": "Mg", "silicon": "Si", "iron": "Fe", "antiprotons": "pbar",
    "positrons": "e+",
}  # fmt: skip
"""Names of cosmic rays in words, and their symbols."""

# Where the fluxes of the parents are taken: B/C of a grammage changes by 2% from 10 GV to 1 TV with it.
_PARENTS_AT_GV = 100.0
_TINY = 1e-300


def proton_flux_m2_s_sr_GV(
    energy_GeV: ArrayLike, density_per_GeV_cm3: ArrayLike, modulation_GV: float = 0.0
) -> tuple[FloatArray, FloatArray]:
    """Flux per rigidity inside the heliosphere, from the density outside it.

    Parameters
    ----------
    energy_GeV : array_like, shape (n,)
        Total energies outside.
    density_per_GeV_cm3 : array_like, shape (..., n)
        dn/dE of protons.
    modulation_GV : float
        Potential of the force field; 0 leaves the flux as it is outside.

    Returns
    -------
    (ndarray, ndarray)
        Rigidity inside [GV], shape (n,), and flux, m^-2 s^-1 sr^-1 GV^-1; energies that do not come through
        are NaN.
    """
    outside = np.asarray(energy_GeV, float)
    inside = outside - modulation_GV
    arrives = inside > M_P_GEV * (1 + 1e-9)
    p_out, p_in = momentum_GeV(outside), momentum_GeV(np.where(arrives, inside, 2.0 * M_P_GEV))
    speed_cm_s = speed_kpc_Myr(p_out) * KPC_MYR_CM_S
    per_energy = np.asarray(density_per_GeV_cm3) * speed_cm_s / (4.0 * np.pi) * 1e4
    # J/p^2 is conserved (Liouville); dE/dR is beta.
    flux = per_energy * (p_in / p_out) ** 2 * p_in / np.where(arrives, inside, 1.0)
    return np.where(arrives, p_in, np.nan), np.where(arrives, flux, np.nan)


def flux_m2_s_sr_GV(
    species: Species, rigidity_edges_GV: ArrayLike, density_kpc3: ArrayLike, modulation_GV: float = 0.0
) -> tuple[FloatArray, FloatArray]:
    """Flux per rigidity inside the heliosphere of any particles, from their density outside it.

    Parameters
    ----------
    species : Species
        Whose charge and mass count.
    rigidity_edges_GV : array_like, shape (bins + 1,)
        Outside.
    density_kpc3 : array_like, shape (bins,)
        Particles per kpc^3 in each bin, as `mc.diffusion.species.steady_spectrum` gives them.
    modulation_GV : float
        Potential of the force field, which takes Z times it from the energy.

    Returns
    -------
    (ndarray, ndarray)
        Rigidity inside [GV] and flux, m^-2 s^-1 sr^-1 GV^-1; NaN where nothing comes through.
    """
    edges = np.asarray(rigidity_edges_GV, float)
    R_out, mass = centres(edges), species.mass_GeV
    beta_out = species.speed_kpc_Myr(R_out) / C_KPC_MYR
    inside = mass * species.lorentz_factor(R_out) - species.Z * modulation_GV
    arrives = inside > mass * (1 + 1e-9)
    energy = np.where(arrives, inside, 2.0 * mass)
    R_in = np.sqrt((energy - mass) * (energy + mass)) / species.Z
    beta_in = species.Z * R_in / energy
    per_GV_cm3 = np.asarray(density_kpc3, float) / np.diff(edges) / KPC_CM**3
    outside = per_GV_cm3 * beta_out * C_CM_S / (4.0 * np.pi) * 1e4
    # J/p^2 is conserved (Liouville) for J per energy; dE/dR is Z beta.
    flux = outside * (R_in / R_out) ** 2 * beta_in / beta_out
    return np.where(arrives, R_in, np.nan), np.where(arrives, flux, np.nan)


class FluxesAtSun(ABC):
    """Fluxes at the Sun, inside the heliosphere, of a model that says the densities outside it."""

    @property
    @abstractmethod
    def symbols(self) -> list[str]:
        """What there is a flux of."""

    @abstractmethod
    def density_at_sun(self, name: str) -> tuple[Species, FloatArray, FloatArray]:
        """Species, edges of its bins of rigidity, and its density at the Sun per bin, per kpc^3."""

    def flux(self, name: str, rigidity_GV: ArrayLike, modulation_GV: float = MODULATION_GV) -> FloatArray:
        """Flux per rigidity at the Sun, m^-2 s^-1 sr^-1 GV^-1; NaN beyond what was solved for.

        Parameters
        ----------
        name : str
            "protons", an element as "helium" or "He", an isotope as "Be10", "antiprotons" or "positrons".
        rigidity_GV : array_like or Quantity
            Inside the heliosphere.
        modulation_GV : float or Quantity
            Potential of the force field; 0 outside the heliosphere.

        Raises
        ------
        UserError
            If there is none of that name, or a rigidity or the potential is no such thing.
        """
        R = numbers_in(rigidity_GV, "GV", "rigidity_GV")
        outside = isinstance(modulation_GV, int | float) and modulation_GV == 0
        potential_GV = 0.0 if outside else number_in(modulation_GV, "GV", "modulation_GV")
        symbol = NAMES.get(name, name) if isinstance(name, str) else name
        if symbol not in self.symbols:
            hint = did_you_mean(name, [*NAMES, *self.symbols])
            names = ", ".join(self.symbols)
            raise UserError(f"flux of {on_a_line(name)}: {hint}{hint and '; '}allowed: {names}")
        parts = (self._flux(each, R, potential_GV) for each in ELEMENTS.get(symbol, (symbol,)))
        return np.sum(list(parts), axis=0)

    def _flux(self, name: str, rigidity_GV: FloatArray, modulation_GV: float) -> FloatArray:
        R, J = flux_m2_s_sr_GV(*self.density_at_sun(name), modulation_GV)
        known = np.isfinite(R) & np.isfinite(J)
        if not known.any():
            return np.full(rigidity_GV.shape, np.nan)
        ln_J = np.log(np.maximum(J[known], _TINY))
        at = np.interp(np.log(rigidity_GV), np.log(R[known]), ln_J, left=np.nan, right=np.nan)
        return np.exp(at)


def flux_or_ratio(local: FluxesAtSun, names: Sequence[str], rigidity_GV: ArrayLike) -> FloatArray:
    """The flux at the Sun of one kind of particles, or the ratio of two; as `FluxesAtSun.flux`."""
    first, *others = (local.flux(name, rigidity_GV) for name in names)
    return first / others[0] if others else first


def boron_over_carbon(grammage_g_cm2: ArrayLike) -> FloatArray:
    """B/C of nuclei that crossed a mean grammage of gas, the paths exponentially distributed.

    The mass of the gas with its helium, which makes boron too: a grammage of hydrogen alone is 1.384 times
    smaller. See `nuclei.weighted_slab`; this is for a grammage alone, with parents as at 100 GV. 8.2, 2.3
    and 1.1 g cm^-2 make 0.31, 0.131 and 0.072.
    """
    return weighted_slab(np.asarray(grammage_g_cm2, float) / MASS_PER_HYDROGEN, _PARENTS_AT_GV)


def grammage_of(boron_over_carbon: ArrayLike) -> FloatArray:
    """The mean grammage [g cm^-2] that makes a B/C, as `boron_over_carbon` has it; between 1e-4 and 1e3."""
    X = np.geomspace(1e-4, 1e3, 4001)
    made = weighted_slab(X / MASS_PER_HYDROGEN, _PARENTS_AT_GV)
    return np.exp(np.interp(np.log(np.asarray(boron_over_carbon, float)), np.log(made), np.log(X)))


def local_slope(rigidity_GV: ArrayLike, flux: ArrayLike, low_GV: float, high_GV: float) -> float:
    """Slope d ln J/d ln R by a straight line through the points between two rigidities."""
    R, J = np.asarray(rigidity_GV, float), np.asarray(flux, float)
    use = (R >= low_GV) & (R <= high_GV) & np.isfinite(J) & (J > 0)
    if use.sum() < 2:
        return float("nan")
    return float(np.polyfit(np.log(R[use]), np.log(J[use]), 1)[0])
