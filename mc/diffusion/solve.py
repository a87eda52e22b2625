"""The transport equation of diffusion, advection and losses, solved by finite volumes.

    dn/dt = div(D grad n - u n) + d/dln p [(div u/3 + b n_gas) n] + q,      n per ln p,

in (R, |z|), one energy after the other from the highest down, by sparse direct solves: steady, or up to the
time t of constant injection (an L-stable method of second order). Losses are adiabatic (a jump of the flow
included) and of pp collisions. Where a flow that slows down makes them gains, the term is b n times the slope
of n in ln p, which comes from the higher energies: no lower one has to be known. It takes the `Medium` of a
run and knows nothing of mean free paths: where they are not short against every scale, the equation is what
is wrong. In a halo with field lines D is a tensor, guiding centres do not drift, and densities may come out
negative where lines without particles lie beside lines with them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csc_matrix, diags
from scipy.sparse.linalg import SuperLU, splu

from ...fields.gas_density import grammage_per_length_g_cm2_kpc
from ...fields.units import MYR_S, FloatArray, momentum_GeV, speed_kpc_Myr
from ..spectrum import Spectrum
from .finite_volumes import Cells

STEPS = 40
_GAMMA = 1.0 - np.sqrt(0.5)
_STEEPEST = 8.0
_ROUNDING = 1e-9
_FOR_EVER_MYR = 1e15
_NO_STEADY_STATE = "nothing leaves this medium: there is no steady state"


@dataclass(frozen=True)
class Solution:
    """Densities of protons by total energy and cell.

    Attributes
    ----------
    cells : Cells
        Where.
    energy_edges_GeV : ndarray
        Of the bins, as many as there are.
    protons_kpc3 : ndarray, shape (bins, cells)
        Protons per kpc^3 in each bin.
    """

    cells: Cells
    energy_edges_GeV: FloatArray
    protons_kpc3: FloatArray

    @property
    def energy_GeV(self) -> FloatArray:
        """Geometric centres of the bins."""
        return np.sqrt(self.energy_edges_GeV[1:] * self.energy_edges_GeV[:-1])

    def fluxes_z(self) -> tuple[FloatArray, FloatArray]:
        """(-D dn/dz, u n) through the top of each cell by bin, each (bins, R, z) [protons kpc^-2 Myr^-1]."""
        p = bin_momenta_GeV(self.energy_edges_GeV)
        found = [self.cells.fluxes_z(float(a), n) for a, n in zip(p, self.protons_kpc3, strict=True)]
        return np.stack([diffusive for diffusive, _ in found]), np.stack([carried for _, carried in found])

    @property
    def most_negative(self) -> dict[str, float] | None:
        """Where a density is furthest below zero, over the largest of its bin; None if none is."""
        largest = np.maximum(self.protons_kpc3.max(axis=1, keepdims=True), 1e-300)
        over_largest = self.protons_kpc3 / largest
        bin, cell = np.unravel_index(np.argmin(over_largest), over_largest.shape)
        if over_largest[bin, cell] > -_ROUNDING:
            return None
        R, z = self.cells.centres_kpc
        return {
            "energy_GeV": float(self.energy_GeV[bin]),
            "R_kpc": float(R[cell]),
            "z_kpc": float(z[cell]),
            "density_over_largest": float(over_largest[bin, cell]),
        }


def bin_momenta_GeV(energy_edges_GeV: FloatArray) -> FloatArray:
    """The momentum that stands for each bin of total energy: the geometric mean of its ends."""
    p = momentum_GeV(energy_edges_GeV)
    return np.sqrt(p[1:] * p[:-1])


def solve(
    cells: Cells, energy_edges_GeV: FloatArray, spectrum: Spectrum, R_d_kpc: float, t_Myr: float | None = None
) -> Solution:
    """Protons after the time `t_Myr` of constant injection in the disc, or for ever if it is None.

    The spectrum should be close to a power law over a few energy bins.

    Raises
    ------
    ValueError
        If there are fewer than two bins, or their edges do not rise from the proton mass; or if t is None and
        nothing leaves the medium, nor loses energy there.
    """
    edges = np.asarray(energy_edges_GeV, float)
    if edges.size < 3 or np.any(np.diff(edges) <= 0) or edges[0] <= 0.938273:
        raise ValueError("energy edges must rise from above the proton mass, at least three of them")
    shares, volume = 0.5 * cells.shares(R_d_kpc), cells.volume_kpc3
    losses = Losses.of(cells, edges, spectrum)
    rates = losses.injected_Myr
    found = np.zeros((rates.size, cells.count))
    # What falls into a bin from the one above, at the two stages of every step (or for ever).
    falling = np.zeros((1 if t_Myr is None else 2 * STEPS, cells.count))
    for bin in reversed(range(rates.size)):
        leaving, gained = losses.kpc3_Myr(bin, found)
        matrix = (cells.operator(float(losses.p_GeV[bin])) + diags(leaving - gained)).tocsc()
        source = rates[bin] * shares + falling
        history = (
            _evolve(matrix, volume, source, t_Myr) if t_Myr else steady(matrix, volume, source[0])[1][None]
        )
        found[bin] = history[-1]
        falling = leaving * history
    return Solution(cells, edges, found)


def steady(matrix: csc_matrix, volume: FloatArray, source: FloatArray) -> tuple[SuperLU, FloatArray]:
    """The factors of an operator, and the steady density of a source.

    Raises
    ------
    ValueError
        If nothing leaves: in a closed medium, or along lines that close.
    """
    try:
        # The pattern is symmetric: this order takes half the time of the default.
        inverse = splu(matrix, permc_spec="MMD_AT_PLUS_A")
    except RuntimeError:  # of a matrix that is exactly singular
        raise ValueError(_NO_STEADY_STATE) from None
    density = inverse.solve(source)
    # Early rounds of waves may have densities below zero, which fall into the next bin; later ones have none.
    if source.min() >= 0.0 and not np.abs(density) @ volume <= _FOR_EVER_MYR * source.sum():
        raise ValueError(_NO_STEADY_STATE)
    return inverse, density


@dataclass(frozen=True)
class Losses:
    """How protons change their bins in cells.

    Attributes
    ----------
    cells : Cells
        Where.
    p_GeV : ndarray, shape (bins,)
        Momentum that stands for each bin.
    width : ndarray, shape (bins,)
        Of each bin in ln p.
    injected_Myr : ndarray, shape (bins,)
        Protons that sources release per Myr.
    per_Myr : ndarray, shape (bins, cells)
        -dln p/dt, negative where protons gain.
    """

    cells: Cells
    p_GeV: FloatArray
    width: FloatArray
    injected_Myr: FloatArray
    per_Myr: FloatArray

    @classmethod
    def of(cls, cells: Cells, energy_edges_GeV: FloatArray, spectrum: Spectrum) -> Losses:
        """Those of bins of total energy."""
        p = bin_momenta_GeV(energy_edges_GeV)
        width = np.diff(np.log(momentum_GeV(energy_edges_GeV)))
        rates = spectrum.group_rates_s(energy_edges_GeV) * MYR_S
        return cls(cells, p, width, rates, _loss_rates(cells, p))

    def slope(self, bin: int, density: FloatArray) -> FloatArray:
        """-dln n/dln p in each cell, from the `density` (bins, cells) of the bins above."""
        injected = self.injected_Myr[:, None] * np.ones(self.cells.count)
        return slope_from_above(*(each[bin + 1 : bin + 4] for each in (density, injected, self.width)))

    def kpc3_Myr(self, bin: int, density: FloatArray) -> tuple[FloatArray, FloatArray]:
        """What leaves a bin for the one below, and what gains add to it, per density; each (cells,)."""
        rates = lost_and_gained(self.per_Myr[bin], self.slope(bin, density), self.width[bin])
        leaving, gained = (rate * self.cells.volume_kpc3 for rate in rates)
        return leaving, gained


def _loss_rates(cells: Cells, p_GeV: FloatArray) -> FloatArray:
    """-dln p/dt of every bin and cell [1/Myr], negative where protons gain."""
    of_gas = cells.medium.loss_rate_Myr(p_GeV)
    targets = cells.gas_cm3 @ cells.medium.table.collisions
    return cells.expansion_Myr / 3.0 + of_gas[:, None] * targets


def lost_and_gained(loss_Myr: FloatArray, slope: FloatArray, width: float) -> tuple[FloatArray, FloatArray]:
    """Rates [1/Myr] at which particles leave a bin for the one below, and at which gains of energy add to it.

    n at the lower edge of the bin is that of a power law through its mean: second order in the width.
    """
    leaving = np.maximum(loss_Myr, 0.0) * np.exp(0.5 * slope * width) / width
    return leaving, np.maximum(-loss_Myr, 0.0) * slope


def slope_from_above(density: FloatArray, injected: FloatArray, width: FloatArray) -> FloatArray:
    """-dln n/dln p in each cell from the next three higher bins, or that of what is injected; 1 at the top.

    From the first and the third: from neighbours, an error would swing from bin to bin for ever.
    """
    if len(width) < 3:
        return np.ones(density.shape[1])
    per_ln_p = np.where((density > 0).all(axis=0), density, np.maximum(injected, 1e-300)) / width[:, None]
    # Of what begins between them the ratio may be too large for a number.
    slope = (np.log(per_ln_p[0]) - np.log(per_ln_p[2])) / _between_first_and_third(width)
    return np.clip(slope, -_STEEPEST, _STEEPEST)


def slope_by_density(
    slope: FloatArray, density: FloatArray, width: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """How `slope_from_above` changes with the densities of the first and of the third bin, each (cells,)."""
    if len(width) < 3:
        return np.zeros(slope.size), np.zeros(slope.size)
    known = (density > 0).all(axis=0) & (np.abs(slope) < _STEEPEST)
    way = _between_first_and_third(width) * np.where(known, density, np.inf)
    return 1.0 / way[0], -1.0 / way[2]


def _between_first_and_third(width: FloatArray) -> float:
    """Way from the middle of the first of three bins to that of the third."""
    return float(0.5 * (width[0] + width[2]) + width[1])


def _evolve(matrix: csc_matrix, volume: FloatArray, source: FloatArray, t_Myr: float) -> FloatArray:
    """Densities at the stages of `STEPS` steps from nothing, (2 STEPS, cells); the last is that at t.

    The two-stage diagonally implicit Runge-Kutta method with gamma = 1 - 1/sqrt(2) (Alexander 1977).
    """
    dt = t_Myr / STEPS
    inverse = splu((diags(volume) + _GAMMA * dt * matrix).tocsc())
    stages = np.zeros((2 * STEPS, volume.size))
    n = np.zeros(volume.size)
    for step in range(STEPS):
        first, second = source[[2 * step, 2 * step + 1] if len(source) > 1 else [0, 0]]
        early = inverse.solve(volume * n + _GAMMA * dt * first)
        slope = first - matrix @ early
        n = inverse.solve(volume * n + (1.0 - _GAMMA) * dt * slope + _GAMMA * dt * second)
        stages[2 * step], stages[2 * step + 1] = early, n
    return stages


@dataclass(frozen=True)
class Residence:
    """What protons that keep their momentum do in a medium, from the disc to their end.

    Attributes
    ----------
    per_cell_Myr : ndarray, shape (cells,)
        Mean time in each cell of a particle, both signs of z together.
    escape_time_Myr : float
        Mean time until the first encounter with the surface; to the outer sphere where there is none.
    grammage_g_cm2 : ndarray, shape (3,)
        In the gas of disc, halo and CGM.
    age_Myr : ndarray, shape (cells,)
        Mean age of those found in each cell, in the steady state.
    crossed_g_cm2 : ndarray, shape (cells,)
        Mean grammage of those found in each cell, in the steady state.
    """

    per_cell_Myr: FloatArray
    escape_time_Myr: float
    grammage_g_cm2: FloatArray
    age_Myr: FloatArray
    crossed_g_cm2: FloatArray


def residence(cells: Cells, p_GeV: float, R_d_kpc: float) -> Residence:
    """Steady residence, escape, grammage and ages of protons that keep their momentum.

    Raises
    ------
    ValueError
        If nothing leaves the medium.
    """
    matrix, shares, volume = cells.operator(p_GeV), cells.shares(R_d_kpc), cells.volume_kpc3
    if not matrix.sum() > 0.0:
        raise ValueError(_NO_STEADY_STATE)
    inverse, density = steady(matrix, volume, shares)
    per_length = grammage_per_length_g_cm2_kpc(cells.gas_cm3) * float(speed_kpc_Myr(p_GeV))
    time = density * volume
    return Residence(
        per_cell_Myr=time,
        escape_time_Myr=_escape_time_Myr(cells, p_GeV, shares, time),
        grammage_g_cm2=time @ per_length,
        age_Myr=_ratio(inverse.solve(time), density),
        crossed_g_cm2=_ratio(inverse.solve(time * per_length.sum(axis=1)), density),
    )


def _ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


def _escape_time_Myr(cells: Cells, p_GeV: float, shares: FloatArray, time: FloatArray) -> float:
    """Mean time until the first encounter with the surface, which is taken to absorb."""
    inside = cells.inside[cells.used]
    if inside.all():
        return float(time.sum())
    alone = Cells(cells.medium.absorbing(), cells.R_edges_kpc, cells.z_edges_kpc)
    _, density = steady(alone.operator(p_GeV), alone.volume_kpc3, shares[inside])
    return float((density * alone.volume_kpc3).sum())
