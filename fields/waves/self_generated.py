"""The waves of a halo for a given flux of protons, and the diffusion they make.

Everything depends on the height alone: |z|, or the distance from the disc where the field does. F at the
resonance k = 1/r_L gives D = r_L v/(3 F) (REV Eq. 3), along the field and by assumption isotropic.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..units import FloatArray, speed_kpc_Myr
from . import streaming
from .streaming_protons import LONGEST_FREE_PATH_KPC, Protons
from .wave_equation import F_FLOOR, Column

MODES_PER_DECADE = 12
_INJECTION_WIDTH = 0.25  # in ln k
_BELOW_RESONANCE = 30.0


@dataclass(frozen=True)
class WaveModel:
    """What excites waves in a halo and what damps them.

    Attributes
    ----------
    growth : bool
        Whether protons excite waves at all (REV Eq. 2).
    v_s_kpc_Myr : float
        Sound speed of non-linear Landau damping (REV Eq. 6); 0 without it.
    n_i_cm3 : float
        Ions, for the Alfven speed.
    cascade : str
        "none", "kolmogorov" or "kraichnan": waves diffuse in k.
    advected : bool
        Whether waves are carried away from the disc at the Alfven speed.
    seed : float
        F of the waves that are there without any growth, at every height, where waves are advected: what
        grows on the way begins there. D does not depend on it where growth has the time (below ~1 TeV); where
        it has not, the seed is what the waves stay near to, and they scatter nobody.
    injected_power : float
        dB^2/B^2 of turbulence shorter than `injection_scale_kpc`. Where waves are advected, what leaves the
        disc with them, as a cascade that is developed (injected over `injection_height_kpc`); else what is
        kept up at every height by stirring at that scale.
    shear_scale_kpc : float
        L of Farmer & Goldreich (2004) damping; 0 without it.
    neutral_density_cm3, neutral_height_kpc, temperature_K : float
        Neutral hydrogen below a height, for ion-neutral damping.
    """

    growth: bool = True
    v_s_kpc_Myr: float = 0.0306814
    n_i_cm3: float = 0.01
    cascade: str = "none"
    advected: bool = False
    seed: float = 1e-8
    injected_power: float = 0.0
    injection_scale_kpc: float = 0.05
    injection_height_kpc: float = 0.1
    shear_scale_kpc: float = 0.0
    neutral_density_cm3: float = 0.0
    neutral_height_kpc: float = 0.1
    temperature_K: float = 8000.0

    def wavenumbers_kpc(self, p_GeV: FloatArray, B_uG: FloatArray) -> FloatArray:
        """k from below the scale of injection to well above the resonance of the lowest momentum."""
        longest = max(
            float(streaming.larmor_radius_kpc(p_GeV[-1], B_uG.min())), 10.0 * self.injection_scale_kpc
        )
        shortest = float(streaming.larmor_radius_kpc(p_GeV[0], B_uG.max())) / _BELOW_RESONANCE
        count = int(np.ceil(np.log10(longest / shortest) * MODES_PER_DECADE)) + 1
        return np.geomspace(1.0 / longest, 1.0 / shortest, count)

    def column(self, p_GeV: FloatArray, edges_kpc: FloatArray, B_uG: FloatArray) -> Column:
        """Layers of gas between edges, in fields, for waves that resonate with momenta (rising)."""
        k = self.wavenumbers_kpc(p_GeV, B_uG)
        v_A = streaming.alfven_speed_kpc_Myr(B_uG, self.n_i_cm3)
        z = 0.5 * (edges_kpc[1:] + edges_kpc[:-1])
        return Column(
            k, edges_kpc, B_uG, v_A, self._injection_Myr(k, edges_kpc, v_A), self._damping(k, z, v_A),
            self.cascade, self.advected, self.seed if self.advected else F_FLOOR,
        )  # fmt: skip

    def protons(
        self, column: Column, p_GeV: FloatArray, flux_cm2_s: FloatArray, top_density_cm3: FloatArray
    ) -> Protons:
        """Protons that pass its layers, carried at v_A if the waves are; see `streaming_protons.Protons`."""
        speed = column.v_A_kpc_Myr if self.advected else np.zeros_like(column.v_A_kpc_Myr)
        return Protons(p_GeV, flux_cm2_s, speed, top_density_cm3, self.n_i_cm3, self.growth)

    def _injection_Myr(self, k: FloatArray, edges: FloatArray, v_A: FloatArray) -> FloatArray:
        slope = {"none": 5.0 / 3.0, "kolmogorov": 5.0 / 3.0, "kraichnan": 1.5}[self.cascade]
        of_k_0 = k * self.injection_scale_kpc
        if self.advected:
            # A cascade that has had its time in the disc.
            shape = np.where(of_k_0 >= 1.0, of_k_0 ** (1.0 - slope), of_k_0**4)
            share = -np.diff(np.exp(-edges / self.injection_height_kpc)) / np.diff(edges)
            total = v_A * self.injected_power * share
        else:
            # Stirred at one scale, by what the cascade of a spectrum of that power carries away.
            shape = np.exp(-0.5 * (np.log(of_k_0) / _INJECTION_WIDTH) ** 2)
            at_k_0 = self.injected_power * (slope - 1.0)
            cascade = "kraichnan" if self.cascade == "kraichnan" else "kolmogorov"
            total = (
                slope
                * at_k_0
                * streaming.cascade_rate_Myr(1.0 / self.injection_scale_kpc, v_A, at_k_0, cascade)
            )
        return total[:, None] * shape / (shape.sum() * np.log(k[1] / k[0]))

    def damping_rates_Myr(self, k: FloatArray, z: float, v_A: float, F: FloatArray) -> dict[str, FloatArray]:
        """Each damping rate by its name, cascade and advection apart."""
        rates = self._linear_rates_Myr(k, z, v_A)
        if self.v_s_kpc_Myr > 0.0:
            landau = streaming.nonlinear_landau_damping_rate_Myr(k, self.v_s_kpc_Myr, F)
            rates = {"non-linear Landau": landau} | rates
        return rates

    def _linear_rates_Myr(self, k: FloatArray, z: float, v_A: float) -> dict[str, FloatArray]:
        """Those that do not depend on F."""
        rates = {}
        if self.shear_scale_kpc > 0.0:
            rates["turbulent shear"] = streaming.turbulent_damping_rate_Myr(k, v_A, self.shear_scale_kpc)
        if self.neutral_density_cm3 > 0.0:
            here = self.neutral_density_cm3 if z <= self.neutral_height_kpc else 0.0
            rates["ion-neutral"] = streaming.ion_neutral_damping_rate_Myr(
                k, v_A, here, self.n_i_cm3, self.temperature_K
            )
        return rates

    def _damping(
        self, k: FloatArray, z: FloatArray, v_A: FloatArray
    ) -> Callable[[FloatArray, int], FloatArray]:
        """The sum of them, what is linear computed once."""
        linear = [
            sum(self._linear_rates_Myr(k, float(height), float(speed)).values(), np.zeros(k.size))
            for height, speed in zip(z, v_A, strict=True)
        ]

        def damping(F: FloatArray, level: int) -> FloatArray:
            return linear[level] + streaming.nonlinear_landau_damping_rate_Myr(k, self.v_s_kpc_Myr, F)

        return damping


@dataclass(frozen=True)
class HaloDiffusion:
    """D tabulated in momentum and height, a function as the medium takes it.

    Attributes
    ----------
    p_GeV : ndarray, shape (n,)
    height_kpc : ndarray, shape (m,)
    D_kpc2_Myr : ndarray, shape (m, n)
    height : callable
        Of (R_kpc, z_kpc).
    """

    p_GeV: FloatArray
    height_kpc: FloatArray
    D_kpc2_Myr: FloatArray
    height: Callable[[FloatArray, FloatArray], FloatArray]

    def __call__(self, p_GeV: ArrayLike, R_kpc: ArrayLike, z_kpc: ArrayLike) -> FloatArray:
        """D [kpc^2/Myr], log-linear between the nodes and as at the last one beyond them.

        Above and below the momenta it goes on with the F of the last one, D/v ~ p.
        """
        p, height = np.broadcast_arrays(
            np.asarray(p_GeV, float), self.height(np.asarray(R_kpc, float), np.asarray(z_kpc, float))
        )
        ln_p, ln_D = np.log(self.p_GeV), np.log(self.D_kpc2_Myr / speed_kpc_Myr(self.p_GeV))
        i, a = _place(self.height_kpc, np.clip(height, self.height_kpc[0], self.height_kpc[-1]))
        inside = np.clip(p, self.p_GeV[0], self.p_GeV[-1])
        j, b = _place(ln_p, np.log(inside))
        low = ln_D[i, j] * (1 - b) + ln_D[i, j + 1] * b
        high = ln_D[i + 1, j] * (1 - b) + ln_D[i + 1, j + 1] * b
        D = speed_kpc_Myr(p) * np.exp(low * (1 - a) + high * a) * p / inside
        return np.minimum(D, LONGEST_FREE_PATH_KPC * speed_kpc_Myr(p) / 3.0)


def _place(nodes: FloatArray, x: FloatArray) -> tuple[np.ndarray, FloatArray]:
    i = np.clip(np.searchsorted(nodes, x, side="right") - 1, 0, nodes.size - 2)
    return i, (x - nodes[i]) / (nodes[i + 1] - nodes[i])
