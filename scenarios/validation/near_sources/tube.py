"""Known answers of the flux tube around a source: diffusion alone, waves alone, and the two together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from ....fields.disc.phases import PHASES
from ....fields.units import C_KPC_MYR, KPC2_MYR_CM2_S, KPC_CM, MYR_YR, FloatArray
from ....fields.waves.tube_waves import TubeWaves
from ....mc.coupled.flux_tube import FluxTube, Tube, TubeRun
from ....mc.coupled.tube_particles import passage
from ..tools import Rows, row

_HOT = PHASES["hot-ionised"]
_MOMENTA = np.geomspace(10.0, 1e3, 3)
_QUIET = {"growth": False, "advected": False, "ion_neutral": False, "shear_scale_kpc": 0.0}
# Power of the barrier: D falls by e^-4 at the source, and is resolved there.
_PI = 4.0


def _tube(cells: int, source_kpc: float, energy_erg: float = 1e50, L_c_kpc: float = 0.1) -> Tube:
    gas = np.full(cells, 0.01)
    return Tube(L_c_kpc, 0.02, source_kpc, energy_erg, 2.0, np.zeros(_MOMENTA.size), gas)


def _solved(tube: Tube, waves: TubeWaves, age_Myr: float, change: float = 0.3) -> TubeRun:
    return FluxTube(tube, waves, change=change).follow([age_Myr])


def greens_function(s: FloatArray, t: float, D: float, L: float, w: float) -> FloatArray:
    """Density at |s| of a unit column in |s| < w at t = 0, absorbed at L: in half of the tube it is 1/2."""
    k = (np.arange(400) + 0.5)[:, None] * np.pi / L
    shape = np.sin(k * w) / (k * w) * np.exp(-D * t * k**2)
    return np.asarray((shape * np.cos(k * s)).sum(axis=0) / L)


def diffusion_in_a_tube(scale: float) -> Rows:
    """Flux tube without growth: the Green's function between absorbing ends, and its order."""
    waves = TubeWaves(_MOMENTA, _HOT, nonlinear="none", **_QUIET)  # type: ignore[arg-type]
    D, L, w, at = float(waves.D_gal_kpc2_Myr[1]), 0.1, 0.02, 1
    age = 0.1 * L**2 / D
    errors = []
    for cells in (25, 50, 100):
        tube = _tube(cells, w)
        run = _solved(tube, waves, age, change=0.2 * (25.0 / cells) ** 2)
        faces = tube.faces_kpc
        column = 0.5 * tube.released(_MOMENTA)[at] / (0.5 * tube.area_cm2 * KPC_CM)
        found = run.snapshots[-1].n_cm3[:, at] / column
        # Means over cells, by Simpson.
        a, b, c = (greens_function(x, age, D, L, w) for x in (faces[:-1], tube.centres_kpc, faces[1:]))
        expected = 2.0 * (a + 4.0 * b + c) / 6.0
        errors.append(float(np.abs(found - expected).max() / expected.max()))
    return [
        row("flux tube without growth: error of the Green's function, 100 cells", errors[-1], 0.0, 0.0, 3e-3),
        row("flux tube without growth: order", float(np.log2(errors[1] / errors[2])), 2.0, 0.0, 0.2),
    ]


def residence_in_a_tube(scale: float) -> Rows:
    """REV Eq. 10 from a tube without growth, and the grammage of 3e5 yr in thin gas."""
    p = np.array([10.0, 100.0, 1e3])
    waves = TubeWaves(p, _HOT, nonlinear="none", **_QUIET)  # type: ignore[arg-type]
    rows = []
    for L in (0.01, 0.1):
        tube = Tube(L, 0.02, 0.01 * L, 1e50, 2.0, np.zeros(3), np.full(200, 0.01))
        # From the middle of a slab the mean time is half of L^2/D.
        years = (
            2.0 * _solved(tube, waves, 50.0 * L**2 / float(waves.D_gal_kpc2_Myr[0])).residence_Myr * MYR_YR
        )
        expected = 2000.0 * (L / 0.01) ** 2 * p ** (-1.0 / 3.0) * C_KPC_MYR / waves.speed_kpc_Myr
        rows += [
            row(f"L_c^2/D over REV 10, {E:g} GeV, L_c = {1e3 * L:g} pc", found / known, 1.0, 0.0, 0.02)
            for E, found, known in zip(p, years, expected, strict=True)
        ]
    # Such that the middle one stays for 3e5 yr.
    slow = replace(waves, D_gal_cm2_s=0.1**2 / 0.6 * KPC2_MYR_CM2_S / p[1] ** (1.0 / 3.0))
    X = _solved(_tube(200, 1e-3), slow, 30.0).grammage_g_cm2[1]
    return [*rows, row("grammage of 3e5 yr in 0.01 cm^-3 [g/cm2]", X, 4.75e-3, 0.0, 0.02 * 4.75e-3)]


def work_on_the_waves(scale: float) -> Rows:
    """Energy that the waves of a tube gain is what its protons lose."""
    rows = []
    for name in ("hot-ionised", "warm-ionised"):
        p = np.geomspace(2.0, 1e4, 16)
        tube = Tube(0.1, 0.02, 0.005, 1e50, 2.2, np.zeros(16), np.full(100, 0.5))
        run = FluxTube(tube, TubeWaves(p, PHASES[name]), lambda p: 1e-2 + 0.0 * p).follow([1.0])
        E = run.energy_erg
        lost = E["released"] - E["in the tube"] - E["escaped"] - E["collisions"]
        rows += [
            row(
                f"waves of a tube, {name}: energy gained over lost by protons",
                E["waves"] / lost,
                1.0,
                0.0,
                1e-9,
            ),
            row(f"waves of a tube, {name}: work over lost by protons", E["work"] / lost, 1.0, 0.0, 1e-9),
        ]
    return rows


def self_similar(power: float, zeta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """ln(F/F_gal) and -d/d zeta of it, at zeta = s/(D_gal t)^(1/2), of a point source without damping.

    Growth and diffusion together conserve n + (b/a) d ln F/ds, so that dF/dt = b d^2 ln F/ds^2 with
    F = e^power at the source: y'' = -(zeta/2) e^y y' (Malkov et al. 2013, ApJ 768, 73). n = -(b/a) dy/ds is
    2/s (b/a) where F is large but for the core, D_gal where it is not.
    """

    def slopes(x: float, y: FloatArray) -> list[float]:
        return [y[1], -0.5 * x * np.exp(y[0]) * y[1]]

    def far(log_slope: float, at: FloatArray | None = None) -> FloatArray:
        ends = (0.0, 12.0)
        start = [power, -np.exp(log_slope)]
        found = solve_ivp(slopes, ends, start, "LSODA", at, rtol=1e-9, atol=1e-12)
        return np.asarray(found.y)

    slope = brentq(lambda g: far(g)[0, -1], np.log(0.1), 0.5 * power + np.log(10.0), xtol=1e-12)
    y = far(slope, np.append(zeta, 12.0))
    return y[0, :-1], -y[1, :-1]


def collective_escape(scale: float) -> Rows:
    """Strong growth without damping and advection: the self-similar cloud of Malkov et al. (2013)."""
    waves = TubeWaves(
        _MOMENTA, _HOT, growth=True, advected=False, ion_neutral=False, nonlinear="none", shear_scale_kpc=0.0
    )
    L, cells, at = 0.1, 400, 1
    source = L / cells
    per_erg = 1e50 / _power(_tube(cells, source), waves)[at]
    tube = _tube(cells, source, _PI * per_erg)
    D = float(waves.D_gal_kpc2_Myr[at])
    age = (L / 8.0) ** 2 / D
    snapshot = _solved(tube, waves, age, change=0.1).snapshots[-1]
    zeta = np.array([0.05, 0.3, 1.0, 2.0])
    s = zeta * np.sqrt(D * age)
    y, fall = self_similar(_PI, zeta)
    unit = float((waves.r_L_kpc * waves.speed_kpc_Myr / 3.0)[at] / _excited(waves)[at])
    n = np.interp(s, tube.centres_kpc, snapshot.n_cm3[:, at])
    F = np.exp(np.interp(s, tube.faces_kpc, np.log(snapshot.F[:, at])))
    rows = []
    for z, n_z, F_z, y_z, expected in zip(zeta, n, F, y, fall * unit / np.sqrt(D * age), strict=True):
        where = f"s = {z:g} (D_gal t)^1/2"
        known = np.exp(y_z) * waves.F_gal[at]
        rows += [
            row(f"self-similar cloud: density at {where}", n_z / expected, 1.0, 0.0, 0.1),
            row(f"self-similar cloud: waves at {where}", F_z / known, 1.0, 0.0, 0.1),
        ]
    return rows


def _excited(waves: TubeWaves) -> FloatArray:
    """a of dF/dt = a |dn/ds|, (n,)."""
    return waves.v_A_kpc_Myr * waves.pressure_eV_cm3 / waves.U_B_eV_cm3


def _power(tube: Tube, waves: TubeWaves) -> FloatArray:
    """ln of what all protons of one half make of F at the source: a N/b, (n,)."""
    b = waves.r_L_kpc * waves.speed_kpc_Myr / 3.0
    return _excited(waves) * tube.released(waves.p_GeV) / (tube.area_cm2 * KPC_CM) / b


def particles_in_a_tube(scale: float) -> Rows:
    """Test protons against the equation: constant D with the surface of Milne, and the D of a source."""
    p = np.geomspace(10.0, 1e4, 7)
    waves = TubeWaves(p, _HOT, nonlinear="none", **_QUIET)  # type: ignore[arg-type]
    free_path = 0.05
    constant = replace(waves, D_gal_cm2_s=free_path * 0.1 * C_KPC_MYR / 3.0 * KPC2_MYR_CM2_S, slope=0.0)
    gas = np.where(np.arange(200) < 100, 0.01, 0.03)
    tube = Tube(0.1, 0.02, 0.01, 1e50, 2.0, np.zeros(p.size), gas)
    run = _solved(tube, constant, 50.0 * 0.1**2 / float(constant.D_gal_kpc2_Myr[-1]))
    found = passage(run, p.size - 1, round(3000 * scale), 1, steps=False)
    # The density vanishes 0.7104 lambda beyond the end.
    expected = float(run.residence_Myr[-1]) * (1.0 + 2.0 * 0.7104 * free_path)
    error = found.residence_error_Myr / expected
    name = "flights in a tube: residence over diffusion with Milne's surface"
    rows = [row(name, found.residence_Myr / expected, 1.0, error, max(0.03, 3.0 * error))]
    run = FluxTube(tube, TubeWaves(p, _HOT, advected=False), change=0.1).follow(
        list(np.geomspace(1e-6, 3.0, 60))
    )
    for at in (5, 6):
        one = passage(run, at, round(400 * scale), 2)
        for what, value, spread, known in (
            ("residence", one.residence_Myr, one.residence_error_Myr, run.residence_Myr[at]),
            ("grammage", one.grammage_g_cm2, one.grammage_error_g_cm2, run.grammage_g_cm2[at]),
        ):
            error = spread / float(known)
            rows.append(
                row(f"flights in found waves, {p[at]:.3g} GeV: {what}", value / float(known), 1.0, error,
                    max(0.03, 3.0 * error))
            )  # fmt: skip
    return rows


def steps_in_a_tube(scale: float) -> Rows:
    """Test protons that diffuse in steps: a constant D, and the waves and the flow of a source."""
    p = np.geomspace(10.0, 316.0, 13)
    tube = Tube(0.1, 0.02, 0.01, 1e50, 2.0, np.zeros(p.size), np.full(200, 0.01))
    still = TubeWaves(p, _HOT, nonlinear="none", **_QUIET)  # type: ignore[arg-type]
    run = _solved(tube, still, 50.0 * 0.1**2 / float(still.D_gal_kpc2_Myr[0]))
    expected = (0.1**2 - 0.01**2 / 3.0) / (2.0 * float(still.D_gal_kpc2_Myr[0]))
    one = passage(run, 0, round(4000 * scale), 3)
    error = one.residence_error_Myr / expected
    name = "steps in a tube of one D: residence"
    rows = [row(name, one.residence_Myr / expected, 1.0, error, max(0.03, 3.0 * error))]
    run = FluxTube(tube, TubeWaves(p, _HOT), change=0.1).follow(list(np.geomspace(1e-6, 3.0, 60)))
    one, known = passage(run, 8, round(2000 * scale), 2), float(run.residence_Myr[8])
    error = one.residence_error_Myr / known
    name = "steps in found waves and their flow: residence"
    return [*rows, row(name, one.residence_Myr / known, 1.0, error, max(0.03, 3.0 * error))]
