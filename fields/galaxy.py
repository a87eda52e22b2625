"""The galaxy of the papers: a record of its parameters and the medium they make.

Inside the surface: the halo field, with the waves that cosmic rays excite in it. Outside, where the
escaping current drives the non-resonant instability (PRL Eq. 4): Bohm diffusion in the saturated field
and a radial outflow. Without the instability: an absorbing boundary at |z| = H
(`halo = "constant"`), or nothing but the outer sphere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from numpy.typing import ArrayLike

from . import bell, field_lines
from . import gas_density as gas
from .disc.gas import mcmillan_density_cm3
from .disc.sources import radii_of_shares
from .exceptions import UserError
from .limits import SMALLEST_HALO_KPC, check_source, no_halo
from .medium import Medium
from .medium_table import Axis, MOMENTUM_NODES_GeV, Wall
from .outflow import (
    Drive,
    RadialWind,
    check_outflow_speed,
    outflow_divergence_Myr,
    outflow_speed_kpc_Myr,
    outflow_velocity_kpc_Myr,
)
from .sampling import check_functions, galactic_axes
from .surface import distance_from_disc_kpc, exponential_field_uG, reach_kpc
from .units import FloatArray, momentum_GeV, total_energy_GeV
from .waves import streaming
from .waves.flow import check_wave_speed, wave_divergence_Myr, wave_velocity_kpc_Myr

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
    saturation, outflow_recipe : str
        Recipes of `bell.SATURATION` and `outflow.OUTFLOW`, for the field and the speed of the Bell region.
    wind : RadialWind, optional
        That of the outflow "wind", whose gas then is that around the galaxy.
    B_cgm_uG : float
        Field around the galaxy before the instability: where it exceeds that of PRL Eq. 6 there is none, and
        particles are free.
    current : callable, optional
        E^2 phi that drives the instability over that of PRL Eq. 3, by total energy [GeV]: then each energy
        scatters on the field that its own current makes, and the largest sets the onset and the outflow.
    D_over_bohm : float
        Diffusion coefficient of the Bell region over Bohm's.
    delta_G, cgm_core_kpc, cgm_beta : float
        Of the circumgalactic gas, a beta-profile with the first at its centre; uniform for beta 0.
    gas : str
        Of the disc: "uniform", 1 cm^-3 exp(-|z|/100 pc) for R < R_d; "mcmillan", as observed (`disc.gas`).
    slope_beyond, E_break_GeV, radial : float or None, float, str
        Slope of the source above a break, its energy; the spread over the disc, one of `disc.sources.RADIAL`.
    helium_factor : float or (disc, halo, circumgalactic)
        Collisions with all nuclei over those with as many protons as the density of a gas says: hydrogen in
        the disc and the halo, rho/m_p around the galaxy. `maps.target_factors` are those of helium.
    inelasticity : callable, optional
        Fraction of its energy that a proton loses in a pp collision, of the total energy [GeV], in place of
        that of `gas_density`.
    field : str or callable
        "isotropic": D the same in all directions; one of `field_lines.FIELDS`, whose lines particles follow;
        or a function (R_kpc, z_kpc) -> (B_R, B_phi, B_z) [uG] of the user's own, above the plane.
    B_pol_uG, R_pol_kpc, z_open_kpc : float
        Of the X-shaped field, see `field_lines.Shape`.
    epsilon, wander_kpc, drifts : float, float, bool
        What takes particles off their lines, see `field_lines.FieldLines`.
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
    wind: RadialWind | None = None
    two_way: bool = True
    B_cgm_uG: float = 0.0
    current: Callable[[np.ndarray], np.ndarray] | None = None
    D_over_bohm: float = 1.0
    delta_G: float = 100.0
    cgm_core_kpc: float = 10.0
    cgm_beta: float = 0.0
    gas: str = "uniform"
    radial: str = "uniform"
    helium_factor: float | tuple[float, float, float] = 1.0
    L_CR_erg_s: float = 1e41
    R_d_kpc: float = 10.0
    slope: float = 2.0
    E_min_GeV: float = 1.0
    E_max_GeV: float = 1e6
    slope_beyond: float | None = None
    E_break_GeV: float = 1e4
    r_max_kpc: float = 100.0
    inelasticity: Callable[[np.ndarray], ArrayLike] | None = None
    field: str | field_lines.FieldFunction = "isotropic"
    B_pol_uG: float = 0.1
    R_pol_kpc: float = 3.0
    z_open_kpc: float = 4.0
    epsilon: float = 0.0
    wander_kpc: float = 0.0
    drifts: bool = False
    waves_move: bool = False
    field_uG: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None
    diffusion: Callable[[ArrayLike, ArrayLike, ArrayLike], FloatArray] | None = None
    disc_gas_cm3: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None
    halo_gas_cm3: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None

    def __post_init__(self) -> None:
        """Refuse what is not allowed (`UserError`); quantities with units are converted."""
        check_source(self)
        if (self.wind is not None) != (self.outflow_recipe == "wind"):
            raise UserError('Galaxy.wind: allowed: a RadialWind with outflow_recipe = "wind", and only then')

    @cached_property
    def energy_flux(self) -> float:
        """E^2 phi that drives the instability [erg cm^-2 s^-1], at the disc: PRL Eq. 3 at E_max, or the
        largest of a `current`."""
        if self.current is None:
            return float(self.injected_energy_flux(self.E_max_GeV))
        return float(self.energy_flux_at(np.geomspace(self.E_min_GeV, 10.0 * self.E_max_GeV, 400)).max())

    def injected_energy_flux(self, E_GeV: ArrayLike) -> FloatArray:
        """E^2 phi out of each side of the disc [erg cm^-2 s^-1] (PRL Eq. 3)."""
        of_spectrum = self.slope, self.E_min_GeV, self.E_max_GeV, self.slope_beyond, self.E_break_GeV
        return bell.escaping_energy_flux_erg_cm2_s(E_GeV, self.L_CR_erg_s, self.R_d_kpc, *of_spectrum)

    def energy_flux_at(self, E_GeV: ArrayLike) -> FloatArray:
        """E^2 phi that makes the field on which an energy scatters: that of all, or its own `current`."""
        E = np.asarray(E_GeV, float)
        if self.current is None:
            return np.full(E.shape, self.energy_flux)
        return self.injected_energy_flux(E) * self.current(E)

    def cgm_density_cm3(self, R_kpc: ArrayLike, z_kpc: ArrayLike) -> FloatArray:
        """Hydrogen density of the circumgalactic gas."""
        if self.wind is not None:
            return self.wind.density_cm3(R_kpc, z_kpc)
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
        """Strength of the halo field: of the vector, where it alone is given."""
        if callable(self.field) or self.field == "tube":
            R, z = np.broadcast_arrays(np.asarray(R_kpc, float), np.abs(np.asarray(z_kpc, float)))
            return field_lines.norm(*self._field(R, z))
        return self._strength_uG(R_kpc, z_kpc)

    @cached_property
    def _field(self) -> field_lines.FieldFunction:
        if callable(self.field):
            return field_lines.own_field(self.field)
        return field_lines.field_of(self.field, self._shape)

    @property
    def _shape(self) -> field_lines.Shape:
        disc, poloidal = (self.B0_uG, self.z_B_kpc), (self.B_pol_uG, self.R_pol_kpc, self.z_open_kpc)
        return field_lines.Shape(self._strength_uG, *disc, *poloidal)

    @cached_property
    def lines(self) -> field_lines.FieldLines | None:
        """Field lines that particles follow, or None."""
        if self.field == "isotropic":
            return None
        name = field_lines.OWN if callable(self.field) else "medium.field"
        return field_lines.FieldLines(self._field, self.epsilon, self.wander_kpc, self.drifts, name)

    def _strength_uG(self, R_kpc: ArrayLike, z_kpc: ArrayLike) -> FloatArray:
        if self.field_uG is not None:
            return self.field_uG(np.asarray(R_kpc, float), np.asarray(z_kpc, float))
        if self.halo == "constant":
            return np.full(np.broadcast_shapes(np.shape(R_kpc), np.shape(z_kpc)), self.B0_uG)
        return exponential_field_uG(R_kpc, z_kpc, self.B0_uG, self.z_B_kpc, self.R_d_kpc)

    def diffusion_halo(self, p_GeV: ArrayLike, R_kpc: ArrayLike, z_kpc: ArrayLike) -> FloatArray:
        """D = r_L v/(3 F) in the halo [kpc^2/Myr]: along its field lines (REV), isotropic without them."""
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
        gas_cm3 = self.cgm_density_cm3(R_kpc, z_kpc)
        return self.energy_flux, self.R_d_kpc, gas_cm3, self.saturation, self.B_cgm_uG

    def diffusion_bell(self, p_GeV: ArrayLike, R_kpc: ArrayLike, z_kpc: ArrayLike) -> FloatArray:
        """Bohm diffusion in the saturated field [kpc^2/Myr] (PRL Eq. 9), times `D_over_bohm`.

        As p^2 above E_max, where there are no resonant waves; a `current` that is measured has its own at all
        energies.
        """
        longest = momentum_GeV(self.E_max_GeV) if self.current is None else np.inf
        over_bohm = self.D_over_bohm * bell.without_resonance(p_GeV, float(longest))
        flux = self.energy_flux_at(total_energy_GeV(p_GeV))
        field_uG = bell.amplified_field_uG(R_kpc, z_kpc, flux, *self._bell_of(R_kpc, z_kpc)[1:])
        return over_bohm * bell.bohm_diffusion_coefficient_kpc2_Myr(p_GeV, field_uG)

    def outflow(self, R_kpc: ArrayLike, z_kpc: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Velocity (u_R, u_z) of the plasma in the Bell region [kpc/Myr]."""
        return outflow_velocity_kpc_Myr(R_kpc, z_kpc, self.cgm_density_cm3(R_kpc, z_kpc), self.drive)

    def outflow_speed_kpc_Myr(self, R_kpc: ArrayLike, z_kpc: ArrayLike) -> FloatArray:
        """Its speed, at the centre too, where the velocity has no direction."""
        return outflow_speed_kpc_Myr(R_kpc, z_kpc, self.cgm_density_cm3(R_kpc, z_kpc), self.drive)

    def outflow_divergence_Myr(self, R_kpc: ArrayLike, z_kpc: ArrayLike) -> FloatArray:
        """Divergence of it."""
        slope = gas.beta_profile_slope(np.hypot(R_kpc, z_kpc), self.cgm_core_kpc, self.cgm_beta)
        density = self.cgm_density_cm3(R_kpc, z_kpc)
        return outflow_divergence_Myr(R_kpc, z_kpc, density, self.drive, slope)

    @property
    def drive(self) -> Drive:
        """What sets the plasma of the Bell region in motion; all of L_CR, whatever the `current` is."""
        flux = self.energy_flux, bell.total_energy_flux_erg_cm2_s(self.L_CR_erg_s, self.R_d_kpc)
        return Drive(self.outflow_recipe, *flux, self.R_d_kpc, self.saturation, self.B_cgm_uG, self.wind)

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
        return gas.pp_energy_loss_rate_GeV_Myr(E_GeV, inelasticity) * E_GeV / np.asarray(p_GeV) ** 2

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
        R_reach, z_reach, z_largest = reach_kpc(self.surface_level, self.r_max_kpc)
        if min(R_reach, z_reach) < SMALLEST_HALO_KPC:
            saturated, halo = self.saturated_field_uG(0.0, 0.0), self.magnetic_field_uG(0.0, 0.0)
            raise no_halo(self, min(R_reach, z_reach), float(saturated), float(halo))
        return R_reach, z_largest

    def axes(self) -> tuple[Axis, Axis]:
        """Grid nodes, see `sampling.galactic_axes`."""
        top = self.H_kpc if self.halo == "constant" else None
        return galactic_axes(self.R_d_kpc, self.surface_extent_kpc, self.r_max_kpc, top)

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
        if self.lines is not None and (callable(self.field) or self.field == "tube"):
            field_lines.check_strength(self.lines, self.field_uG, self.r_max_kpc)
        extent_kpc = self.surface_extent_kpc
        if self.has_bell_region:
            end_kpc = self.bell_outer_radius_kpc
            check_outflow_speed(self.surface_level, self.cgm_density_cm3, end_kpc, self.drive)
        if self.lines is not None:
            field_lines.check_field(self.lines, self.surface_level, *extent_kpc, self.R_d_kpc)
            if self.field == "x-shaped" and (self.bell or self.halo == "constant"):
                field_lines.check_poloidal(self._shape, self.surface_level, *extent_kpc)
        if self.waves_move:
            check_wave_speed(self.wave_speed_kpc_Myr, extent_kpc[1], self.n_i_cm3)

    def medium(self) -> Medium:
        """The tabulated medium; raises what `check` does."""
        self.check()
        R_axis, z_axis = self.axes()
        outside = self.has_bell_region
        uniform = partial(gas.disc_density_cm3, R_d_kpc=self.R_d_kpc)
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
            gas_disc=self.disc_gas_cm3 or (mcmillan_density_cm3 if self.gas == "mcmillan" else uniform),
            gas_halo=self.halo_gas_cm3 or (lambda R, z: gas.halo_density_cm3(R, z, self.R_d_kpc)),
            gas_cgm=self.cgm_density_cm3,
            loss_rate=self.loss_rate,
            collisions=self.helium_factors,
            disc_scale_kpc=min(gas.DISC_HEIGHT_KPC, self.R_d_kpc),
            lines=self.lines,
            source_radii_kpc=radii_of_shares(self.radial, self.R_d_kpc),
        )
