"""A leaky box: one well-mixed volume of gas, for the equations that are solved in the cells of a medium.

    N_i/T + [sigma_i v n + 1/(gamma tau)] N_i + losses = q_i + sum of sigma_ij v n N_j,        T = X/(m n v),

with X the mean grammage of hydrogen at the rigidity: paths are exponentially distributed. A parent is in the
box for as long as X at its own rigidity says. Boxes one within the other are solved one after the other: what
leaves the first, `Box.leaving_Myr`, is what the second is fed with.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csc_matrix

from ...fields.units import KPC_CM, M_P_G, FloatArray, speed_kpc_Myr
from .species import Species, centres

# For "leaves at once": so little that nothing is lost or made.
_NO_GRAMMAGE_G_CM2 = 1e-15


@dataclass(frozen=True)
class Box:
    """A volume that particles leave after a mean grammage; of the form `species.Places`.

    Attributes
    ----------
    grammage_g_cm2 : callable
        Rigidity [GV] -> grammage of hydrogen, zero or more.
    hydrogen_cm3 : float
        Mean density that the particles meet.
    size_kpc3 : float
        Volume.
    """

    grammage_g_cm2: Callable[[FloatArray], FloatArray]
    hydrogen_cm3: float
    size_kpc3: float = 1.0

    @property
    def count(self) -> int:
        """One, well mixed."""
        return 1

    @property
    def volume_kpc3(self) -> FloatArray:
        return np.array([self.size_kpc3])

    @property
    def expansion_Myr(self) -> FloatArray:
        """At rest."""
        return np.zeros(1)

    @property
    def shares(self) -> FloatArray:
        """Of what is injected, for `nuclei.solve_nuclei`, which counts one side of the plane alone."""
        return np.array([2.0])

    @property
    def gas_cm3(self) -> FloatArray:
        """Hydrogen of the one cell."""
        return np.array([self.hydrogen_cm3])

    def operator(self, p_GeV: float, speed: float = 1.0) -> csc_matrix:
        """Volume over the residence time, as of cells."""
        proton = float(speed_kpc_Myr(p_GeV))
        return csc_matrix(self.volume_kpc3[None, :] / self._time_Myr(np.array([p_GeV]), speed * proton))

    def residence_Myr(self, species: Species, rigidity_GV: ArrayLike) -> FloatArray:
        """Mean time in the box of what is neither destroyed nor decays."""
        R = np.asarray(rigidity_GV, float)
        return self._time_Myr(R, species.speed_kpc_Myr(R))

    def _time_Myr(self, rigidity_GV: FloatArray, v_kpc_Myr: ArrayLike) -> FloatArray:
        X = np.maximum(self.grammage_g_cm2(rigidity_GV), _NO_GRAMMAGE_G_CM2)
        return X / (M_P_G * self.hydrogen_cm3 * KPC_CM * np.asarray(v_kpc_Myr, float))

    def leaving_Myr(
        self, species: Species, rigidity_edges_GV: ArrayLike, density_kpc3: ArrayLike
    ) -> FloatArray:
        """Particles that leave per Myr.

        Parameters
        ----------
        species : Species
            Whose speed counts.
        rigidity_edges_GV : array_like, shape (bins + 1,)
            Of the bins.
        density_kpc3 : array_like, shape (bins,)
            In the box.
        """
        time = self.residence_Myr(species, centres(rigidity_edges_GV))
        return np.asarray(density_kpc3, float) * self.size_kpc3 / time
