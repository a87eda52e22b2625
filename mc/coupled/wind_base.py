"""Speeds tried at the base of a wind, outwards, and why there is no wind where there is none."""

from __future__ import annotations

import math

import numpy as np
from scipy.integrate import solve_ivp

from ...fields.exceptions import RunFailed
from ...fields.units import KPC_MYR_KM_S, FloatArray
from .wind_flow import Closure, WindBase, WindEquations, WindTube, square_speed

_TOLERANCES = {"method": "LSODA", "rtol": 1e-10, "atol": 1e-12}
_SLOWEST_KM_S, _FASTEST_KM_S, _SPEEDS, _BISECTIONS = 0.3, 1000.0, 40, 36
_LONGEST = 1e4

HEAVY, SLOW, NEGATIVE = "too heavy", "only subsonic", "c*^2 < 0"
BOUND, NOT_A_SADDLE = "bound", "no saddle"
REASONS = {
    HEAVY: "the base is too heavy: its pressures fall before they have lifted the gas, at any speed there",
    SLOW: "only subsonic flows: c* is not met before the end of the tube",
    NEGATIVE: "c*^2 falls below u^2, and then below zero: where u < (2/3) v_A cosmic rays heat the gas more "
    "than they lift it",
    BOUND: "gas and cosmic rays have less energy than it takes to leave: no flow reaches the end of the tube",
    NOT_A_SADDLE: "no solution goes through the point where u = c*",
}


class NoWind(RunFailed):
    """There is no wind from a base: `reason` is a key of `REASONS`, `tried` what came of each speed there."""

    def __init__(self, reason: str, tried: list[tuple[float, str]]) -> None:
        super().__init__(f"no wind: {REASONS[reason]}")
        self.reason, self.tried = reason, tried


def start_of(base: WindBase, tube: WindTube, closure: Closure, u: float) -> tuple[WindEquations, FloatArray]:
    """Equations and y of a wind that leaves its base at a speed."""
    flux = base.density_cm3 * u * math.exp(float(tube.ln_area(base.z_kpc)))
    gas = base.density_cm3 * square_speed(base.temperature_K)
    cosmic = closure.base_share * base.cosmic_ray_pressure(u)
    return WindEquations(base, tube, closure, flux), np.log([u, gas, cosmic])


def energy_at_base(base: WindBase, tube: WindTube, closure: Closure, u: float) -> float:
    """Energy per mass, with that of cosmic rays as a fluid, at the base, in (kpc/Myr)^2."""
    equations, y = start_of(base, tube, closure, u)
    state, index = equations.state(base.z_kpc, y), base.gamma_c / (base.gamma_c - 1.0)
    heat = base.gamma_g / (base.gamma_g - 1.0) * state.gas if base.gamma_g > 1.0 else 0.0
    carried = index * state.cosmic * (state.u + state.v_A) / state.u
    return 0.5 * u * u + heat + carried + float(tube.potential(base.z_kpc))


def outcome(base: WindBase, tube: WindTube, closure: Closure, u: float) -> tuple[str, float, FloatArray]:
    """What becomes of a speed at the base, with the height and y where that is decided.

    "slow": the flow turns back; "fast": it meets c* too early; "subsonic": neither, to the end of the tube;
    "none": c*^2 < u^2 from the start.
    """
    equations, y = start_of(base, tube, closure, u)
    if equations.sides(base.z_kpc, y)[1] >= 0.0:
        return "none", base.z_kpc, y

    def along(_: float, x: FloatArray) -> list[float]:
        """ln z and y along the way: nothing grows without bound where u meets c*."""
        z = math.exp(x[0])
        numerator, denominator, state = equations.sides(z, x[1:])
        level, rising = equations.slopes(z, state, 0.0), equations.slopes(z, state, 1.0)
        scale = state.u**2 + abs(denominator) + z * float(tube.gravity(z))
        forward, up = -denominator / scale, -numerator * z / scale
        return [
            forward,
            *(one * z * forward + (two - one) * up for one, two in zip(level, rising, strict=True)),
        ]

    def meets(_: float, x: FloatArray) -> float:
        return equations.sides(math.exp(x[0]), x[1:])[1]

    def turns(_: float, x: FloatArray) -> float:
        return equations.sides(math.exp(x[0]), x[1:])[0]

    def ends(_: float, x: FloatArray) -> float:
        return float(x[0]) - math.log(tube.end_kpc)

    events = (meets, turns, ends)
    for event in events:
        event.terminal, event.direction = True, 1.0  # type: ignore[attr-defined]
    x = np.append(math.log(base.z_kpc), y)
    run = solve_ivp(along, (0.0, _LONGEST), x, events=events, **_TOLERANCES)
    met = zip(("fast", "slow", "subsonic"), run.t_events, strict=True)
    word = next((word for word, times in met if times.size), "subsonic")
    return word, math.exp(run.y[0, -1]), np.asarray(run.y[1:, -1], float)


def critical_guess(base: WindBase, tube: WindTube, closure: Closure) -> tuple[float, float, FloatArray]:
    """Speed at the base of the wind, and the height and y that come closest to its critical point.

    Raises
    ------
    NoWind
        If no speed at the base is at the border between too slow and too fast.
    """
    speeds = np.geomspace(_SLOWEST_KM_S, _FASTEST_KM_S, _SPEEDS) / KPC_MYR_KM_S
    tried = [(float(u), outcome(base, tube, closure, u)[0]) for u in speeds]
    tried = _between(base, tube, closure, tried)
    words = [word for _, word in tried]
    for at in range(len(words) - 1):
        if words[at] == "slow" and words[at + 1] == "fast":
            return _bisected(base, tube, closure, tried[at][0], tried[at + 1][0])
    if set(words) == {"none"}:
        raise NoWind(NEGATIVE, tried)
    if "fast" not in words or "subsonic" in words:
        raise NoWind(SLOW, tried)
    slowest = tried[words.index("fast")][0]
    equations, _ = start_of(base, tube, closure, slowest)
    state = equations.state(*outcome(base, tube, closure, slowest)[1:])
    raise NoWind(NEGATIVE if state.u < (base.gamma_g - 1.0) * state.v_A else HEAVY, tried)


def _between(
    base: WindBase, tube: WindTube, closure: Closure, tried: list[tuple[float, str]]
) -> list[tuple[float, str]]:
    """Speeds tried, and more of them about the first at which c*^2 > u^2: a narrow range may begin there."""
    words = [word for _, word in tried]
    first = next((at for at, word in enumerate(words) if word != "none"), 0)
    if first == 0 or words[first] != "fast":
        return tried
    low, high = tried[first - 1][0], tried[first][0]
    more = []
    for _ in range(20):
        middle = math.sqrt(low * high)
        word = outcome(base, tube, closure, middle)[0]
        more.append((middle, word))
        if word in ("slow", "subsonic"):
            break
        low, high = (middle, high) if word == "none" else (low, middle)
    return sorted([*tried, *more])


def _bisected(
    base: WindBase, tube: WindTube, closure: Closure, slow: float, fast: float
) -> tuple[float, float, FloatArray]:
    for _ in range(_BISECTIONS):
        middle = math.sqrt(slow * fast)
        if middle in (slow, fast):
            break
        if outcome(base, tube, closure, middle)[0] == "fast":
            fast = middle
        else:
            slow = middle
    _, z, y = outcome(base, tube, closure, fast)
    return fast, z, y
