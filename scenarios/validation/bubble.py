"""Known answers of the expanding bubble: gas alone, bubbles without diffusion, cosmic rays in gas at rest."""

from __future__ import annotations

import numpy as np
from scipy.integrate import solve_ivp

from ...fields import bell
from ...fields.gas_density import cgm_density_cm3
from ...fields.units import C_KPC_MYR, GEV_ERG, KPC_CM, M_P_G, MYR_S, FloatArray
from ...mc.coupled.bubble_snapshot import Snapshot
from ...mc.coupled.bubble_start import Gas, Groups, faces_kpc, groups_of, hydrostatic_gas, uniform_gas
from ...mc.coupled.expanding_bubble import ENERGY_ERG, PRESSURE_ERG_CM3, ExpandingBubble
from ...mc.spectrum import Spectrum
from .tools import Rows, row

# Relativistic throughout: the pressure is a third of the energy.
_RELATIVISTIC = Spectrum(E_min_GeV=1e4, E_max_GeV=1e5)
_DELTA_G = 100.0
# R ~ t^(3/5) in uniform gas; of what is injected, 5/8 is in the bubble: E = 3 P V, dE/dt = L - P dV/dt.
_POWER, _HELD = 0.6, 0.625


def thin_shell() -> tuple[float, float]:
    """R/(L t^3/rho)^(1/5) and P t^2/(rho R^2) of a thin shell: d(M u)/dt = 4 pi R^2 P."""
    pressure = _POWER * (4 * _POWER - 1.0) / 3.0
    return (_HELD / (4.0 * np.pi * pressure)) ** 0.2, pressure


def adiabatic_bubble(gamma: float = 5.0 / 3.0) -> tuple[float, float, float]:
    """Contact and shock over (L t^3/rho)^(1/5), and P t^2/(rho R_contact^2), of gas that does not cool.

    The similarity solution: from the jump at a strong shock inwards, to where the gas moves as the pattern
    does (Dyson 1973, A&A 23, 381, for a bubble of gamma = 5/3; here it is 4/3).
    """
    slowing = 2.0 * (1.0 - _POWER) / _POWER

    def slopes(x: float, y: FloatArray) -> FloatArray:
        v, g, p = y
        lag = v - x
        matrix = np.array([[g, lag, 0.0], [lag, 0.0, 1.0 / g], [0.0, -gamma * lag / g, lag / p]])
        return np.linalg.solve(matrix, [-2.0 * g * v / x, 0.5 * slowing * v, slowing])

    def at_contact(x: float, y: FloatArray) -> float:
        return float(x - y[0]) - 1e-7

    at_contact.terminal = True  # type: ignore[attr-defined]
    jump = [2.0 / (gamma + 1.0), (gamma + 1.0) / (gamma - 1.0), 2.0 / (gamma + 1.0)]
    found = solve_ivp(slopes, (1.0, 0.5), jump, rtol=1e-10, atol=1e-12, events=at_contact)
    contact, pressure = float(found.t[-1]), float(found.y[2, -1])
    shock = (_HELD / (4.0 * np.pi * pressure * _POWER**2 * contact**3)) ** 0.2
    return contact * shock, shock, pressure * (_POWER / contact) ** 2


def _bubble(
    gamma: float, faces: FloatArray, t_Myr: float, T_K: float = 100.0, thinnest: float = 1e-3
) -> Snapshot:
    """A bubble without diffusion in uniform gas."""
    gas = uniform_gas(faces, float(cgm_density_cm3(_DELTA_G)), T_K, gamma)
    return ExpandingBubble(gas, groups_of(_RELATIVISTIC, 12), thinnest=thinnest).to(t_Myr)


def _in_units(bubble: Snapshot) -> tuple[float, float, float]:
    """Contact and front over (L t^3/rho)^(1/5), and P t^2/(rho R_contact^2)."""
    t, rho = bubble.age_Myr * MYR_S, M_P_G * float(cgm_density_cm3(_DELTA_G))
    unit = (bubble.energy_erg["injected"] * t**2 / rho) ** 0.2 / KPC_CM
    R = bubble.contact_kpc * KPC_CM
    return bubble.contact_kpc / unit, bubble.front_kpc / unit, bubble.cavity_pressure * t**2 / (rho * R**2)


def bubble_in_cold_gas(scale: float) -> Rows:
    """Bubble without diffusion in uniform gas that radiates: a thin shell."""
    R, _, P = _in_units(_bubble(1.0, faces_kpc(1.0, 170.0, round(600 * scale)), 1000.0, thinnest=1e-4))
    radius, pressure = thin_shell()
    return [
        row("thin shell: R/(L t^3/rho)^(1/5)", R, radius, 0.0, 0.01 * radius),
        row("thin shell: P t^2/(rho R^2)", P, pressure, 0.0, 0.01 * pressure),
    ]


def bubble_in_adiabatic_gas(scale: float) -> Rows:
    """Bubble without diffusion in uniform gas that does not cool."""
    found = _in_units(_bubble(5.0 / 3.0, faces_kpc(1.0, 170.0, round(300 * scale)), 800.0))
    names = ("contact", "shock", "P t^2/(rho R_contact^2)")
    return [
        row(f"adiabatic bubble: {name}", value, expected, 0.0, 0.015 * expected)
        for name, value, expected in zip(names, found, adiabatic_bubble(), strict=True)
    ]


def bubble_that_stalls(scale: float) -> Rows:
    """Bubble held by the pressure of hot gas: V = L t/(4 P)."""
    age = 1e4
    bubble = _bubble(5.0 / 3.0, faces_kpc(20.0, 2500.0, round(150 * scale)), age, T_K=1e6)
    pressure = float(bubble.gas_pressure[-1])
    volume = 4.0 / 3.0 * np.pi * (bubble.contact_kpc**3 - 20.0**3) * KPC_CM**3
    energy = bubble.energy_erg["injected"]
    return [row("stalled bubble: 4 P V/(L t)", 4.0 * pressure * volume / energy, 1.0, 0.0, 0.02)]


def blast_and_tube(scale: float) -> Rows:
    """Gas alone: the blast of Sedov, the tube of Sod."""
    zones = round(400 * scale)
    tube = np.linspace(0.0, 1.0, zones + 1)
    left = 0.5 * (tube[1:] + tube[:-1]) < 0.5
    gas = Gas(tube, np.where(left, 1.0, 0.125), np.where(left, 1.0, 0.1), gamma=1.4, dimensions=1)
    sod = ExpandingBubble(gas, thinnest=0.0).to(0.2)
    between = float(np.interp(0.75, sod.centres_kpc, sod.gas_pressure)) / PRESSURE_ERG_CM3
    # Exact solution of the Riemann problem: Toro (2009), Riemann Solvers, test 1 of Sod (1978).
    rows = [
        row("Sod: pressure", between, 0.30313, 0.0, 0.01 * 0.30313),
        row("Sod: speed", float(np.interp(0.75, sod.r_kpc, sod.u_kpc_Myr)), 0.92745, 0.0, 0.01 * 0.92745),
        row("Sod: shock", sod.front_kpc - 0.5, 0.2 * 1.75216, 0.0, 0.01 * 0.2 * 1.75216),
    ]
    r = np.append(0.0, np.linspace(0.01, 1.0, zones))
    blast = ExpandingBubble(Gas(r, np.ones(zones), np.full(zones, 1e-15)), thinnest=0.0)
    blast.add_heat_erg(0, 1e-6 * ENERGY_ERG)
    # 1.15167: Sedov (1959), gamma = 5/3.
    radius = blast.to(300.0).front_kpc / (1e-6 * 300.0**2) ** 0.2
    return [*rows, row("Sedov: r/(E t^2/rho)^(1/5)", radius, 1.15167, 0.0, 0.01 * 1.15167)]


def cosmic_rays_in_gas_at_rest(scale: float) -> Rows:
    """Cosmic rays that enter gas which is too heavy to move: the density at the wall of PRL Eq. 10."""
    t, D = 100.0, np.array([0.1, 0.5, 2.0])
    r = np.append(0.0, np.geomspace(0.05, 150.0, round(300 * scale))) + 1e-6
    gas = Gas(r, np.ones(r.size - 1), np.full(r.size - 1, 1e-8), dimensions=1)
    groups = Groups(1e4 * np.geomspace(1.0, 8.0, 4), np.ones(3))
    wall = ExpandingBubble(gas, groups, lambda p, r: D + 0.0 * r, thinnest=0.0).to(t).protons_cm3[0]
    flux = groups.injected_s / KPC_CM**2
    expected = bell.density_diffusive_cm3_GeV(flux, t, D)
    return [
        row(f"wall of gas at rest: D = {d:g} kpc2/Myr", n / n_0, 1.0, 0.0, 0.01)
        for d, n, n_0 in zip(D, wall, expected, strict=True)
    ]


def energy_of_the_bubble(scale: float) -> Rows:
    """All energy that is injected is found again, of cosmic rays and of gas."""
    density, age = float(cgm_density_cm3(_DELTA_G)), 600.0
    cold = uniform_gas(faces_kpc(5.0, 400.0, round(80 * scale)), density, 1e4)
    hot = hydrostatic_gas(faces_kpc(5.0, 1000.0, round(80 * scale)), density, 50.0, 1e6)
    groups = groups_of(Spectrum())
    injected = float((groups.injected_s * groups.means()[0]).sum()) * age * MYR_S * GEV_ERG

    def D(p: FloatArray, r: FloatArray) -> FloatArray:
        return np.minimum(1e-6 * p * r, C_KPC_MYR * r / 3.0)

    rows = []
    for name, gas in (("cold gas", cold), ("hot gas", hot)):
        bubble = ExpandingBubble(gas, groups, D, lambda p: 1e-2 + 0.0 * p).to(age)
        E = {key: energy / injected for key, energy in bubble.energy_erg.items()}
        cosmic = E["cosmic_rays"] + E["escaped"] + E["pp"] + E["cooled"] + E["work"]
        lifted = (_weight_erg(gas, bubble.r_kpc, bubble.density_cm3) - _weight_erg(gas)) / injected
        gained = E["motion"] + E["heat"] + E["radiated"] + E["wall"] + lifted
        rows += [
            row(f"energy of the bubble in {name}: cosmic rays", cosmic, 1.0, 0.0, 1e-3),
            row(f"energy of the bubble in {name}: work on the gas", gained, E["work"], 0.0, 1e-3),
        ]
    return rows


def _weight_erg(gas: Gas, r_kpc: FloatArray | None = None, density_cm3: FloatArray | None = None) -> float:
    """Potential energy v_c^2 ln r of gas, half of each zone at either of its faces; as it is at first."""
    r = gas.r_kpc if r_kpc is None else r_kpc
    density = gas.density_cm3 if density_cm3 is None else density_cm3
    mass = density * 4.0 / 3.0 * np.pi * np.diff(r**3)
    at_faces = 0.5 * (np.log(r[1:]) + np.log(r[:-1]))
    return float((mass * at_faces).sum() * gas.v_c_kpc_Myr**2 * ENERGY_ERG)
