"""Known answers of nuclei and of what cools: thin discs, leaky boxes, decays, and B/C of a grammage."""

from __future__ import annotations

import numpy as np

from ...fields.gas_density import MASS_PER_HYDROGEN
from ...fields.medium import Medium
from ...fields.medium_table import Wall, axis
from ...fields.units import C_CM_S, C_KPC_MYR, KPC_CM, M_P_G, MBARN_CM2, MYR_S, FloatArray, speed_kpc_Myr
from ...maps.light.nuclei import weighted_slab
from ...mc.diffusion.finite_volumes import Cells, cells_of
from ...mc.diffusion.nuclei import Network, Nucleus, solve_nuclei
from ...mc.diffusion.species import Species, centres, steady_spectrum
from .tools import Rows, row

_D, _H_KPC = 0.4, 4.0
_LIFETIME_MYR, _GAS_CM3 = 2.0, 0.3


def _slab(layers: int) -> Cells:
    """A ring of a slab that absorbs at |z| = H, the same D for protons of all momenta."""
    medium = Medium.tabulate(
        diffusion_halo=lambda p, R, z: _D + 0.0 * p * R * z,
        surface=lambda R, z: z - _H_KPC + 0.0 * R,
        R_axis=axis((20.0, 0.5)),
        z_axis=axis((8.0, 0.25)),
        r_max_kpc=100.0,
        wall=Wall.ABSORBING,
    )
    return Cells(medium, np.array([0.0, 1.0]), np.linspace(0.0, _H_KPC, layers + 1))


def _network(
    nuclei: tuple[Nucleus, ...], destroyed: list[float], made: dict[tuple[int, int], float]
) -> Network:
    """With cross sections [mb] that are the same at all energies; made[fragment, parent]."""
    edges = np.geomspace(10.0, 1e4, 31)
    table = np.zeros((30, len(nuclei), len(nuclei)))
    for (fragment, parent), value in made.items():
        table[:, fragment, parent] = value
    return Network(nuclei, edges, np.tile(np.array(destroyed), (30, 1)), table)


def _power_law(network: Network, injected: list[float], slope: float = 2.3) -> FloatArray:
    """Injection as R^-slope, (bins, nuclei)."""
    width = np.diff(np.log(network.rigidity_edges_GV))
    return (network.rigidity_GV ** (1.0 - slope) * width)[:, None] * np.array(injected)


def secondaries_of_a_thin_disc(scale: float) -> Rows:
    """Secondaries over primaries where all gas lies in a thin disc: X s/(1 + X s_d), s = sigma/m.

    Third, a fragment of A/Z = 2.2: it has 1.1 times the rigidity of its parent, whose flux falls as R^-2.3.
    """
    cells, found = _slab(16), []
    h = _H_KPC / 16
    gas = np.where(cells.z_kpc < h, _GAS_CM3, 0.0)
    for mass, destroyed in ((10, 0.0), (10, 230.0), (11, 0.0)):
        pair = (Nucleus.of("parent", 6, 12), Nucleus.of("fragment", 5, mass))
        network = _network(pair, [250.0, destroyed], {(1, 0): 70.0})
        n = solve_nuclei(cells, network, _power_law(network, [1.0, 0.0]), cells.shares(1.0), gas)
        at = slice(10, 20)
        R = network.rigidity_GV[at]
        X = M_P_G * _GAS_CM3 * h * KPC_CM * (_H_KPC - h / 2) * speed_kpc_Myr(R) / _D
        thickness = X * MBARN_CM2 / M_P_G
        expected = thickness * 70.0 / (1.0 + thickness * destroyed) * (mass / 10) ** 1.3
        found.append(float(np.mean(n[at, 1, 0] / n[at, 0, 0] / expected)))
    names = ("over X sigma/m", "destroyed, over X s/(1 + X s_d)", "of A/Z = 2.2, over X sigma/m 1.1^1.3")
    return [
        row(f"secondaries: {name}", value, 1.0, 0.0, 0.01) for name, value in zip(names, found, strict=True)
    ]


def radioactive_nuclei(scale: float) -> Rows:
    """Decay against the leaky box, and a thin disc in a halo: tanh(H/l)/(H/l) with l^2 = D gamma tau."""
    chain = (
        Nucleus.of("parent", 6, 12),
        Nucleus.of("decays", 4, 8, _LIFETIME_MYR),
        Nucleus.of("stays", 4, 8),
    )
    network = _network(chain, [250.0, 200.0, 180.0], {(1, 0): 4.0, (2, 0): 6.0})
    rates = _power_law(network, [1.0, 0.0, 0.0])
    gamma = chain[1].lorentz_factor(network.rigidity_GV)
    box = _slab(1)
    n = solve_nuclei(box, network, rates, box.shares(1.0), np.array([_GAS_CM3]))[:, :, 0]
    speed = chain[1].speed_kpc_Myr(network.rigidity_GV)
    escape = 2.0 * _D / _H_KPC**2 * speed / speed_kpc_Myr(network.rigidity_GV)
    per_mb = _GAS_CM3 * MBARN_CM2 * C_CM_S * MYR_S * speed / C_KPC_MYR
    known = 4.0 / 6.0 * (escape + 180.0 * per_mb)
    known /= escape + 200.0 * per_mb + 1.0 / (gamma * _LIFETIME_MYR)
    in_box = float(np.mean(n[:, 1] / n[:, 2] / known))

    halo = _slab(800)
    disc = np.where(halo.z_kpc < _H_KPC / 800, 1e-3, 0.0)
    n = solve_nuclei(halo, network, rates, halo.shares(1.0), disc)[:, :, 0]
    D = _D * speed / speed_kpc_Myr(network.rigidity_GV)
    over = _H_KPC / np.sqrt(D * gamma * _LIFETIME_MYR)
    in_halo = float(np.mean(n[:, 1] / n[:, 2] / (4.0 / 6.0 * np.tanh(over) / over)))
    return [
        row("radioactive nuclei: leaky box, over known", in_box, 1.0, 0.0, 0.02),
        row("radioactive nuclei: thin disc in a halo, over known", in_halo, 1.0, 0.0, 0.01),
    ]


def nuclei_kept(scale: float) -> Rows:
    """All that is injected or made of each nucleus is destroyed, decays or leaves."""
    chain = (
        Nucleus.of("first", 6, 12),
        Nucleus.of("second", 5, 10, _LIFETIME_MYR, "third"),
        Nucleus.of("third", 5, 10),
    )
    network = _network(chain, [250.0, 220.0, 200.0], {(1, 0): 40.0, (2, 0): 30.0, (2, 1): 20.0})
    cells = cells_of(_slab(1).medium, 20.0, 8.0, coarsen=2)
    gas = _GAS_CM3 * np.exp(-cells.centres_kpc[1])
    rates = _power_law(network, [1.0, 0.2, 0.0])
    n = solve_nuclei(cells, network, rates, cells.shares(10.0), gas)
    rows = []
    for i, nucleus in enumerate(chain):
        given, gone = 0.5 * rates[:, i].sum(), 0.0
        for bin, R in enumerate(network.rigidity_GV):
            beta = float(nucleus.speed_kpc_Myr(R)) / C_KPC_MYR
            per_mb = gas * cells.volume_kpc3 * MBARN_CM2 * C_CM_S * MYR_S * beta
            in_gas = n[bin] @ per_mb
            decays = (n[bin] @ cells.volume_kpc3) / (chain[1].lorentz_factor(R) * _LIFETIME_MYR)
            given += network.made_mb[bin, i] @ in_gas + (decays[1] if i == 2 else 0.0)
            speed = beta * C_KPC_MYR / float(speed_kpc_Myr(R))
            leaves = (cells.operator(float(R), speed) @ n[bin, i]).sum()
            gone += network.destroyed_mb[bin, i] * in_gas[i] + (decays[1] if i == 1 else 0.0) + leaves
        rows.append(row(f"nuclei kept: {nucleus.name}, gone over given", gone / given, 1.0, 0.0, 1e-8))
    return rows


def cooled_positrons(scale: float) -> Rows:
    """-dE/dt = b E^2 in a leaky box of escape time T: N(E) = 1/(b E^2) int q exp[-(1/E - 1/E')/(b T)] dE'."""
    b_GeV_Myr, slope = 5e-3, 2.5
    electron, box = Species("e+", 1, 1e-9), _slab(1)
    edges = np.geomspace(1.0, 1e4, 81)
    E = centres(edges)
    q = (edges[:-1] ** (1 - slope) - edges[1:] ** (1 - slope)) / (slope - 1)
    n = steady_spectrum(box, electron, edges, q[:, None], 0.0, (b_GeV_Myr * edges[:-1])[:, None])[:, 0]
    T = _H_KPC**2 / (2.0 * _D) * speed_kpc_Myr(E) / C_KPC_MYR
    at = np.arange(6, 50, 4)
    known = []
    for energy, escape in zip(E[at], T[at], strict=True):
        above = np.geomspace(energy, edges[-1], 4001)
        left = np.exp(-(1.0 / energy - 1.0 / above) / (b_GeV_Myr * escape))
        known.append(np.trapezoid(above ** (1 - slope) * left, np.log(above)) / (b_GeV_Myr * energy**2))
    ratio = n[at] / np.diff(edges)[at] * box.volume_kpc3 / np.array(known)
    return [
        row("cooled positrons: mean over known", float(ratio.mean()), 1.0, 0.0, 0.01),
        row("cooled positrons: furthest from known", float(np.abs(ratio - 1.0).max()), 0.0, 0.0, 0.03),
    ]


def boron_of_a_grammage(scale: float) -> Rows:
    """B/C of AMS-02 from X = 8.17, 2.28 and 1.13 g/cm^2 at 10 GV, 100 GV and 1 TV.

    As far as C, N and O make it on hydrogen at their own rigidity [5%]. All parents, helium and the
    rigidities of fragments make 25 to 35% more of as much hydrogen; where X is the mass of hydrogen and
    helium, as in `boron_over_carbon`, 0.305, 0.131 and 0.072, within the 10% of the cross sections.
    """
    X, R, known = np.array([8.17, 2.28, 1.13]), np.array([10.0, 100.0, 1e3]), (0.284, 0.129, 0.073)
    made = weighted_slab(X, R, parents=("C", "N", "O"), helium=0.0, slope=1.0)
    of_gas = weighted_slab(X / MASS_PER_HYDROGEN, R)
    return [
        row(f"B/C of {x} g/cm^2{of}", float(value), expected, 0.0, share * expected)
        for of, values, share in ((" of hydrogen, C, N and O alone", made, 0.05), (" of gas", of_gas, 0.1))
        for x, value, expected in zip(X, values, known, strict=True)
    ]
