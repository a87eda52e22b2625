"""A spherical bubble that the cosmic rays which leave a galaxy blow into the gas around it, in time.

    drho/dt + div(rho u) = 0,    rho Du/Dt = -d(P_CR + P_g)/dr - rho v_c^2/r,
    dn/dt + div(n u) = div(D grad n) + d/dln p [(div u/3 + b n_gas) n] + q,      n per ln p and energy group.

Gas is in Lagrangian zones. Within its innermost face is a cavity without plasma, where cosmic rays are
injected: nothing holds them there, they cross it at their own speed, and it is one well-mixed zone that does
work on the face. At first the face rests on a wall of radius R_d/sqrt(2), whose area is that of both faces of
the disc (from there on the flux of Blasi & Amato 2019, PRL 122, 051101, is diluted); the weight of the gas
holds it there until the pressure within lifts it off.

From the cavity, cosmic rays diffuse into the gas (`D`, usually Bohm's in the saturated field of PRL Eq. 8);
what leaves the outermost zone has escaped. The kernels are in `zones`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...fields.exceptions import UserError
from ...fields.galaxy import Galaxy
from ...fields.units import (
    C_KPC_MYR,
    KPC_CM,
    KPC_MYR_CM_S,
    M_P_G,
    M_P_GEV,
    MYR_S,
    FloatArray,
    speed_kpc_Myr,
)
from . import zones
from .bubble_snapshot import Snapshot, front_of
from .bubble_start import Gas, Groups
from .zone_state import STEP, TIME, Physics, State, scratch_for
from .zone_state import ZONES as HOW_MANY

FASTEST = 0.03
"""Of the speed of light: what the gas may reach, for it is not relativistic."""
PRESSURE_ERG_CM3 = M_P_G * KPC_MYR_CM_S**2
"""Of one proton mass per cm^3 moving at 1 kpc/Myr."""
ENERGY_ERG = PRESSURE_ERG_CM3 * KPC_CM**3
"""Of one proton mass per cm^3 and kpc^3 moving at 1 kpc/Myr."""
STAYS_WITHIN = "allowed: a larger transport.r_max, denser gas, or an earlier age"
"""What to ask for where a bubble leaves the gas that it was given."""
_THINNEST = 3e-4
_COUNTERS = ("injected", "escaped", "pp", "cooled", "work", "radiated", "wall", "weight")


class ExpandingBubble:
    """Gas and cosmic rays, to be followed from age to age.

    Parameters
    ----------
    gas : Gas
        At first, at rest.
    groups : Groups, optional
        Cosmic rays; none: gas alone.
    D_kpc2_Myr : callable, optional
        Diffusion coefficient of (p_GeV, r_kpc), which broadcast; none: no diffusion.
    loss_rate : callable, optional
        -dln p/dt [1/Myr] of p_GeV in gas of 1 cm^-3; none: no losses.
    thinnest : float
        Two neighbouring zones thinner than this share of their radius become one; 0: never.
    """

    def __init__(
        self,
        gas: Gas,
        groups: Groups | None = None,
        D_kpc2_Myr: Callable[[FloatArray, FloatArray], FloatArray] | None = None,
        loss_rate: Callable[[FloatArray], FloatArray] | None = None,
        thinnest: float = _THINNEST,
    ) -> None:
        self._edges = groups.p_edges_GeV if groups else np.empty(1)
        count = self._edges.size - 1
        volumes = np.diff(gas.r_kpc**3) * 4.0 / 3.0 * np.pi if gas.dimensions == 3 else np.diff(gas.r_kpc)
        heat = gas.pressure * volumes / (gas.gamma - 1.0) if gas.gamma > 1.0 else 0.0 * volumes
        self._state = State(
            r=np.array(gas.r_kpc, float),
            u=np.zeros(gas.r_kpc.size),
            mass=gas.density_cm3 * volumes,
            heat=heat,
            protons=np.zeros((gas.r_kpc.size, count)),
            energies=np.zeros(len(_COUNTERS)),
            clock=np.array([0.0, np.inf, float(volumes.size)]),
        )
        nodes = np.geomspace(max(gas.r_kpc[0], 1e-3 * gas.r_kpc[-1]), gas.r_kpc[-1], 200)
        self._physics = _physics(gas, groups, D_kpc2_Myr, loss_rate, thinnest, nodes)
        self._scratch = scratch_for(volumes.size, count)
        self._heat_at_first = float(heat.sum())

    def add_heat_erg(self, zone: int, energy_erg: float) -> None:
        """Heat one zone, at any time."""
        self._state.heat[zone] += energy_erg / ENERGY_ERG

    def to(self, age_Myr: float) -> Snapshot:
        """The bubble at an age, no earlier than the last one.

        Raises
        ------
        UserError
            If it, or a wave that it sends out, reaches the outermost zones, or if the gas is faster than
            `FASTEST` of the speed of light.
        """
        state = self._state
        if state.clock[TIME] == 0.0:
            state.clock[STEP] = 1e-6 * age_Myr
        end = zones.advance(state, self._physics, self._scratch, float(age_Myr))
        now = f"after {state.clock[TIME]:.4g} Myr"
        if end == zones.LEFT:
            edge = f"r_max = {state.r[self._count]:g} kpc"
            raise UserError(f"the bubble, or its sound, leaves {edge} {now}: {STAYS_WITHIN}")
        if end == zones.TOO_FAST:
            slower = "allowed: denser gas, or a smaller source.L_CR"
            raise UserError(f"the gas is faster than {FASTEST:g} c {now}: {slower}")
        if end == zones.STUCK:
            raise UserError(f"the step of the gas becomes too short {now}")
        return self._snapshot()

    @property
    def _count(self) -> int:
        return int(self._state.clock[HOW_MANY])

    def _snapshot(self) -> Snapshot:
        n, state, physics = self._count, self._state, self._physics
        r, mass, protons = state.r[: n + 1].copy(), state.mass[:n], state.protons[: n + 1]
        within = 4.0 / 3.0 * np.pi * r**3 if physics.dimensions == 3 else r
        volumes = np.append(within[0], np.diff(within))
        density = mass / volumes[1:]
        cosmic = protons @ physics.pressure / np.maximum(volumes, 1e-300)
        gas = (physics.gamma_gas - 1.0) * state.heat[:n] / volumes[1:] + density * physics.isothermal
        return Snapshot(
            age_Myr=float(state.clock[TIME]),
            r_kpc=r,
            u_kpc_Myr=state.u[: n + 1].copy(),
            density_cm3=density,
            gas_pressure=gas * PRESSURE_ERG_CM3,
            cosmic_pressure=cosmic[1:] * PRESSURE_ERG_CM3,
            protons_cm3=protons / np.maximum(volumes, 1e-300)[:, None],
            cavity_pressure=float(cosmic[0] * PRESSURE_ERG_CM3),
            p_edges_GeV=self._edges,
            front_kpc=front_of(r, state.u[: n + 1]),
            energy_erg=self._energies_erg(n),
        )

    def _energies_erg(self, n: int) -> dict[str, float]:
        state = self._state
        faces = 0.5 * (np.append(state.mass[:n], 0.0) + np.append(0.0, state.mass[:n]))
        counted = dict(zip(_COUNTERS, state.energies.tolist(), strict=True))
        found = {
            "injected": counted["injected"],
            "cosmic_rays": float((state.protons[: n + 1] @ self._physics.energy).sum()),
            "escaped": counted["escaped"],
            "pp": counted["pp"],
            "cooled": counted["cooled"],
            "work": counted["work"],
            "motion": float(0.5 * (faces * state.u[: n + 1] ** 2).sum()),
            "heat": float(state.heat[:n].sum()) - self._heat_at_first,
            "against_gravity": -counted["weight"],
            "radiated": counted["radiated"],
            "wall": counted["wall"],
        }
        return {name: energy * ENERGY_ERG for name, energy in found.items()}


def _physics(
    gas: Gas,
    groups: Groups | None,
    D_kpc2_Myr: Callable[[FloatArray, FloatArray], FloatArray] | None,
    loss_rate: Callable[[FloatArray], FloatArray] | None,
    thinnest: float,
    nodes: FloatArray,
) -> Physics:
    """What the kernels take; protons weigh their energy over c^2."""
    if groups is None:
        p = energy = pressure = injected = np.empty(0)
        width = 1.0
    else:
        p, (energy, pressure) = groups.p_GeV, groups.means()
        energy, pressure = (each / M_P_GEV * C_KPC_MYR**2 for each in (energy, pressure))
        injected = groups.injected_s * MYR_S / KPC_CM**3
        width = float(np.log(groups.p_edges_GeV[1] / groups.p_edges_GeV[0]))
    D = np.zeros((nodes.size, p.size)) if D_kpc2_Myr is None else D_kpc2_Myr(p, nodes[:, None])
    loss = np.zeros(p.size) if loss_rate is None or groups is None else loss_rate(groups.p_edges_GeV[:-1])
    return Physics(
        dimensions=gas.dimensions,
        gamma_gas=gas.gamma,
        isothermal=float(gas.pressure[0] / gas.density_cm3[0]) if gas.gamma == 1.0 else 0.0,
        wall_kpc=float(gas.r_kpc[0]),
        v_c=gas.v_c_kpc_Myr,
        highest_speed=FASTEST * C_KPC_MYR,
        thinnest=thinnest,
        energy=energy,
        pressure=pressure,
        lower_energy=np.diff(energy, prepend=0.0),
        width=width,
        injected=injected,
        loss=np.ascontiguousarray(loss, float),
        D_r=nodes,
        D=np.ascontiguousarray(np.broadcast_to(D, (nodes.size, p.size)), float),
    )


def bell_diffusion(galaxy: Galaxy) -> Callable[[FloatArray, FloatArray], FloatArray]:
    """D of (p_GeV, r_kpc) in the saturated field; a mean free path of r where nothing amplifies a field."""

    def D(p_GeV: FloatArray, r_kpc: FloatArray) -> FloatArray:
        free = speed_kpc_Myr(p_GeV) * r_kpc / 3.0
        amplified = galaxy.diffusion_bell(p_GeV, 0.0, r_kpc)
        return np.where(r_kpc < galaxy.bell_outer_radius_kpc, np.minimum(amplified, free), free)

    return D


def bubble_in(galaxy: Galaxy, groups: Groups, gas: Gas) -> ExpandingBubble:
    """The bubble that the cosmic rays of a galaxy blow into some gas."""
    target = float(galaxy.helium_factors[2])
    return ExpandingBubble(gas, groups, bell_diffusion(galaxy), lambda p: target * galaxy.loss_rate(p))
