"""Diffusion coefficients measured on tracks, with errors from the scatter between realisations."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..fields.units import FloatArray

# On a plateau, D over the last half of the path and over the quarter before it agree so well.
PLATEAU_SIGMAS = 2.0
PLATEAU_SHARE = 0.05


def jackknife(
    per_realisation: FloatArray, estimator: Callable[[FloatArray], FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Value and one-sigma error of a function of means over realisations (the first axis).

    Raises
    ------
    ValueError
        With fewer than two realisations there is no scatter to take an error from.
    """
    n = len(per_realisation)
    if n < 2:
        raise ValueError(f"realisations = {n}: must be at least 2")
    total = per_realisation.sum(axis=0)
    without = np.array([estimator((total - one) / (n - 1)) for one in per_realisation])
    error = np.sqrt((n - 1) / n * ((without - without.mean(axis=0)) ** 2).sum(axis=0))
    return np.asarray(estimator(total / n)), error


class RunningDiffusion(NamedTuple):
    """D over v [kpc] against the path v t [kpc].

    `running` is <dx^2>/(2 v t), which approaches D/v as 1/t; `plateau` half the slope of <dx^2> over the last
    half of the path, from which the start has dropped out.
    """

    path_kpc: FloatArray
    running: FloatArray
    running_error: FloatArray
    plateau: float
    plateau_error: float
    converged: bool


def running_diffusion(tracks: FloatArray, path_kpc: FloatArray, axes: tuple[int, ...]) -> RunningDiffusion:
    """D over v from tracks, averaged over some axes.

    Parameters
    ----------
    tracks : ndarray, shape (realisations, particles, 1 + paths, 6)
        As `orbit.tracks` gives them.
    path_kpc : ndarray
        Ascending, to at least four times the first.
    axes : tuple of int
        (0, 1, 2): isotropic; (2,): along z; (0, 1): across it.

    Raises
    ------
    ValueError
        If the last path is not four times the first, or there are fewer than two realisations.
    """
    path = np.asarray(path_kpc, float)
    if not path[0] <= 0.25 * path[-1]:
        raise ValueError(
            f"path_kpc = {path[0]:g} to {path[-1]:g}: the last must be at least four times the first"
        )
    moved = tracks[:, :, 1:, list(axes)] - tracks[:, :, :1, list(axes)]
    squares = (moved**2).mean(axis=(1, 3))
    quarter, half = (int(np.argmin(np.abs(path - share * path[-1]))) for share in (0.25, 0.5))

    def slopes(mean: FloatArray) -> FloatArray:
        late = (mean[-1] - mean[half]) / (path[-1] - path[half])
        early = (mean[half] - mean[quarter]) / (path[half] - path[quarter])
        return 0.5 * np.array([late, late - early])

    running, running_error = jackknife(squares, lambda mean: mean / (2.0 * path))
    (plateau, change), (plateau_error, change_error) = jackknife(squares, slopes)
    converged = abs(change) < max(PLATEAU_SIGMAS * change_error, PLATEAU_SHARE * plateau)
    return RunningDiffusion(
        path, running, running_error, float(plateau), float(plateau_error), bool(converged)
    )
