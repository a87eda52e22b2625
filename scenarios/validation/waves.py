"""Known answers of the transport equation, of the balance of waves, and of the two solved together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.linalg import expm
from scipy.sparse.linalg import splu
from scipy.special import erfc

from ...fields.galaxy import Galaxy
from ...fields.medium import Medium
from ...fields.medium_table import Wall, axis
from ...fields.units import (
    C_CM_S,
    C_KPC_MYR,
    EV_ERG,
    GEV_ERG,
    KPC2_MYR_CM2_S,
    KPC_CM,
    MYR_S,
    FloatArray,
    momentum_GeV,
    speed_kpc_Myr,
)
from ...fields.waves import streaming
from ...fields.waves.self_generated import HaloDiffusion, WaveModel
from ...fields.waves.streaming_protons import diffusion_of_waves, settled, wave_gain_eV
from ...mc.blocks import Transport
from ...mc.coupled.waves import Iteration, flux_of_solution, iterate, layer_edges_kpc, per_ln_p
from ...mc.diffusion.compare import AGREE, compare
from ...mc.diffusion.finite_volumes import Cells
from ...mc.diffusion.solve import Solution, bin_momenta_GeV, residence, solve
from ...mc.engine import run
from ...mc.kernels.albedo import MILNE_EXTRAPOLATION
from ...mc.spectrum import Spectrum
from ...mc.tally import energy_groups, galactic_grid
from ..build import galaxy_of, grid_of, spectrum_of, transport_of
from ..file.scenario import load
from .tools import Rows, Slab, cells, check, follow, profile, row

_ONE_RING = np.array([0.0, 1.0])


def wave_balance(scale: float) -> Rows:
    """REV Eqs. 7-9 from the general balance, and the wave power that a given flux leaves."""
    B, n_i, v_s, H = 3.0, 0.01, 0.0306814, 4.0
    E = np.array([10.0, 1e3, 1e5])
    p = momentum_GeV(E)
    k = 1.0 / streaming.larmor_radius_kpc(p, B)
    gradient = streaming.growth_rate_pressure_Myr(streaming.cosmic_ray_pressure_eV_cm3(E), B, n_i, 1.0, H)
    F = streaming.balanced_power(gradient, lambda F: streaming.nonlinear_landau_damping_rate_Myr(k, v_s, F))
    rows = [
        row(f"balance over REV 7 at {e:g} GeV", f / local, 1.0, 0.0, 0.03)
        for e, f, local in zip(E, F, streaming.wave_power_nlld_local(E, B, H, n_i, v_s), strict=True)
    ]
    D = streaming.diffusion_coefficient_kpc2_Myr(p, B, F) * KPC2_MYR_CM2_S
    rows.append(row("balance over REV 8 at 10 GeV", F[0] / 1.8e-5, 1.0, 0.0, 0.1))
    rows.append(row("balance over REV 9 at 10 GeV", D[0] / 6e27, 1.0, 0.0, 0.1))
    W_over_U = 1.21e-6 / 2.99792458e10 / 1.602176634e-12
    W_over_U /= float(streaming.magnetic_energy_density_eV_cm3(B))
    v_A = float(streaming.alfven_speed_kpc_Myr(B, n_i))
    edges, flux = np.array([0.0, 0.2, 1.8, 4.0]), 1.21e-6 / 1.602176634e-3 / p
    model = WaveModel(n_i_cm3=n_i, v_s_kpc_Myr=v_s)
    column = model.column(p, edges, np.full(3, B))
    power, _ = settled(column, model.protons(column, p, np.tile(flux, (3, 1)), 0.0 * p))
    found = (
        streaming.larmor_radius_kpc(p, B)[1] * C_KPC_MYR / 3.0 / diffusion_of_waves(column, power, p)[1, 1]
    )
    rows.append(row("flux-limited F over (W/U_B)(v_A/v_s)", found / (W_over_U * v_A / v_s), 1.0, 0.0, 1e-3))
    return rows


def ion_neutral_friction(scale: float) -> Rows:
    """Energy of an Alfven wave in ions that rub against neutrals, followed in time."""
    v_A, n_n, n_i, T = 0.06, 0.1, 0.01, 8000.0
    nu = 8.4e-9 * MYR_S * (T / 1e4) ** 0.4 * n_n
    rows = []
    for name, omega in (("short", 300.0 * nu), ("long", 0.01 * nu * n_i / n_n)):
        # Velocities of ions and neutrals and b/(4 pi rho_i)^(1/2); the neutrals feel n_i/n_n of the friction.
        drag = nu * n_i / n_n
        motion = np.array([[-nu, nu, 1j * omega], [drag, -drag, 0.0], [1j * omega, 0.0, 0.0]])
        frequency, modes = np.linalg.eig(motion)
        wave = modes[:, np.argmax(frequency.imag)]
        time = 2.0 * np.pi / abs(frequency.imag).max()
        later = expm(motion * time) @ wave
        before, after = (float(np.abs(x) ** 2 @ [1.0, n_n / n_i, 1.0]) for x in (wave, later))
        rate = float(streaming.ion_neutral_damping_rate_Myr(omega / v_A, v_A, n_n, n_i, T))
        fall = np.log(before / after) / time
        rows.append(
            row(f"ion-neutral damping, {name} waves, over the fall of energy", rate / fall, 1.0, 0.0, 1e-3)
        )
    short = float(streaming.ion_neutral_damping_rate_Myr(1e10, v_A, n_n, n_i, T))
    rows.append(
        row("ion-neutral damping, short waves, 0.1 cm^-3, 8000 K [1/Myr]", short, 2.424e4, 0.0, 242.4)
    )
    return rows


def _order(errors: list[float]) -> float:
    """Order of convergence from the errors on grids of halving width."""
    return float(np.log2(abs(errors[-2] / errors[-1])))


def transport_equation_closed_forms(scale: float) -> Rows:
    """The transport equation against closed forms: slabs, a Bell wall, a growing half-space, losses."""
    free_path = 1e-3
    D_0, H = free_path * C_KPC_MYR / 3.0, 2.0
    rising = Slab(H, lambda z: free_path * np.exp(z)).medium()
    # Density zero 0.71 mean free paths outside of the end (Milne).
    expected = (1.0 - (1.0 + H) * np.exp(-H)) / D_0 + 3.0 * MILNE_EXTRAPOLATION * H / C_KPC_MYR
    errors = [
        residence(Cells(rising, _ONE_RING, np.linspace(0, H, n + 1)), 1e4, 1.0).escape_time_Myr / expected - 1
        for n in (8, 16, 32)
    ]
    rows = [
        row("transport equation, rising D: escape time over known, 32 cells", 1 + errors[-1], 1.0, 0.0, 1e-3),
        row("transport equation, rising D: order of convergence", _order(errors), 2.0, 0.0, 0.1),
    ]
    u = 3e-3 * C_KPC_MYR
    wall = Slab(
        H, lambda z: free_path * np.exp(z), Wall.TWO_WAY,
        mean_free_path_behind_kpc=1e-5, speed_behind_kpc_Myr=u,
    ).medium(r_max_kpc=8.0)  # fmt: skip
    found = Cells(wall, _ONE_RING, np.linspace(0, 8, 257))
    n = splu(found.operator(1e4)).solve(found.shares(1.0)) * np.pi
    height = 0.5 * (found.z_edges_kpc[1])
    known = (np.exp(-height) - np.exp(-H)) / D_0 + 1.0 / u
    rows.append(row("transport equation, Bell wall: n_gal over int dz/D + 1/u", n[0] / known, 1.0, 0.0, 0.01))
    rows.append(row("transport equation, Bell wall: n_out u/phi", n[80] * u, 1.0, 0.0, 0.01))
    steep = Spectrum(slope=2.0, E_max_GeV=1e12)
    edges = np.geomspace(1e3, 1e6, 49)
    solution = solve(found, edges, steep, 1.0)
    rate = steep.group_rates_s(edges) * MYR_S / (2 * np.pi)
    rows.append(
        row(
            "transport equation, Bell wall: n_out u/phi at fixed energy",
            solution.protons_kpc3[6, 80] * u / rate[6],
            0.75,
            0.0,
            0.01,
        )
    )
    D = 0.05 * C_KPC_MYR / 3.0
    flat = Medium.tabulate(
        diffusion_halo=lambda p, R, z: D + 0.0 * p * R * z,
        surface=lambda R, z: z - 60.0 + 0.0 * R,
        R_axis=axis((2.0, 1.0)),
        z_axis=axis((120.0, 1.0)),
        r_max_kpc=1e3,
        wall=Wall.CLOSED,
    )
    t = 25.0 / D
    grid = Cells(flat, _ONE_RING, np.linspace(0, 60, 241))
    grown = solve(grid, np.geomspace(1e4, 3e4, 5), steep, 1.0, t).protons_kpc3[0, :40]
    injected = float(steep.group_rates_s(np.geomspace(1e4, 3e4, 5))[0]) * MYR_S / (2 * np.pi)
    z, spread = grid.z_kpc[:40], np.sqrt(4 * D * t)
    exact = 2 * np.sqrt(t / (np.pi * D)) * np.exp(-((z / spread) ** 2)) - z / D * erfc(z / spread)
    worst = np.abs(grown / injected / exact - 1.0).max()
    rows.append(
        row("transport equation, half-space: largest departure from PRL Eq. 10", worst, 0.0, 0.0, 0.01)
    )
    return rows


def manufactured(scale: float) -> Rows:
    """Two dimensions, D and flow varying: the source of a chosen density gives it back, to second order."""
    # So slow that what leaves at the end has no density there.
    H, width, D_0, u_0 = 4.0, 10.0, 3e-4, 5e-5

    def D(p: Any, R: Any, z: Any) -> FloatArray:
        return D_0 * np.exp(np.abs(z) / 3.0) * (1.0 + 0.3 * np.cos(np.pi * R / width)) + 0.0 * p

    medium = Medium.tabulate(
        diffusion_halo=D,
        surface=lambda R, z: z - H + 0.0 * R,
        halo_flow=lambda R, z: (0.0 * R * z, u_0 * z / H + 0.0 * R),
        halo_divergence=lambda R, z: u_0 / H + 0.0 * R * z,
        R_axis=axis((20.0, 0.25)),
        z_axis=axis((H, 0.25), (8.0, 0.5)),
        r_max_kpc=100.0,
    )
    errors = []
    for size in (20, 40, 80):
        grid = Cells(medium, np.linspace(0, width, size + 1), np.linspace(0, H, size + 1))
        R, z = np.meshgrid(grid.R_kpc, grid.z_kpc, indexing="ij")
        exact, source = _manufactured(R, z, H, width, D_0, u_0)
        n = splu(grid.operator(1e4)).solve(source[grid.used] * grid.volume_kpc3)
        errors.append(float(np.sqrt(((n - exact[grid.used]) ** 2).mean() / (exact**2).mean())))
    return [
        row(
            "transport equation, manufactured solution: rms error, 80 x 80 cells", errors[-1], 0.0, 0.0, 1e-3
        ),
        row(
            "transport equation, manufactured solution: order of convergence", _order(errors), 2.0, 0.0, 0.15
        ),
    ]


def _manufactured(
    R: FloatArray, z: FloatArray, H: float, width: float, D_0: float, u_0: float
) -> tuple[FloatArray, FloatArray]:
    """n = cos(pi z/2H) (1 + cos(pi R/width)/2), and -div(D grad n - u n) of it by hand."""
    a, b = 0.5 * np.pi / H, np.pi / width
    Z, dZ = np.cos(a * z), -a * np.sin(a * z)
    G, dG = 1.0 + 0.5 * np.cos(b * R), -0.5 * b * np.sin(b * R)
    ddG = -0.5 * b**2 * np.cos(b * R)
    K, dK = 1.0 + 0.3 * np.cos(b * R), -0.3 * b * np.sin(b * R)
    e = D_0 * np.exp(z / 3.0)
    radial = e * Z * (dK * dG + K * (ddG + dG / R))
    vertical = K * G * e * (dZ / 3.0 - a**2 * Z)
    return Z * G, -(radial + vertical) + u_0 / H * G * (Z + z * dZ)


def outflow_slab(scale: float) -> Rows:
    """A slab that streams away from the plane: n(0)/flux = [1 - exp(-uH/D)]/u, by particles and by cells."""
    H, free_path, u, layer = 4.0, 0.004, 0.3, 0.05
    D = free_path * C_KPC_MYR / 3.0
    medium = Medium.tabulate(
        diffusion_halo=lambda p, R, z: D + 0.0 * p * R * z,
        surface=lambda R, z: z - H + 0.0 * R,
        halo_flow=lambda R, z: (0.0 * R * z, u * np.minimum(z / layer, 1.0) + 0.0 * R),
        halo_divergence=lambda R, z: u / layer * np.heaviside(layer - z, 0.5) + 0.0 * R,
        R_axis=axis((100.0, 50.0)),
        z_axis=axis((0.2, 0.0125), (H, 0.05), (8.0, 1.0)),
        r_max_kpc=3e4,
        disc_scale_kpc=layer,
    )
    edges = np.array([0.0, 0.5, 1.0, 2.0, 3.0, 4.0])
    result = follow(medium, cells(edges), int(10_000 * scale), 23)
    # Means over the layers.
    known = (1.0 - np.diff(np.exp(-u * (H - edges) / D)) * D / (u * np.diff(edges))) / u
    rows = [
        check(f"outflow: n over known, |z| = {z:g} kpc", profile(result)[:, i] / known[i], 1.0, 0.03)
        for i, z in ((1, 0.75), (2, 1.5), (3, 2.5))
    ]
    grid = Cells(medium, _ONE_RING, np.append(np.linspace(0, 0.2, 17), np.linspace(0.2, H, 39)[1:]))
    n = splu(grid.operator(1e4)).solve(grid.shares(1.0)) * np.pi
    at = int(np.argmin(np.abs(grid.z_kpc - 1.5)))
    exact = (1.0 - np.exp(-u * (H - grid.z_kpc[at]) / D)) / u
    rows.append(row("outflow: n of the transport equation over known", n[at] / exact, 1.0, 0.0, 0.01))
    return rows


def carried_protons(scale: float) -> Rows:
    """Protons that waves carry out of a slab: in a D that is given, and in that of the waves they excite.

    A slab that streams apart at v_A = 65 km/s, absorbs at 4 kpc and holds no gas. With D = 6.3e27 cm2/s (at
    10 GeV, v_A H/D = 13) n = 3/(2 + slope) phi/v_A. The waves have a closed form (`fields.waves.
    streaming_protons`) with J = phi - (slope - 1)/3 v_A n, slope that of n: D_f is 6.3e27 at 10 GeV for this
    flux, n = 0.69 phi/v_A. Near the plane waves have yet to grow; D is told from 0.5 kpc on.
    """
    rows = []
    for slope in (2.0, 2.3):
        slab = _carrying_slab(diffusion=lambda p, R, z: 6.3e27 / KPC2_MYR_CM2_S + 0.0 * (p * R * z))
        n, phi = _carried(slab.medium(), Spectrum(slope=slope, E_max_GeV=1e12))[1:3]
        at = int(np.argmin(np.abs(_MOMENTA - 10.0)))
        name = f"carried protons, slope {slope:g}: n v_A/phi at 10 GeV"
        expected = 3.0 / (2.0 + slope)
        rows.append(row(name, n[at, 0] * _V_A / phi[at], expected, 0.0, 0.02 * expected))
    rows += _settled_slab(lambda z: 3.0 + 0.0 * z, "constant field")
    rows += _settled_slab(lambda z: 3.0 * np.exp(-np.abs(z) / 20.0), "field that falls off")
    return rows


_EDGES_GEV = np.geomspace(3.0, 3e3, 49)
_MOMENTA = bin_momenta_GeV(_EDGES_GEV)
_V_A = float(streaming.alfven_speed_kpc_Myr(3.0, 0.01))
_SLAB_Z = np.append(0.0, np.geomspace(0.05, 4.0, 100))


def _carrying_slab(**given: Any) -> Galaxy:
    return Galaxy(
        halo="constant", bell=False, waves_move=True, r_max_kpc=12.0, inelasticity=lambda E: 0.0 * E, **given
    )


def _carried(medium: Medium, spectrum: Spectrum) -> tuple[Solution, FloatArray, FloatArray]:
    """The steady slab of unit area: densities by momentum and height, and the flux that is injected."""
    solution = solve(Cells(medium, _ONE_RING, _SLAB_Z), _EDGES_GEV, spectrum, 1.0)
    return solution, solution.protons_kpc3, spectrum.group_rates_s(_EDGES_GEV) * MYR_S / (2.0 * np.pi)


def _settled_slab(field: Callable[[FloatArray], FloatArray], name: str) -> Rows:
    """Waves and protons of a slab in rounds: their energies, and in a constant field the closed form."""
    spectrum = Spectrum(slope=2.0, E_max_GeV=1e12, L_CR_erg_s=3e38)
    galaxy = _carrying_slab(field_uG=lambda R, z: field(np.asarray(z, float)) + 0.0 * np.asarray(R))
    layers, model = layer_edges_kpc(galaxy), WaveModel(advected=True)
    z = 0.5 * (layers[1:] + layers[:-1])
    column = model.column(_MOMENTA, layers, field(z))
    power: FloatArray | None = None
    for _ in range(8):
        solution, n, phi = _carried(galaxy.medium(), spectrum)
        passing = per_ln_p(*flux_of_solution(solution, galaxy, z), _EDGES_GEV, spectrum, 1.0)
        protons = model.protons(column, _MOMENTA, *passing)
        power, diffusive = settled(column, protons, power)
        D = diffusion_of_waves(column, power, _MOMENTA)
        galaxy = replace(galaxy, diffusion=HaloDiffusion(_MOMENTA, z, D, galaxy.height_kpc))
    assert power is not None
    followed = slice(4, 32)
    gained = np.array([wave_gain_eV(column, protons, i, diffusive[i], power[i]) for i in range(z.size)])
    flow = galaxy.medium().halo_flow_kpc_Myr(0.0 * _SLAB_Z[1:], _SLAB_Z[1:])[:, 1]
    pressure = n * (_MOMENTA * speed_kpc_Myr(_MOMENTA) / C_KPC_MYR / 3.0)[:, None]
    lost = -(np.diff(pressure, axis=1, append=0.0) * flow).sum(axis=1)[followed].sum()
    lost *= GEV_ERG / EV_ERG / KPC_CM**3
    gained = (gained * np.diff(layers)[:, None]).sum(axis=0)
    per_bin = np.diff(np.log(momentum_GeV(_EDGES_GEV)))
    rows = [
        row(
            f"carried protons, {name}: energy of waves over that of protons",
            float((gained * per_bin)[followed].sum() / lost), 1.0, 0.0, 0.01,
        )
    ]  # fmt: skip
    if name == "constant field":
        rows += _against_closed_form(n, phi, D, z, per_bin)
    return rows


def _against_closed_form(
    n: FloatArray, phi: FloatArray, D: FloatArray, z: FloatArray, per_bin: FloatArray
) -> Rows:
    """n in the disc and D above it at 10 GeV."""
    at = int(np.argmin(np.abs(_MOMENTA - 10.0)))
    p, u_n = _MOMENTA[at], n[:, 0] * _V_A / phi
    per_ln_p = n[:, 0] / per_bin
    slope = 1.0 - np.log(per_ln_p[at + 1] / per_ln_p[at - 1]) / np.log(_MOMENTA[at + 1] / _MOMENTA[at - 1])
    W_eV = p * phi[at] / per_bin[at] / (MYR_S * KPC_CM**2) / C_CM_S * GEV_ERG / EV_ERG
    F = W_eV / float(streaming.magnetic_energy_density_eV_cm3(3.0)) * _V_A / WaveModel().v_s_kpc_Myr
    D_f = float(streaming.diffusion_coefficient_kpc2_Myr(p, 3.0, F))
    # u n = J x/(1 + x), x = u H J/(D_f phi), J = phi - (slope - 1)/3 u n.
    J, a = 1.0, _V_A * 4.0 / D_f
    for _ in range(100):
        J = 1.0 - (slope - 1.0) / 3.0 * a * J**2 / (1.0 + a * J)
    level = int(np.argmin(np.abs(z - 0.5)))
    known_D = D_f / J * (1.0 + _V_A * J * (4.0 - z[level]) / D_f)
    return [
        row(
            "carried protons, own waves: D_f at 10 GeV over 6.3e27",
            D_f * KPC2_MYR_CM2_S / 6.3e27,
            1.0,
            0.0,
            0.1,
        ),
        row(
            "carried protons, own waves: n v_A/phi over known",
            u_n[at] / (a * J**2 / (1 + a * J)),
            1.0,
            0.0,
            0.01,
        ),
        row("carried protons, own waves: D over known, 0.5 kpc", D[level, at] / known_D, 1.0, 0.0, 0.01),
    ]


def two_starts(scale: float) -> Rows:
    """Waves and protons solved together end at the same D wherever they begin."""
    galaxy = Galaxy(halo="constant", bell=False, L_CR_erg_s=2e40)
    spectrum = Spectrum(L_CR_erg_s=2e40)
    grid = galactic_grid(energy_groups(30.0, 3e3), galaxy)
    model = WaveModel(v_s_kpc_Myr=galaxy.v_s_kpc_Myr)
    found = [
        iterate(galaxy, model, Iteration(start=start), Transport(), grid, spectrum).diffusion.D_kpc2_Myr
        for start in (0.1, 10.0)
    ]
    apart = float(np.abs(np.log(found[1] / found[0])).max())
    return [row("self-consistency: ln D from two starts, largest difference", apart, 0.0, 0.0, 0.05)]


def circumgalactic_transport_equation(scale: float) -> Rows:
    """The main scenario by particles and by the transport equation, at one age, where lambda is small."""
    scenario = load("circumgalactic")
    galaxy = galaxy_of(scenario)
    medium = galaxy.medium()
    transport = transport_of(scenario)
    few = replace(transport, particles=int(transport.particles * scale))
    result = run(medium, grid_of(scenario, galaxy), few, spectrum_of(scenario), threads=2)
    compared = compare(result, medium, galaxy.R_d_kpc, transport.t_max_Myr).diffusive
    parted = sum(not each["agrees"] for each in compared)
    name = (
        f"transport equation, circumgalactic: groups of {len(compared)} apart by over {AGREE:.0%} and 3 sigma"
    )
    return [row(name, float(parted), 0.0, 0.0, 0.5)]
