"""Protons and the waves that they excite, solved together by iteration.

A round has three steps: find the flux of protons over the disc, by energy and height, in the D of the round
before; find the waves that this flux excites (`fields.waves.streaming_protons`), together with how much of
it they carry; take the D of these waves. A round passes on all of the flux, not its diffusive part or the
gradient: it is conserved, so it hardly depends on D and does not amplify the noise of the particles.

Two solvers give the flux. "transport-equation" solves for it in cells. "particles" follows the same particles
in every round (with new ones the rounds would not converge); the flux through a height is what is injected
less what is lost below it, which is as smooth as the number of particles.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from ...fields.galaxy import Galaxy
from ...fields.medium import Medium
from ...fields.medium_table import Wall
from ...fields.units import KPC_CM, MYR_S, FloatArray, momentum_GeV, speed_kpc_Myr
from ...fields.waves.self_generated import HaloDiffusion, WaveModel
from ...fields.waves.streaming_protons import Protons, diffusion_of_waves, settled
from ...fields.waves.wave_equation import Column
from ..blocks import Transport
from ..diffusion.finite_volumes import Cells
from ..diffusion.solve import Solution, bin_momenta_GeV, solve
from ..engine import run
from ..result import Result
from ..spectrum import Spectrum
from ..tally import TallyGrid

# Layers of waves: half of them finer and finer towards the disc, half towards the top.
_WAVE_LAYERS = 80
_LOWEST_KPC = 0.1
_TOPMOST = 0.005  # of the height
# Cells of the transport equation within a round.
_LAYERS, _LAYERS_BEYOND = 60, 15
_RING_KPC, _RINGS_BEYOND = 0.5, 20
_SMOOTH_BINS = 7
_LEAST_SHARE = 0.01
_NEXT_TO_NOTHING = 1e-20
# Share of the way that D goes in a round: the least, how it rises where D no longer swings, and how slowly
# the bound does that a swing has left: where waves just begin to grow, D would else swing for ever.
_LEAST_SHARE_OF_WAY, _RISE, _RISE_OF_BOUND = 0.02, 1.5, 1.15
_PER_AREA_AND_TIME = MYR_S * KPC_CM**2

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Iteration:
    """How the rounds go: the solver, the start, and when to stop.

    Attributes
    ----------
    solver : str
        "transport-equation" or "particles".
    start : float
        Factor on the D that the first round begins with.
    tolerance : float
        Largest change of ln D that a round asks for, at any energy and height, to stop at.
    relaxation : float
        Share of the way that ln D goes in a round.
    most_rounds : int
        When to give up.
    """

    solver: str = "transport-equation"
    start: float = 1.0
    tolerance: float = 0.01
    relaxation: float = 1.0
    most_rounds: int = 20


@dataclass(frozen=True)
class ConvergedWaves:
    """What the rounds found.

    Attributes
    ----------
    galaxy : Galaxy
        With the last D as its own.
    model : WaveModel
        What makes and damps the waves.
    diffusion : HaloDiffusion
        That D.
    column : Column
        The column that the waves were solved in, in the last round.
    protons : Protons
        Those that passed it, in the last round.
    power : ndarray, shape (layers, wavenumbers)
        Those waves: F.
    flux_cm2_s : ndarray, shape (layers, momenta)
        Diffusive flux of protons per ln p that excited them.
    residuals, seconds : list of float
        Largest change of ln D, and time, of every round.
    tolerance : float
        What the last residual was to come below.
    """

    galaxy: Galaxy
    model: WaveModel
    diffusion: HaloDiffusion
    column: Column
    protons: Protons
    power: FloatArray
    flux_cm2_s: FloatArray
    residuals: list[float]
    seconds: list[float]
    tolerance: float

    @property
    def converged(self) -> bool:
        return self.residuals[-1] < self.tolerance

    @property
    def outcome(self) -> str:
        """Whether the rounds converged, in one line."""
        how = f"after {len(self.residuals)} rounds: D changed by {self.residuals[-1]:.2g} in the last"
        return (
            f"{'converged' if self.converged else 'not converged'} {how}, the tolerance is {self.tolerance:g}"
        )


def iterate(
    galaxy: Galaxy,
    model: WaveModel,
    iteration: Iteration,
    transport: Transport,
    grid: TallyGrid,
    spectrum: Spectrum,
    threads: int = 1,
    progress: Progress = lambda stage, done, total: None,
) -> ConvergedWaves:
    """Solve for waves and protons in rounds until D stays the same, or the most rounds are done.

    Parameters
    ----------
    galaxy : Galaxy
        Its D, times `iteration.start`, is that of the first round.
    model, iteration : WaveModel, Iteration
        What makes and damps waves; how the rounds go.
    transport, grid, spectrum : Transport, TallyGrid, Spectrum
        Of the particles; the transport equation takes the energies and the spectrum.
    threads : int
        For particles.
    progress : callable
        Told (what, rounds done, most rounds).

    Raises
    ------
    ArithmeticError
        If nothing ends the growth of waves.
    """
    edges, layers = grid.current_edges_GeV, layer_edges_kpc(galaxy)
    p = bin_momenta_GeV(edges)
    z = 0.5 * (layers[1:] + layers[:-1])
    column = model.column(p, layers, galaxy.magnetic_field_uG(0.0, z))
    D = iteration.start * np.stack([galaxy.diffusion_halo(p, 0.0, each) for each in z])
    found = _solver(iteration.solver, galaxy.medium(), transport, grid, spectrum, threads)
    residuals: list[float] = []
    seconds: list[float] = []
    table = HaloDiffusion(p, z, D, galaxy.height_kpc)
    way = _Way(*[np.full_like(D, iteration.relaxation)] * 2)
    power = before = None
    while True:
        progress("Waves and protons, rounds", len(residuals), iteration.most_rounds)
        started = time.perf_counter()
        flux, top = found(replace(galaxy, diffusion=table), z)
        protons = model.protons(column, p, *per_ln_p(flux, top, edges, spectrum, transport.R_d_kpc))
        power, diffusive = settled(column, protons, power)
        change = np.log(diffusion_of_waves(column, power, p) / table.D_kpc2_Myr)
        way = way if before is None else _next_way(way, change, before, iteration.relaxation)
        before = change
        table = replace(table, D_kpc2_Myr=table.D_kpc2_Myr * np.exp(way.share * change))
        residuals.append(float(np.abs(change).max()))
        seconds.append(time.perf_counter() - started)
        if residuals[-1] < iteration.tolerance or len(residuals) == iteration.most_rounds:
            progress("Waves and protons, rounds", iteration.most_rounds, iteration.most_rounds)
            return ConvergedWaves(
                replace(galaxy, diffusion=table), model, table, column, protons, power, diffusive, residuals,
                seconds, iteration.tolerance,
            )  # fmt: skip


class _Way(NamedTuple):
    """Share of its way that ln D goes in a round, at every height and momentum, and the most that it may."""

    share: FloatArray
    most: FloatArray


def _next_way(way: _Way, change: FloatArray, before: FloatArray, most: float) -> _Way:
    """How ln D goes on by its `change`, if it went by its share of `before` in the last round.

    Where that overshot, it is the share that would have met the target (the secant), and the bound falls, by
    half at most, to rise again slowly. Waves that barely have the time to grow, or hardly protons to excite
    them, would else swing from round to round.
    """
    over, bend = change * before < 0.0, before - change
    secant = np.divide(way.share * before, bend, out=np.full_like(change, most), where=bend != 0.0)
    lower = np.minimum(way.most, np.maximum(secant, 0.5 * way.most))
    bound = np.clip(np.where(over, lower, _RISE_OF_BOUND * way.most), _LEAST_SHARE_OF_WAY, most)
    return _Way(np.clip(np.where(over, secant, _RISE * way.share), _LEAST_SHARE_OF_WAY, bound), bound)


def _solver(
    name: str, medium: Medium, transport: Transport, grid: TallyGrid, spectrum: Spectrum, threads: int
) -> Callable[[Galaxy, FloatArray], tuple[FloatArray, FloatArray]]:
    """What finds the flux of protons at some heights of a galaxy, and their density at its top."""

    def of_particles(galaxy: Galaxy, z_kpc: FloatArray) -> tuple[FloatArray, FloatArray]:
        tabulated = galaxy.medium()
        result = run(tabulated, grid, transport, spectrum, threads)
        return flux_of_particles(result, result.by_current_energy("halo")[0], tabulated, galaxy, z_kpc)

    def of_the_equation(galaxy: Galaxy, z_kpc: FloatArray) -> tuple[FloatArray, FloatArray]:
        cells = round_cells(replace(medium, diffusion_halo=galaxy.diffusion_halo), galaxy)
        solution = solve(cells, grid.current_edges_GeV, spectrum, transport.R_d_kpc)
        return flux_of_solution(solution, galaxy, z_kpc)

    return of_particles if name == "particles" else of_the_equation


def per_ln_p(
    flux: FloatArray, top_density: FloatArray, edges_GeV: FloatArray, spectrum: Spectrum, R_d_kpc: float
) -> tuple[FloatArray, FloatArray]:
    """Flux (heights, bins) and density (bins) of protons in bins of energy, both per ln p.

    A flux that is negative, or lost in the noise of larger ones, counts as `_LEAST_SHARE` of the injected.
    """
    width = np.diff(np.log(momentum_GeV(edges_GeV)))
    injected = spectrum.group_rates_s(edges_GeV) / (2 * np.pi * (R_d_kpc * KPC_CM) ** 2) / width
    least = np.maximum(_LEAST_SHARE * injected, _NEXT_TO_NOTHING * injected.max())
    flux, top = flux / width, top_density / width
    # The lowest bin is wide in momentum, and many of its protons have come down from higher energies: it
    # takes the share of the next bin.
    if injected[1] > 0.0:
        flux[:, 0], top[0] = (each / injected[1] * injected[0] for each in (flux[:, 1], top[1]))
    return np.maximum(flux, least), top


def layer_edges_kpc(galaxy: Galaxy) -> FloatArray:
    """Edges of the layers that waves are solved in, from the plane to the farthest of the surface.

    They are evenly spaced in the logarithm of the height up to half of it, and from there of the depth below
    the top, where the density of protons falls to what there is outside.
    """
    R_surface, z_surface = galaxy.surface_extent_kpc
    top = z_surface if galaxy.halo == "constant" else max(z_surface, R_surface - galaxy.R_d_kpc)
    half = _WAVE_LAYERS // 2
    up, down = np.geomspace(_LOWEST_KPC, 0.5 * top, half), np.geomspace(_TOPMOST * top, 0.5 * top, half)
    return np.concatenate([[0.0], up, top - down[-2::-1], [top]])


def round_cells(medium: Medium, galaxy: Galaxy) -> Cells:
    """The whole of a medium in a few thousand cells, finer towards the disc."""
    r_max, top = galaxy.r_max_kpc, galaxy.surface_extent_kpc[1]
    z = np.append(0.0, np.geomspace(_LOWEST_KPC, top, _LAYERS))
    if galaxy.bell and top < r_max:
        z = np.append(z, np.geomspace(top, r_max, _LAYERS_BEYOND)[1:])
    R = np.linspace(0.0, galaxy.R_d_kpc, max(round(galaxy.R_d_kpc / _RING_KPC), 4) + 1)
    return Cells(medium, np.append(R, np.geomspace(R[-1], r_max, _RINGS_BEYOND)[1:]), z)


def flux_of_solution(solution: Solution, galaxy: Galaxy, z_kpc: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean flux of protons over R < R_d in the halo, and their density at its top.

    (heights, energy bins) [cm^-2 s^-1], and (bins) [cm^-3].
    """
    cells = solution.cells
    areas = np.diff(np.minimum(cells.R_edges_kpc / galaxy.R_d_kpc, 1.0) ** 2)[:, None] * cells.inside
    layers = areas.sum(axis=0) > 0
    shares = areas[:, layers] / areas[:, layers].sum(axis=0)
    diffusive, carried = solution.fluxes_z()
    through = ((diffusive + carried)[..., layers] * shares).sum(axis=1) / _PER_AREA_AND_TIME
    density = (cells.spread(solution.protons_kpc3)[..., layers] * shares).sum(axis=1)[:, -1] / KPC_CM**3
    return _at_heights(z_kpc, cells.z_edges_kpc[1:][layers], through), density * _held(cells.medium)


def _held(medium: Medium) -> bool:
    """Whether there are protons at the top of the halo: where it does not end at what absorbs them."""
    return medium.table.wall != Wall.ABSORBING


def flux_of_particles(
    result: Result, protons: FloatArray, medium: Medium, galaxy: Galaxy, z_kpc: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The same from the tallies of a run, the flux by conservation (the steady state is taken to be reached).

    `protons` are those of its halo by current energy, one of the replicas.

    What goes up through a height within R_d is what is injected, less what falls to lower energies below it,
    with what falls in from higher ones, and less what leaves sideways below it, which alone takes a gradient,
    and is small. Both, over what is injected, change slowly with energy: they are means over `_SMOOTH_BINS`
    bins.
    """
    grid, edges = result.grid, result.grid.current_edges_GeV
    p, width = bin_momenta_GeV(edges), np.diff(np.log(momentum_GeV(edges)))
    R, z = (0.5 * (each[1:] + each[:-1]) for each in (grid.halo_R_kpc, grid.halo_z_kpc))
    # The edge of cells next to R_d, and what is injected within it above the plane.
    rim = min(max(int(np.argmin(np.abs(grid.halo_R_kpc - galaxy.R_d_kpc))), 1), R.size - 1)
    R_rim = min(float(grid.halo_R_kpc[rim]), galaxy.R_d_kpc)
    injected = 0.5 * result.spectrum.group_rates_s(edges)[:, None] * MYR_S * (R_rim / galaxy.R_d_kpc) ** 2
    some = injected[..., None] > 0
    protons = np.divide(0.5 * protons, injected[..., None], out=np.zeros_like(protons), where=some)
    gas = medium.mean_targets_cm3(grid.halo_R_kpc, grid.halo_z_kpc)[..., :2].sum(axis=-1)
    # Over the disc waves go straight up: means of div u over the layers are differences of their speed.
    speed = medium.halo_flow_kpc_Myr(R[:, None], grid.halo_z_kpc[None, :])[..., 1]
    divergence = np.diff(speed, axis=1) / np.diff(grid.halo_z_kpc)
    loss = medium.loss_rate_Myr(p)[:, None, None] * gas + divergence / 3.0
    lost = _smooth(_up_to((loss * protons)[:, :rim].sum(axis=1))) * injected / width[:, None]
    # Through the lower edge of a bin: between what its own density and that of the next one make of it, the
    # geometric mean where both lose or both gain.
    next_lower = np.concatenate([lost[:1], lost[:-1]])
    alike = np.copysign(np.sqrt(np.abs(lost * next_lower)), lost)
    falling = np.where(lost * next_lower > 0.0, alike, 0.5 * (lost + next_lower))
    # Densities on either side of the rim, each in one ring of cells.
    density = 2.0 * protons / np.where(result.volumes_kpc3["halo"] > 0, result.volumes_kpc3["halo"], np.inf)
    gap = R[rim] - R[rim - 1]
    D = medium.diffusion_halo(p[:, None], grid.halo_R_kpc[rim], z)
    # Over less than a mean free path the gradient drives no more than free flight does.
    slower = 1.0 + 3.0 * D / (speed_kpc_Myr(p)[:, None] * gap)
    outward = D / slower * (density[:, rim - 1] - density[:, rim]) / gap
    sides = 2 * np.pi * grid.halo_R_kpc[rim] * np.diff(grid.halo_z_kpc)
    sideways = _smooth(_up_to(sides * outward)) * injected
    upward = injected - falling + np.concatenate([falling[1:], np.zeros_like(falling[:1])]) - sideways
    through = _at_heights(z_kpc, grid.halo_z_kpc, upward / (np.pi * R_rim**2 * _PER_AREA_AND_TIME))
    inside = result.volumes_kpc3["halo"][:rim].sum(axis=0)
    top = int(np.flatnonzero(inside)[-1])
    above = _smooth(protons[:, :rim].sum(axis=1))[:, top] * 2.0 * injected[:, 0] / inside[top] / KPC_CM**3
    return through, above * _held(medium)


def _up_to(rows: FloatArray) -> FloatArray:
    """Sums over the layers below each height, from none."""
    return np.concatenate([np.zeros_like(rows[:, :1]), np.cumsum(rows, axis=1)], axis=1)


def _smooth(rows: FloatArray) -> FloatArray:
    """Running means over energy bins (the first axis), fewer at the ends."""
    sums = np.cumsum(np.concatenate([np.zeros_like(rows[:1]), rows]), axis=0)
    bins, half = np.arange(len(rows)), _SMOOTH_BINS // 2
    first, last = np.maximum(bins - half, 0), np.minimum(bins + half + 1, len(rows))
    return (sums[last] - sums[first]) / (last - first)[:, None]


def _at_heights(z_kpc: FloatArray, at_kpc: FloatArray, rows: FloatArray) -> FloatArray:
    """Rows (bins, layers) interpolated to heights: (heights, bins)."""
    return np.stack([np.interp(z_kpc, at_kpc, row) for row in rows], axis=1)
