"""The galaxy of the papers: a record of its parameters and the medium they make.

Inside the surface: the halo field, with the waves that cosmic rays excite in it. Outside, where the
escaping current drives the non-resonant instability (PRL Eq. 4): Bohm diffusion in the saturated field
and a radial outflow. Without the instability: an absorbing boundary at |z| = H
(`halo = "constant"`), or nothing but the outer sphere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from . import bell
from . import gas_density as gas
from .exceptions import UserError
from .limits import check_source
from .medium import Medium
from .medium_table import Axis, MOMENTUM_NODES_GeV, Wall, axis, doubling_pieces
from .outflow import (
    Drive,
    check_outflow_speed,
    outflow_divergence_Myr,
    outflow_speed_kpc_Myr,
    outflow_velocity_kpc_Myr,
)
from .sampling import check_functions
from .surface import distance_from_disc_kpc, exponential_field_uG
from .turbulence.synthetic import Turbulence, resonant, rms_of_waves_uG
from .units import FloatArray, momentum_GeV, total_energy_GeV
from .waves import streaming
from .waves.flow import check_wave_speed, wave_divergence_Myr, wave_velocity_kpc_Myr

DISC_STEP_KPC = 0.0125
FINE_STEP_KPC = 0.25
STEPS_TO_RIM = 10
# Waves for orbits: wavelengths over 2 pi r_L, and how many.
_SHORTEST_OVER_LARMOR, _LONGEST_OVER_LARMOR, _MODES_PER_DECADE = 0.05, 2.0, 80
SMALLEST_HALO_KPC = 1.0
"""A halo is tabulated if its surface is at least so far from the centre."""
_NO_FIELD_UG = 1e-300


@dataclass(frozen=True)
class Galaxy:
    """Parameters of the model, defaults of the papers; units in the names, energies are total.

    Attributes
    ----------
    B0_uG, z_B_kpc : float
        Field in the disc and the distance over which it falls by e.
    halo : str
        "exponential", or "constant": B0 up to |z| = H_kpc, where particles are absorbed.
    waves : str
        "nlld": F(E) of REV Eq. 8 everywhere, D rises as 1/B; "nlld-local": REV Eq. 7 in the local field.
    bell, two_way : bool
        Whether the escaping current drives the Bell instability; whether particles may come back from it.
    saturation : str
        A recipe of `bell.SATURATION`.
    outflow_recipe : str
        A recipe of `outflow.OUTFLOW`, for the speed of the Bell region.
    B_cgm_uG : float
        Field around the galaxy before the instability: where it exceeds that of PRL Eq. 6 there is none, and
        particles are free.
    current : callable, optional
        E^2 phi that drives the instability over that of PRL Eq. 3, by total energy [GeV]: then each energy
        scatters on the field that its own current makes, and the largest sets the onset and the outflow.
    D_over_bohm : float
        Diffusion coefficient of the Bell region over Bohm's.
    cgm_core_kpc, cgm_beta : float
        Of the circumgalactic gas, a beta-profile with `delta_G` at its centre; uniform for beta 0.
    helium_factor : float or (disc, halo, circumgalactic)
        Collisions with all nuclei over those with as many protons as the density of a gas says: hydrogen in
        the disc and the halo, rho/m_p around the galaxy. `maps.target_factors` are those of helium.
    inelasticity : callable, optional
        Fraction of its energy that a proton loses in a pp collision, of the total energy [GeV], in place of
        that of `gas_density`.
    waves_move : bool
        Whether the waves of the halo, and the protons with them, leave the disc at the Alfven speed.
    field_uG : callable, optional
        A halo field (R_kpc, z_kpc) -> uG of the user's own, in place of the exponential.
    diffusion : callable, optional
        D(p_GeV, R_kpc, z_kpc) [kpc^2/Myr] of the halo, in place of that of `waves`.
    disc_gas_cm3, halo_gas_cm3 : callable, optional
        Hydrogen (R_kpc, z_kpc) -> cm^-3 of the disc and of the halo, in place of those of `gas`.
    """

    B0_uG: float = 3.0
    z_B_kpc: float = 2.0
    halo: str = "exponential"
    H_kpc: float = 4.0
    waves: str = "nlld"
    H_waves_kpc: float = 4.0
    n_i_cm3: float = 0.01
    v_s_kpc_Myr: float = 0.0306814
    bell: bool = True
    saturation: str = "current"
    outflow_recipe: str = "alfven"
    two_way: bool = True
    B_cgm_uG: float = 0.0
    current: Callable[[np.ndarray], np.ndarray] | None = None
    D_over_bohm: float = 1.0
    delta_G: float = 100.0
    cgm_core_kpc: float = 10.0
    cgm_beta: float = 0.0
    helium_factor: float | tuple[float, float, float] = 1.0
    L_CR_erg_s: float = 1e41
    R_d_kpc: float = 10.0
    slope: float = 2.0
    E_min_GeV: float = 1.0
    E_max_GeV: float = 1e6
    r_max_kpc: float = 100.0
    inelasticity: Callable[[np.ndarray], ArrayLike] | None = None
    waves_move: bool = False
    field_uG: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None
    diffusion: Callable[[ArrayLike, ArrayLike, ArrayLike], FloatArray] | None = None
    disc_gas_cm3: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None
    halo_gas_cm3: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None

    def __post_init__(self) -> None:
        """Refuse what is not allowed (`UserError`); quantities with units are converted."""
        check_source(self)

    @cached_property
    def energy_flux(self) -> float:
        """E^2 phi that drives the instability [erg cm^-2 s^-1], at the disc: PRL Eq. 3 at E_max, or the
        largest of a `current`."""
        if self.current is None:
            return float(self.injected_energy_flux(self.E_max_GeV))
        return float(self.energy_flux_at(np.geomspace(self.E_min_GeV, 10.0 * self.E_max_GeV, 400)).max())

    def injected_energy_flux(self, E_GeV: ArrayLike) -> FloatArray:
        """E^2 phi out of each side of the disc [erg cm^-2 s^-1] (PRL Eq. 3)."""
        return bell.escaping_energy_flux_erg_cm2_s(
            E_GeV, self.L_CR_erg_s, self.R_d_kpc, self.slope, self.E_min_GeV, self.E_max_GeV
        )

    def energy_flux_at(self, E_GeV: ArrayLike) -> FloatArray:
        """E^2 phi that makes the field on which an energy scatters: that of all, or its own `current`."""
        E = np.asarray(E_GeV, float)
        if self.current is None:
            return np.full(E.shape, self.energy_flux)
        return self.injected_energy_flux(E) * self.current(E)

    def cgm_density_cm3(self, R_kpc: ArrayLike, z_kpc: ArrayLike) -> FloatArray:
        """Hydrogen density of the circumgalactic gas."""
        profile = gas.beta_profile(np.hypot(R_kpc, z_kpc), self.cgm_core_kpc, self.cgm_beta)
        return gas.cgm_density_cm3(self.delta_G) * profile

    @cached_property
    def bell_outer_radius_kpc(self) -> float:
        """Radius at which the saturated field equals that around the galaxy (PRL Eq. 4), or r_max.

        Beyond it nothing grows. Zero where that holds everywhere.
        """
        if self.B_cgm_uG == 0.0:
            return self.r_max_kpc
        onset_uG = float(bell.saturation_field_uG(self.energy_flux))
        return min(float(bell.end_radius_kpc(onset_uG, self.R_d_kpc, self.B_cgm_uG)), self.r_max_kpc)

    @cached_property
    def has_bell_region(self) -> bool:
        """Whether the instability is excited anywhere outside the halo."""
        if not self.bell or self.halo == "constant":
            return False
        z = np.linspace(0.0, self.bell_outer_radius_kpc, 10_001)
        return bool(np.any(self.surface_level(0.0 * z, z) > 0))

    def magnetic_field_uG(self, R_kpc: ArrayLike, z_kpc: ArrayLike) -> FloatArray:
        """Strength of the halo field."""
        if self.field_uG is not None:
            return self.field_uG(np.asarray(R_kpc, float), np.asarray(z_kpc, float))
        if self.halo == "constant":
            return np.full(np.broadcast_shapes(np.shape(R_kpc), np.shape(z_kpc)), self.B0_uG)
        return exponential_field_uG(R_kpc, z_kpc, self.B0_uG, self.z_B_kpc, self.R_d_kpc)

    def diffusion_halo(self, p_GeV: ArrayLike, R_kpc: ArrayLike, z_kpc: ArrayLike) -> FloatArray:
        """D = r_L v/(3 F) in the halo [kpc^2/Myr], isotropic by assumption (REV's is along the field)."""
        if self.diffusion is not None:
            return self.diffusion(p_GeV, R_kpc, z_kpc)
        B_uG = self.magnetic_field_uG(R_kpc, z_kpc)
        F = self.wave_power(total_energy_GeV(p_GeV), B_uG)
        return streaming.diffusion_coefficient_kpc2_Myr(p_GeV, B_uG, F)

    def wave_power(self, E_GeV: ArrayLike, B_uG: ArrayLike) -> FloatArray:
        """Power per ln k, over the field squared, of the waves that resonate with an energy in a field."""
        if self.waves == "nlld":
            return streaming.wave_power_nlld(E_GeV, self.H_waves_kpc)
        return streaming.wave_power_nlld_local(E_GeV, B_uG, self.H_waves_kpc, self.n_i_cm3, self.v_s_kpc_Myr)

    def turbulence(self, E_low_GeV: float, E_high_GeV: float) -> Turbulence:
        """The waves of a constant halo about a vertical field, as slab turbulence for orbits.

        From waves twice as long as resonate with the highest energy to those that resonate with the lowest
        where mu = 0.05.
        """
        ends = streaming.larmor_radius_kpc(momentum_GeV(np.array([E_low_GeV, E_high_GeV])), self.B0_uG)
        wavelengths = 2.0 * np.pi * ends * [_SHORTEST_OVER_LARMOR, _LONGEST_OVER_LARMOR]
        span = (float(wavelengths[0]), float(wavelengths[1]))
        power = resonant(lambda E: self.wave_power(E, self.B0_uG), self.B0_uG)
        modes = round(_MODES_PER_DECADE * float(np.log10(span[1] / span[0])))
        rms = rms_of_waves_uG(power, span, self.B0_uG)
        return Turbulence(power, span, modes, rms, self.B0_uG, "slab")

    def height_kpc(self, R_kpc: ArrayLike, z_kpc: ArrayLike) -> FloatArray:
        """What the halo varies with: the distance from the disc, or |z| where the field is constant."""
        return distance_from_disc_kpc(R_kpc, z_kpc, self._source_radius_kpc)

    def wave_speed_kpc_Myr(self, R_kpc: ArrayLike, z_kpc: ArrayLike) -> FloatArray:
        """Alfven speed of the waves in the halo field, by its ions."""
        return streaming.alfven_speed_kpc_Myr(self.magnetic_field_uG(R_kpc, z_kpc), self.n_i_cm3)

    def halo_flow(self, R_kpc: ArrayLike, z_kpc: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Velocity (u_R, u_z) of waves that leave the disc at that speed [kpc/Myr]."""
        return wave_velocity_kpc_Myr(R_kpc, z_kpc, self.wave_speed_kpc_Myr, self._source_radius_kpc)

    def halo_flow_divergence_Myr(self, R_kpc: ArrayLike, z_kpc: ArrayLike) -> FloatArray:
        """Divergence of it."""
        return wave_divergence_Myr(R_kpc, z_kpc, self.wave_speed_kpc_Myr, self._source_radius_kpc)

    @property
    def _source_radius_kpc(self) -> float:
        """Of the disc that waves leave: where the halo varies with |z| alone, one without a rim."""
        return np.inf if self.halo == "constant" else self.R_d_kpc

    def saturated_field_uG(self, R_kpc: ArrayLike, z_kpc: ArrayLike) -> FloatArray:
        """Field of the Bell region, from the local energy flux."""
        return bell.amplified_field_uG(R_kpc, z_kpc, *self._bell_of(R_kpc, z_kpc))

    def _bell_of(self, R_kpc: ArrayLike, z_kpc: ArrayLike) -> tuple[float, float, FloatArray, str, float]:
        """What the functions of `bell` ask for."""
        density = self.cgm_density_cm3(R_kpc, z_kpc)
        return self.energy_flux, self.R_d_kpc, density, self.saturation, self.B_cgm_uG

    def diffusion_bell(self, p_GeV: ArrayLike, R_kpc: ArrayLike, z_kpc: ArrayLike) -> FloatArray:
        """Bohm diffusion in the saturated field [kpc^2/Myr] (PRL Eq. 9), times `D_over_bohm`.

        As p^2 above E_max, where there are no resonant waves; a `current` that is measured has its own at all
        energies.
        """
        longest = momentum_GeV(self.E_max_GeV) if self.current is None else np.inf
        over_bohm = self.D_over_bohm * bell.without_resonance(p_GeV, float(longest))
        return over_bohm * bell.bohm_diffusion_coefficient_kpc2_Myr(
            p_GeV,
            bell.amplified_field_uG(
                R_kpc, z_kpc, self.energy_flux_at(total_energy_GeV(p_GeV)), *self._bell_of(R_kpc, z_kpc)[1:]
            ),
        )

    def outflow(self, R_kpc: ArrayLike, z_kpc: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Velocity (u_R, u_z) of the plasma in the Bell region [kpc/Myr]."""
        return outflow_velocity_kpc_Myr(R_kpc, z_kpc, self.cgm_density_cm3(R_kpc, z_kpc), self.drive)

    def outflow_speed_kpc_Myr(self, R_kpc: ArrayLike, z_kpc: ArrayLike) -> FloatArray:
        """Its speed, at the centre too, where the velocity has no direction."""
        return outflow_speed_kpc_Myr(R_kpc, z_kpc, self.cgm_density_cm3(R_kpc, z_kpc), self.drive)

    def outflow_divergence_Myr(self, R_kpc: ArrayLike, z_kpc: ArrayLike) -> FloatArray:
        """Divergence of it."""
        slope = gas.beta_profile_slope(np.hypot(R_kpc, z_kpc), self.cgm_core_kpc, self.cgm_beta)
        return outflow_divergence_Myr(
            R_kpc, z_kpc, self.cgm_density_cm3(R_kpc, z_kpc), self.drive, density_slope=slope
        )

    @property
    def drive(self) -> Drive:
        """What sets the plasma of the Bell region in motion; all of L_CR, whatever the `current` is."""
        flux = self.energy_flux, bell.total_energy_flux_erg_cm2_s(self.L_CR_erg_s, self.R_d_kpc)
        return Drive(self.outflow_recipe, *flux, self.R_d_kpc, self.saturation, self.B_cgm_uG)

    @property
    def helium_factors(self) -> FloatArray:
        """Of (disc, halo, circumgalactic) gas."""
        return np.array(np.broadcast_to(self.helium_factor, 3), dtype=float)

    def surface_level(self, R_kpc: ArrayLike, z_kpc: ArrayLike) -> FloatArray:
        """Negative inside the surface: ln(B_sat/B_halo) (PRL Eq. 4), |z| - H, or no surface at all."""
        if self.halo == "constant":
            return np.abs(z_kpc) - self.H_kpc + 0.0 * np.asarray(R_kpc)
        if not self.bell:
            return np.full(np.broadcast_shapes(np.shape(R_kpc), np.shape(z_kpc)), -1.0)
        # Onset is the condition of PRL Eq. 4 whatever the field grows to.
        flux = self.energy_flux * bell.dilution(R_kpc, z_kpc, self.R_d_kpc)
        onset = bell.saturation_field_uG(flux)
        return np.log(onset / np.maximum(self.magnetic_field_uG(R_kpc, z_kpc), _NO_FIELD_UG))

    def loss_rate(self, p_GeV: np.ndarray) -> FloatArray:
        """-(dp/dt)/(p n) by pp collisions [1/Myr per cm^-3 of protons]."""
        E_GeV = total_energy_GeV(p_GeV)
        inelasticity = (self.inelasticity or gas.inelasticity)(E_GeV)
        rate = gas.pp_energy_loss_rate_GeV_Myr(E_GeV, inelasticity)
        return rate * E_GeV / np.asarray(p_GeV) ** 2

    @cached_property
    def surface_extent_kpc(self) -> tuple[float, float]:
        """(R in the plane, largest |z|) of the surface, at most r_max; |z| is largest above the rim.

        Raises
        ------
        UserError
            If the field is below saturation already in the disc, or close to it: there would be no halo.
        """
        if self.halo == "constant":
            return self.r_max_kpc, self.H_kpc
        s = np.linspace(0.0, self.r_max_kpc, 10_001)

        def reach(R: np.ndarray, z: np.ndarray) -> float:
            outside = np.flatnonzero(self.surface_level(R, z) > 0)
            return float(s[outside[0]]) if outside.size else self.r_max_kpc

        R_reach = reach(s, 0.0 * s)
        z_reach = [reach(R + 0.0 * s, s) for R in np.linspace(0.0, R_reach, 101)]
        if min(R_reach, z_reach[0]) < SMALLEST_HALO_KPC:
            raise UserError(self._no_halo(min(R_reach, z_reach[0])))
        return R_reach, max(z_reach)

    def _no_halo(self, reach_kpc: float) -> str:
        """Which parameter leaves no halo: the field in the disc, or how fast it falls."""
        saturated = float(self.saturated_field_uG(0.0, 0.0))
        field = float(self.magnetic_field_uG(0.0, 0.0))
        if field < 2.0 * saturated:
            return (
                "medium.B0: the halo field is below the saturated field already in the disc; "
                f"B0 = {self.B0_uG:g} uG must be well above {saturated:.3g} uG"
            )
        key = "field_uG" if self.field_uG is not None else f"medium.z_B = {self.z_B_kpc:g} kpc"
        return (
            f"{key}: the halo field falls below the saturated field at {reach_kpc:.2g} kpc; "
            f"allowed: so slow a fall that this is beyond {SMALLEST_HALO_KPC:g} kpc"
        )

    def axes(self) -> tuple[Axis, Axis]:
        """Grid nodes: the gas disc and its rim resolved, 0.25 kpc about the surface, 1 kpc beyond it."""
        R_surface, z_surface = self.surface_extent_kpc
        r_max = float(np.ceil(self.r_max_kpc))
        R_fine, z_fine = (min(float(np.ceil(x)) + 3.0, r_max) for x in (R_surface, z_surface))
        R_near = float(np.ceil(self.R_d_kpc)) + 1.0
        if self.halo != "constant":
            R_near = max(R_fine, R_near)
        rings = doubling_pieces(self.R_d_kpc, STEPS_TO_RIM, FINE_STEP_KPC)
        R_pieces = [*rings, (min(R_near, r_max), FINE_STEP_KPC), (r_max, 1.0)]
        z_pieces = ((0.3, DISC_STEP_KPC), (1.0, 0.05), (z_fine, FINE_STEP_KPC), (r_max, 1.0))
        top = self.H_kpc if self.halo == "constant" else None
        return axis(*R_pieces, edge=self.R_d_kpc), axis(*z_pieces, edge=top)

    def check(self) -> None:
        """Refuse, before anything is tabulated, what no medium can be made of.

        Raises
        ------
        UserError
            If the parameters leave no halo, or a flow is too fast, naming the one to change; or if a function
            of the user's own returns what no medium can be made of, naming it and the place.
        """
        gas_cm3 = {name: getattr(self, name) for name in ("disc_gas_cm3", "halo_gas_cm3")}
        check_functions(self.r_max_kpc, MOMENTUM_NODES_GeV, self.field_uG, self.diffusion, gas_cm3)
        _, top_kpc = self.surface_extent_kpc
        if self.has_bell_region:
            end_kpc = self.bell_outer_radius_kpc
            check_outflow_speed(self.surface_level, self.cgm_density_cm3, end_kpc, self.drive)
        if self.waves_move:
            check_wave_speed(self.wave_speed_kpc_Myr, top_kpc, self.n_i_cm3)

    def medium(self) -> Medium:
        """The tabulated medium; raises what `check` does."""
        self.check()
        R_axis, z_axis = self.axes()
        outside = self.has_bell_region
        wall = (Wall.TWO_WAY if self.two_way else Wall.ONE_WAY) if outside else Wall.ABSORBING
        return Medium.tabulate(
            diffusion_halo=self.diffusion_halo,
            surface=self.surface_level,
            R_axis=R_axis,
            z_axis=z_axis,
            r_max_kpc=self.r_max_kpc,
            bell_outer_radius_kpc=self.bell_outer_radius_kpc if outside else None,
            wall=wall,
            diffusion_bell=self.diffusion_bell if outside else None,
            outflow=self.outflow if outside else None,
            divergence=self.outflow_divergence_Myr if outside else lambda R, z: 0.0 * R,
            halo_flow=self.halo_flow if self.waves_move else None,
            halo_divergence=self.halo_flow_divergence_Myr,
            gas_disc=self.disc_gas_cm3 or (lambda R, z: gas.disc_density_cm3(R, z, self.R_d_kpc)),
            gas_halo=self.halo_gas_cm3 or (lambda R, z: gas.halo_density_cm3(R, z, self.R_d_kpc)),
            gas_cgm=self.cgm_density_cm3,
            loss_rate=self.loss_rate,
            collisions=self.helium_factors,
            disc_scale_kpc=min(gas.DISC_HEIGHT_KPC, self.R_d_kpc),
        )
