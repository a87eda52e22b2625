"""Source bias and weight windows from importance: where and at which energies to follow more histories.

What a history adds to an observable is its weight times its importance. Where that is the same for all the
histories of a group, none is followed in vain, and none alone decides the result: weights are one over
importance (consistent adjoint-driven importance sampling: Wagner & Haghighat 1998, Nucl. Sci. Eng. 128, 186).
The mean does not depend on how good the importance is, so that of the transport equation will do.
"""

from __future__ import annotations

import numpy as np
from scipy.interpolate import RegularGridInterpolator

from ..fields.disc.sources import share_within
from ..fields.units import FloatArray
from .blocks import Windows
from .diffusion.adjoint import Adjoint
from .tally import GROUPS_PER_BIN, TallyGrid

# Equal parts of the sources, from the axis outwards, that have a bias of their own.
PARTS = 32
# Weights differ from one by this at most: what else is counted is to keep some histories, too.
MOST_BIAS = 10.0
# Particles of a block, for each group that there is: one of it, the others of groups by what they add.
PARTICLES_PER_GROUP = 4


def windows_of(found: Adjoint, grid: TallyGrid, R_d_kpc: float) -> Windows:
    """Windows for an observable.

    Parameters
    ----------
    found : Adjoint
        In bins of `grid.current_edges_GeV`.
    grid : TallyGrid
        Groups of energy, and cells of the halo, that the windows are for.
    R_d_kpc : float
        Radius of the source disc.
    """
    cells = found.solution.cells
    psi = cells.spread(found.importance_Myr)
    within = share_within(cells.medium.table.source_radii, R_d_kpc, cells.R_edges_kpc)
    middles = np.interp((np.arange(PARTS) + 0.5) / PARTS, within, cells.R_edges_kpc)
    at_sources = np.stack([np.interp(middles, cells.R_kpc, plane) for plane in psi[:, :, 0]])
    mean = at_sources.mean(axis=1)
    bias = np.ones_like(at_sources)
    some = mean > 0.0
    bias[some] = np.clip(at_sources[some] / mean[some, None], 1.0 / MOST_BIAS, MOST_BIAS)
    bias /= bias.sum(axis=1, keepdims=True)
    edges = np.concatenate([np.zeros((mean.size, 1)), np.cumsum(bias, axis=1)], axis=1)
    edges[:, -1] = 1.0
    made = (found.importance_Myr * found.losses.injected_Myr[:, None] * cells.shares(R_d_kpc)).sum(axis=1)
    return Windows(
        particles=_particles(np.repeat(made, GROUPS_PER_BIN)),
        source_edges=np.repeat(edges, GROUPS_PER_BIN, axis=0),
        weights=np.repeat(_weights(psi, mean, found, grid), GROUPS_PER_BIN, axis=0),
    )


def _particles(made: FloatArray) -> np.ndarray:
    """Particles of a block in each group, by what the group adds."""
    others = (PARTICLES_PER_GROUP - 1) * made.size * made / made.sum()
    return 1 + np.round(others).astype(np.int64)


def _weights(psi: FloatArray, mean: FloatArray, found: Adjoint, grid: TallyGrid) -> FloatArray:
    """mean/psi in the cells of the halo, (bins, R, z); zero where nothing is known of psi."""
    cells = found.solution.cells
    R, z = (0.5 * (each[1:] + each[:-1]) for each in grid.cells["halo"])
    places = np.stack(np.meshgrid(R, z, indexing="ij"), axis=-1)
    nearest = RegularGridInterpolator(
        (cells.R_kpc, cells.z_kpc), np.moveaxis(psi, 0, -1), "nearest", bounds_error=False, fill_value=0.0
    )
    inside = np.clip(places, [cells.R_kpc[0], cells.z_kpc[0]], None)
    there = np.moveaxis(nearest(inside), -1, 0)
    # Where the bias of sources is cut off, that of histories is not quite the same: windows are wide enough.
    weight = np.divide(mean[:, None, None], there, out=np.zeros_like(there), where=there > 0.0)
    return np.where(weight > 0.0, np.clip(weight, 1.0 / MOST_BIAS, MOST_BIAS), 0.0)
