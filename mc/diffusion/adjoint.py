"""Importance: what a proton adds to an observable, from where it is released; the adjoint of the equation.

The steady equation in cells is M_b n_b = q_b + L_(b+1) n_(b+1) for the bins b of energy, M the fluxes and
losses, L what falls from a bin into the one below. Of an observable (r, n), linear in the densities,

    M_b^T phi_b = r_b + L_b phi_(b-1),

from the lowest bin up: then (r, n) = (phi, q), and (r, n) changes by -(phi, dM n - dL n) where the matrices
change. M and L depend a little on the slope of n in ln p. What a proton adds is found with slopes as they are
in the solution; how much changes with D and the flow, with slopes that change, too.

Derivatives are those of the fluxes through faces, D on either side of a face being that of its cell. What
else is of one medium with D and the flow stays as it is: the surface, waves, gas, sources.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import diags
from scipy.sparse.linalg import splu

from ...fields.units import FloatArray
from ..spectrum import Spectrum
from .faces import NOBODY, Faces, slopes
from .solve import Losses, Solution, slope_by_density


@dataclass(frozen=True)
class Adjoint:
    """What protons add to an observable.

    Attributes
    ----------
    solution : Solution
        Of the steady state, in a medium without field lines.
    losses : Losses
        Of the same bins and cells.
    response : ndarray, shape (bins, cells)
        r: the observable is its sum with the densities [kpc^3].
    """

    solution: Solution
    losses: Losses
    response: FloatArray

    @property
    def observable(self) -> float:
        """(r, n), in the unit of the observable, as all here."""
        return float((self.response * self.solution.protons_kpc3).sum())

    @property
    def importance_Myr(self) -> FloatArray:
        """psi: what a proton released each Myr, on either side of the plane, adds; (bins, cells).

        Or: what one proton adds, integrated over time.
        """
        # Cells are of one side; half of the protons, and half of each, are there.
        return 0.5 * self._phi

    @cached_property
    def _phi(self) -> FloatArray:
        """phi, of a rate of release per Myr on one side alone."""
        return self._from_below(slopes_change=False)

    @cached_property
    def _multipliers(self) -> FloatArray:
        """phi where slopes in ln p change with the densities they are found from."""
        return self._from_below(slopes_change=True)

    def _from_below(self, slopes_change: bool) -> FloatArray:
        """Solve the adjoint equation from the lowest bin up, (bins, cells)."""
        cells, density = self.solution.cells, self.solution.protons_kpc3
        asked, found = self.response.copy(), np.zeros(self.response.shape)
        below = np.zeros(cells.count)
        for bin, p in enumerate(self.losses.p_GeV):
            leaving, gained = self.losses.kpc3_Myr(bin, density)
            wanted = asked[bin] + leaving * below
            if wanted.any():
                matrix = (cells.operator(float(p)) + diags(leaving - gained)).tocsc()
                found[bin] = splu(matrix, permc_spec="MMD_AT_PLUS_A").solve(wanted, trans="T")
            if slopes_change:
                self._ask_for_slopes(bin, leaving, below, found[bin], asked)
            below = found[bin]
        return found

    def _ask_for_slopes(
        self, bin: int, leaving: FloatArray, below: FloatArray, phi: FloatArray, asked: FloatArray
    ) -> None:
        """Add to what is asked of higher bins what they do to the slope of this one."""
        losses, higher = self.losses, self.solution.protons_kpc3[bin + 1 : bin + 4]
        slope = losses.slope(bin, self.solution.protons_kpc3)
        gained = np.maximum(-losses.per_Myr[bin], 0.0) * self.solution.cells.volume_kpc3
        by_slope = (below - phi) * 0.5 * losses.width[bin] * leaving + phi * gained
        by_slope *= self.solution.protons_kpc3[bin]
        changes = slope_by_density(slope, higher, losses.width[bin + 1 : bin + 4])
        for there, change in zip((bin + 1, bin + 3), changes, strict=True):
            if change.any():
                asked[there] += by_slope * change

    @cached_property
    def sensitivity_to_D(self) -> FloatArray:
        """d ln(observable)/d ln D of each bin and cell, (bins, cells)."""
        return self._of_fluxes[0] / self.observable

    @cached_property
    def sensitivity_to_flow(self) -> FloatArray:
        """d ln(observable)/d ln u: of what the flow carries, and of losses by its divergence, (cells,).

        The velocity is varied at faces, on both sides alike; a face counts in its cells by the velocities
        that they have there.
        """
        cells = self.solution.cells
        found, losses = np.zeros(cells.count + 1), np.append(self._of_expansion, 0.0)
        for f, through in zip(cells.faces, self._of_fluxes[1], strict=True):
            faster = np.where(np.abs(f.u_high) > np.abs(f.u_low), f.u_high, f.u_low)
            change = through + faster * f.area * (losses[f.low] - losses[f.high])
            share = _share_of_low(f)
            np.add.at(found, f.low, share * change)
            np.add.at(found, f.high, (1.0 - share) * change)
        return found[:-1] / self.observable

    @cached_property
    def _of_fluxes(self) -> tuple[FloatArray, list[FloatArray]]:
        """-(phi, dA n) by ln D of each bin and cell, and by ln u of each face across R, and across z."""
        solution = self.solution
        cells = solution.cells
        of_D = np.zeros((self.losses.p_GeV.size, cells.count + 1))
        of_u = [np.zeros(f.area.size) for f in cells.faces]
        for bin, p in enumerate(self.losses.p_GeV):
            n, phi = (np.append(each[bin], 0.0) for each in (solution.protons_kpc3, self._multipliers))
            D, escape = cells.diffusion_kpc2_Myr(float(p)), cells.leaving_speed_kpc_Myr(float(p))
            for f, by_u in zip(cells.faces, of_u, strict=True):
                drop = f.area * (phi[f.low] - phi[f.high])
                by = slopes(f, D, escape)
                low, high, u = (-drop * (each[0] * n[f.low] - each[1] * n[f.high]) for each in by)
                np.add.at(of_D[bin], f.low, low)
                np.add.at(of_D[bin], f.high, high)
                by_u += u
        return of_D[:, :-1], of_u

    @cached_property
    def _of_expansion(self) -> FloatArray:
        """-(phi, dM n - dL n) by the divergence of the flow in each cell, over its volume, (cells,)."""
        density, total = self.solution.protons_kpc3, np.zeros(self.solution.cells.count)
        volume = self.solution.cells.volume_kpc3
        for bin, loss in enumerate(self.losses.per_Myr):
            leaving, gained = self.losses.kpc3_Myr(bin, density)
            by_loss = np.divide(leaving + gained, np.abs(loss), out=np.zeros(volume.size), where=loss != 0.0)
            falls = np.where(loss > 0.0, self._multipliers[bin - 1], 0.0) if bin else 0.0
            total += by_loss * (falls - self._multipliers[bin]) * density[bin] / 3.0
        return total / volume


def _share_of_low(f: Faces) -> FloatArray:
    """How much of the velocity at each face is that of the cell below it."""
    low, high = (np.where(n == NOBODY, 0.0, np.abs(u)) for n, u in ((f.low, f.u_low), (f.high, f.u_high)))
    return np.divide(low, low + high, out=np.zeros(low.size), where=low + high > 0.0)


def adjoint(solution: Solution, spectrum: Spectrum, response: FloatArray) -> Adjoint:
    """The adjoint of a steady solution for an observable.

    Parameters
    ----------
    solution : Solution
        As `solve` finds it for this spectrum without an age.
    spectrum : Spectrum
        That was injected.
    response : ndarray, shape (bins, cells)
        By how much a proton per kpc^3 in each bin and cell changes the observable.

    Raises
    ------
    ValueError
        If the medium has field lines: their fluxes meet at corners of cells, not at faces; or if the response
        has another shape.
    """
    if solution.cells.medium.lines is not None:
        raise ValueError("the medium has field lines; allowed: one without")
    if np.shape(response) != solution.protons_kpc3.shape:
        raise ValueError(f"response of shape {np.shape(response)}: allowed: {solution.protons_kpc3.shape}")
    losses = Losses.of(solution.cells, solution.energy_edges_GeV, spectrum)
    return Adjoint(solution, losses, np.asarray(response, float))
