"""The wind through its critical point: the one speed at the base from which gas gets away supersonically.

Speeds at the base are tried first, outwards: too fast, and u meets c* where gravity is still the stronger;
too slow, and the flow turns back before it meets it (`wind_base`). The critical point between the two is then
found as an unknown of its own (u = c*, c*^2 A'/A = g), from where the equations are followed both ways, which
is stable, until they meet the base.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.integrate import cumulative_simpson, solve_ivp
from scipy.optimize import root

from ...fields.units import FloatArray
from .wind_base import BOUND, NOT_A_SADDLE, NoWind, critical_guess, energy_at_base, start_of
from .wind_flow import Closure, WindBase, WindEquations, WindTube, square_speed, temperature_K

_TOLERANCES = {"method": "LSODA", "rtol": 1e-10, "atol": 1e-12}
# First order from there on, so that the error is the square of it.
_STEP_FROM_CRITICAL = 3e-5
_POINTS, _NEAREST = 1600, 1e-7


class Critical(NamedTuple):
    """The point where u = c*, by the unknowns it is found with."""

    z_kpc: float
    u_kpc_Myr: float
    mass_flux: float
    cosmic_ray_pressure: float


@dataclass(frozen=True)
class Wind:
    """A wind: profiles on heights from the base outwards.

    Attributes
    ----------
    base, tube, closure : WindBase, WindTube, Closure
        What it is of.
    critical : Critical
        Where u = c*.
    z_kpc : ndarray, shape (m,)
        Heights, the base first.
    u_kpc_Myr, v_A_kpc_Myr, c_kpc_Myr : ndarray, shape (m,)
        Speeds of the gas, of waves in it, and c*.
    density_cm3 : ndarray, shape (m,)
        rho/m_p.
    gas_pressure, cosmic_ray_pressure : ndarray, shape (m,)
        In m_p (kpc/Myr)^2 cm^-3.
    """

    base: WindBase
    tube: WindTube
    closure: Closure
    critical: Critical
    z_kpc: FloatArray
    u_kpc_Myr: FloatArray
    v_A_kpc_Myr: FloatArray
    c_kpc_Myr: FloatArray
    density_cm3: FloatArray
    gas_pressure: FloatArray
    cosmic_ray_pressure: FloatArray

    @property
    def area(self) -> FloatArray:
        """A/A(0), (m,)."""
        return np.exp(self.tube.ln_area(self.z_kpc))  # type: ignore[arg-type]

    @property
    def temperature_K(self) -> FloatArray:
        """Of the gas, (m,)."""
        return temperature_K(self.gas_pressure / self.density_cm3)

    @property
    def B_uG(self) -> FloatArray:
        """Field along the tube, (m,)."""
        return self.base.B_uG * self.area[0] / self.area

    @property
    def waves_kpc_Myr(self) -> FloatArray:
        """Speed of waves, u + v_A, which carry cosmic rays, (m,)."""
        return self.u_kpc_Myr + self.v_A_kpc_Myr

    @property
    def work(self) -> FloatArray:
        """Integral of A (u + v_A) (-P_c') from the base, (m,): what cosmic rays lose to gas and waves."""
        x = np.log(self.z_kpc)
        falling = -np.gradient(np.log(self.cosmic_ray_pressure), x, edge_order=2)
        lost = self.area * self.waves_kpc_Myr * self.cosmic_ray_pressure * falling
        return np.asarray(cumulative_simpson(lost, x=x, initial=0.0))

    @property
    def cosmic_ray_energy(self) -> FloatArray:
        """A (u + v_A) P_c gamma_c/(gamma_c - 1), where cosmic rays do not diffuse, (m,)."""
        index = self.base.gamma_c
        return self.area * self.waves_kpc_Myr * self.cosmic_ray_pressure * index / (index - 1.0)

    @property
    def gas_energy(self) -> FloatArray:
        """Per mass: u^2/2 + gamma_g/(gamma_g - 1) P_g/rho + Phi; with gamma_g = 1 a logarithm, (m,)."""
        index, ratio = self.base.gamma_g, self.gas_pressure / self.density_cm3
        heat = index / (index - 1.0) * ratio if index > 1.0 else ratio * np.log(self.density_cm3)
        potential = np.array([float(self.tube.potential(z)) for z in self.z_kpc])
        return np.asarray(0.5 * self.u_kpc_Myr**2 + heat + potential)

    @property
    def bernoulli(self) -> FloatArray:
        """gas_energy and that of cosmic rays per mass, which is constant where they do not diffuse, (m,)."""
        return self.gas_energy + self.cosmic_ray_energy / self.mass_flux

    @property
    def mass_flux(self) -> float:
        """n u A, in cm^-3 kpc/Myr per A(0)."""
        return self.critical.mass_flux


# -- through the critical point ------------------------------------------------------------


def _at_critical(equations: WindEquations, critical: Critical) -> FloatArray:
    """y where u = c*: P_g from c*.

    Raises
    ------
    ValueError
        If the gas would have no pressure.
    """
    z, index = critical.z_kpc, equations.base.gamma_g
    y = np.array([math.log(critical.u_kpc_Myr), 0.0, math.log(critical.cosmic_ray_pressure)])
    state = equations.state(z, y)
    gas = (state.u**2 - state.square_c(index) + index * state.gas) / index
    y[1] = math.log(gas * equations.density_cm3(z, y[0]))
    return y


def _steepness(equations: WindEquations, z: float, y: FloatArray) -> float:
    """d ln u/dz of what accelerates through the critical point, by l'Hopital's rule; NaN if nothing does."""
    state, h = equations.state(z, y), 1e-5 * z

    def change(steepness: float) -> FloatArray:
        slopes = np.array(equations.slopes(z, state, steepness))
        there, back = (equations.sides(z + side * h, y + side * h * slopes) for side in (1.0, -1.0))
        return np.array([(there[0] - back[0]) / (2.0 * h), (there[1] - back[1]) / (2.0 * h)])

    # Both sides change linearly with the steepness s: s = (N_0 + N_1 s)/(D_0 + D_1 s).
    at_rest, rising = change(0.0), change(1.0 / z)
    (N_0, D_0), (N_1, D_1) = at_rest, (rising - at_rest) * z
    under = (D_0 - N_1) ** 2 + 4.0 * D_1 * N_0
    return float((N_1 - D_0 + np.sqrt(under)) / (2.0 * D_1)) if under >= 0.0 and D_1 != 0.0 else math.nan


def _followed(
    equations: WindEquations, z: float, y: FloatArray, end: float, points: FloatArray
) -> FloatArray:
    """y at heights from the critical point on, (3, points); NaN where it cannot be followed."""
    steepness = _steepness(equations, z, y)
    if not math.isfinite(steepness):
        return np.full((3, points.size), math.nan)
    step = math.copysign(_STEP_FROM_CRITICAL * z, end - z)
    start = y + step * np.array(equations.slopes(z, equations.state(z, y), steepness))
    near = np.abs(points - z) <= abs(step)
    found = np.empty((3, points.size))
    found[:, near] = y[:, None] + (start - y)[:, None] * (points[near] - z) / step

    def distance(z: float, y: FloatArray) -> float:
        """From c*, of u^2."""
        return abs(equations.sides(z, y)[1]) * math.exp(-2.0 * y[0])

    nearest = 0.3 * distance(z + step, start)

    def returns(z: float, y: FloatArray) -> float:
        return distance(z, y) - nearest

    returns.terminal, returns.direction = True, -1.0  # type: ignore[attr-defined]
    run = solve_ivp(equations, (z + step, end), start, t_eval=points[~near], events=returns, **_TOLERANCES)
    if run.status != 0:
        return np.full((3, points.size), math.nan)
    found[:, ~near] = run.y
    return found


def _missed(base: WindBase, tube: WindTube, closure: Closure, x: FloatArray) -> FloatArray:
    """What c*^2 A'/A misses of g there, and what the solution misses of the base: ln density, T, P_c."""
    try:
        critical = Critical(*np.exp(x).tolist())
        equations = WindEquations(base, tube, closure, critical.mass_flux)
        y = _at_critical(equations, critical)
        pull = equations.sides(critical.z_kpc, y)[0] / float(tube.gravity(critical.z_kpc))
        ends = _followed(equations, critical.z_kpc, y, base.z_kpc, np.array([base.z_kpc]))[:, -1]
        density = equations.density_cm3(base.z_kpc, ends[0])
        cosmic = closure.base_share * base.cosmic_ray_pressure(math.exp(ends[0]))
        return np.array(
            [
                pull,
                math.log(density / base.density_cm3),
                ends[1] - math.log(density * square_speed(base.temperature_K)),
                ends[2] - math.log(cosmic),
            ]
        )
    except (ValueError, OverflowError, ZeroDivisionError):
        return np.full(4, math.nan)


def driven_wind(
    base: WindBase, tube: WindTube, closure: Closure | None = None, near: Critical | None = None
) -> Wind:
    """The wind that goes through its critical point.

    Parameters
    ----------
    base, tube : WindBase, WindTube
        Where it starts, and along what.
    closure : Closure, optional
        How cosmic rays follow the gas; none: they do not diffuse.
    near : Critical, optional
        That of a wind much like it, from which it is found in a few steps.

    Raises
    ------
    NoWind
        If there is none; its `reason` says why.
    """
    closure = closure or Closure()
    if near is not None:
        wind = _through(base, tube, closure, near)
        if wind is not None:
            return wind
    u, z, y = critical_guess(base, tube, closure)
    equations, _ = start_of(base, tube, closure, u)
    near = Critical(z, math.exp(y[0]), equations.mass_flux, math.exp(y[2]))
    wind = _through(base, tube, closure, near)
    if wind is None:
        raise NoWind(BOUND if energy_at_base(base, tube, closure, u) < 0.0 else NOT_A_SADDLE, [])
    return wind


def _through(base: WindBase, tube: WindTube, closure: Closure, near: Critical) -> Wind | None:
    """The wind whose critical point is near one; None where there is none to the end of the tube."""
    with np.errstate(all="ignore"):
        found = root(lambda x: _missed(base, tube, closure, x), np.log(near), tol=1e-11)
        missed = _missed(base, tube, closure, found.x)
        if not np.isfinite(missed).all() or np.abs(missed).max() > _NEAREST:
            return None
        try:
            return _profiles(base, tube, closure, Critical(*np.exp(found.x).tolist()))
        except (ValueError, OverflowError, ZeroDivisionError):
            return None


def _profiles(base: WindBase, tube: WindTube, closure: Closure, critical: Critical) -> Wind | None:
    """All of a wind from its critical point both ways; None where it falls back to c*."""
    equations = WindEquations(base, tube, closure, critical.mass_flux)
    z, y_c = np.geomspace(base.z_kpc, tube.end_kpc, _POINTS), _at_critical(equations, critical)
    z[0], z[-1] = base.z_kpc, tube.end_kpc
    below, above = z[z < critical.z_kpc][::-1], z[z >= critical.z_kpc]
    inner = _followed(equations, critical.z_kpc, y_c, base.z_kpc, below)[:, ::-1]
    y = np.hstack([inner, _followed(equations, critical.z_kpc, y_c, tube.end_kpc, above)])
    if not np.isfinite(y).all():
        return None
    states = [equations.state(at, each) for at, each in zip(z, y.T, strict=True)]
    u, v_A, gas, cosmic, *_ = (np.array(column) for column in zip(*states, strict=True))
    density = np.exp(y[1]) / gas
    c = np.sqrt(np.maximum([state.square_c(base.gamma_g) for state in states], 0.0))
    return Wind(base, tube, closure, critical, z, u, v_A, c, density, np.exp(y[1]), cosmic * density)
