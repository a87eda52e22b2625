"""Test protons along a wind, one by one: by diffusive steps in the D and the flow that were found.

    dz = (V + dD/dz + D A'/A) dt + (2D)^(1/2) dW + dK,    d ln p = -(1/3)(1/A) d(AV)/dz dt - (V_0/3 + b) dK/D,

with K the push that keeps a particle above the base, which is sampled with the way (the least place of a
Brownian bridge); K/D is the time it has there per height, over which the disc takes its share of ln p.
Protons are released over a range of momenta above the one that is looked at, and weigh what the disc
releases.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...fields.exceptions import UserError
from ...fields.units import KPC_MYR_CM_S, FloatArray
from .wind_loop import DrivenWind

_STEP = 0.004  # (2 D dt)^(1/2) is 9% of the length over which D and V change
_LENGTH_KPC, _NEAR = 0.5, 0.005
_HALF_BIN, _RELEASED_UP_TO = 0.2, 3.0  # in ln p
_FEWER_ABOVE = 1.3  # released as p^-1.3, those from far above count for little
_MOST_STEPS = 400_000


class WindPassage(NamedTuple):
    """Density at the base, and protons per area below a height, of particles over those of the equation."""

    p_GeV: float
    at_base: float
    at_base_error: float
    below: float
    below_error: float
    finished: bool


class _Table:
    """ln D, V and the loss of ln p on even steps of ln z and ln p."""

    def __init__(self, driven: DrivenWind) -> None:
        transport, protons = driven.transport, driven.protons
        self.ln_p, self.ln_z = np.log(protons.release.p_GeV), np.log(protons.faces_kpc)
        self.ln_D = np.log(protons.D_kpc2_Myr)
        self.V, carried = transport.V, transport.area * transport.V
        self.loss = np.gradient(carried, protons.faces_kpc, edge_order=2) / transport.area / 3.0
        ln_area = np.log(transport.area)
        self.opening = np.gradient(ln_area, protons.faces_kpc, edge_order=2)
        self.surface = transport.V[0] / 3.0 + protons.release.lost_cm_s / KPC_MYR_CM_S
        self.base, self.end = float(protons.faces_kpc[0]), float(protons.faces_kpc[-1])

    def at(self, z: FloatArray, ln_p: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """D, the drift, and -d ln p/dt."""
        i, a = _place(np.log(z), self.ln_z)
        j, b = _place(ln_p, self.ln_p)
        low = self.ln_D[i, j] + b * (self.ln_D[i, j + 1] - self.ln_D[i, j])
        high = self.ln_D[i + 1, j] + b * (self.ln_D[i + 1, j + 1] - self.ln_D[i + 1, j])
        D = np.exp(low + a * (high - low))
        V, loss, opening = (
            each[i] + a * (each[i + 1] - each[i]) for each in (self.V, self.loss, self.opening)
        )
        steep = (high - low) / (self.ln_z[1] - self.ln_z[0]) / z
        return D, V + D * (steep + opening), loss

    def D_at_base(self, ln_p: FloatArray) -> FloatArray:
        """D at the base."""
        j, b = _place(ln_p, self.ln_p)
        return np.exp(self.ln_D[0, j] + b * (self.ln_D[0, j + 1] - self.ln_D[0, j]))

    def lost_at_base(self, ln_p: FloatArray) -> FloatArray:
        """ln p lost per K/D."""
        j, b = _place(ln_p, self.ln_p)
        return np.asarray(self.surface[j] + b * (self.surface[j + 1] - self.surface[j]))


def _place(x: FloatArray, nodes: FloatArray) -> tuple[np.ndarray, FloatArray]:
    """Interval and share of it, on even nodes."""
    at = (x - nodes[0]) / (nodes[1] - nodes[0])
    i = np.clip(at.astype(int), 0, nodes.size - 2)
    return i, np.clip(at - i, 0.0, 1.0)


def wind_passage(
    driven: DrivenWind, p_GeV: float, particles: int, seed: int, below_kpc: float = 10.0
) -> WindPassage:
    """Follow particles, and count those that are within 20% of a momentum.

    Parameters
    ----------
    driven : DrivenWind
        The wind, its protons and their D.
    p_GeV : float
        Momentum that is looked at.
    particles, seed : int
        How many, and of which random numbers.
    below_kpc : float
        Height below which they are counted.
    """
    if particles < 10:
        raise UserError(f"particles = {particles}: allowed: 10 or more")
    table, rng = _Table(driven), np.random.default_rng(seed)
    low, high = np.log(p_GeV) - _HALF_BIN, np.log(p_GeV) + _HALF_BIN
    span = -np.expm1(-_FEWER_ABOVE * _RELEASED_UP_TO)
    above = -np.log1p(-span * rng.random(particles)) / _FEWER_ABOVE
    ln_p = low + above
    rate = driven.protons.release.rate_cm2_s / KPC_MYR_CM_S
    weight = np.exp(np.interp(ln_p, table.ln_p, np.log(np.maximum(rate, 1e-300))) + _FEWER_ABOVE * above)
    weight *= span / _FEWER_ABOVE
    z, alive, steps = np.full(particles, table.base), np.arange(particles), 0
    there, held = np.zeros(particles), np.zeros(particles)
    while alive.size and steps < _MOST_STEPS:
        old = z[alive]
        D, drift, loss = table.at(old, ln_p[alive])
        length = _LENGTH_KPC + old
        dt = _STEP * length**2 / (D + 0.1 * np.abs(drift) * length)
        # Near the base short against D/V as well.
        dt = np.minimum(dt, np.maximum(_NEAR * D / drift**2, 0.02 * (old - table.base) / np.abs(drift)))
        way = drift * dt + np.sqrt(2.0 * D * dt) * rng.standard_normal(alive.size)
        # The least place on the way, of a Brownian bridge.
        least = 0.5 * (way - np.sqrt(way**2 - 4.0 * D * dt * np.log1p(-rng.random(alive.size))))
        pushed = np.maximum(0.0, table.base - old - least)
        new, at_base = old + way + pushed, pushed / table.D_at_base(ln_p[alive])
        lost = loss * dt + table.lost_at_base(ln_p[alive]) * at_base
        # By the share of the step that is between the two momenta.
        first, last = np.minimum(ln_p[alive], high), np.maximum(ln_p[alive] - lost, low)
        looked = np.maximum(first - last, 0.0) / np.maximum(lost, 1e-300)
        inside = 0.5 * ((old < below_kpc).astype(float) + (new < below_kpc))
        there[alive] += looked * at_base
        held[alive] += looked * inside * dt
        ln_p[alive] -= lost
        z[alive] = new
        alive = alive[(new < table.end) & (ln_p[alive] > low)]
        steps += 1
    known = _of_equation(driven, low, high, below_kpc)
    found = [_mean(weight * each / expected) for each, expected in zip((there, held), known, strict=True)]
    return WindPassage(p_GeV, *found[0], *found[1], not alive.size)


def _mean(values: FloatArray) -> tuple[float, float]:
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(values.size))


def _of_equation(driven: DrivenWind, low: float, high: float, below_kpc: float) -> tuple[float, float]:
    """Protons between two momenta at the base [cm^-3], and below a height per area there [cm^-3 kpc]."""
    protons, transport = driven.protons, driven.transport
    faces = protons.faces_kpc
    inside = np.clip((below_kpc - faces[:-1]) / np.diff(faces), 0.0, 1.0)
    middle = np.sqrt(transport.area[1:] * transport.area[:-1])
    column = (inside * middle * np.diff(faces)) @ protons.n_cm3[1:] / transport.area[0]
    x, ln_p = np.linspace(low, high, 101), np.log(protons.release.p_GeV)
    at_base, below = (
        float(np.trapezoid(np.exp(np.interp(x, ln_p, np.log(np.maximum(each, 1e-300)))), x))
        for each in (protons.n_cm3[0], column)
    )
    return at_base, below
