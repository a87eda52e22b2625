"""Diffusion coefficients measured on tracks, with errors from the scatter between realisations."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ...fields.units import FloatArray
from ..uncertainty import value_and_error

# On a plateau, D over the last half of the lags and over the quarter before it agree so well.
PLATEAU_SIGMAS = 2.0
PLATEAU_SHARE = 0.05
LAGS = 40
# D is of displacements over paths of 20 free paths, and over 5 correlation lengths, at least: of up to 48
# records, along tracks of 240.
LONGEST_OVER_FREE_PATH, LONGEST_OVER_CORRELATION = 20.0, 5.0
LONGEST_RECORDS, RECORDS = 48, 240


def longest_path_kpc(D_over_v_kpc: float, correlation_length_kpc: float) -> float:
    """Path over which displacements have to be followed for D to converge."""
    far = LONGEST_OVER_CORRELATION * correlation_length_kpc
    return max(LONGEST_OVER_FREE_PATH * 3.0 * D_over_v_kpc, far**2 / (2.0 * D_over_v_kpc))


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
    return value_and_error(np.concatenate([[estimator(total / n)], without]))


class RunningDiffusion(NamedTuple):
    """D over v [kpc] against the path v t [kpc].

    `running` is <dx^2>/(2 v t), which approaches D/v as 1/t; `plateau` half the slope of <dx^2> over the last
    half of the lags, from which the start has dropped out. `late_change` is how much more D that is than over
    the quarter of the lags before.
    """

    path_kpc: FloatArray
    running: FloatArray
    running_error: FloatArray
    plateau: float
    plateau_error: float
    late_change: float
    late_change_error: float

    @property
    def converged(self) -> bool:
        """Whether D has stopped changing, to 5% or two sigma."""
        allowed = max(PLATEAU_SIGMAS * self.late_change_error, PLATEAU_SHARE * self.plateau)
        return abs(self.late_change) < allowed


def _lags(longest: int) -> np.ndarray:
    """Whole lags up to the longest, closer together at the short end, with its half and quarter."""
    spread = np.unique(np.round(np.geomspace(1, longest, LAGS)).astype(int))
    return np.union1d(spread, [longest // 4, longest // 2])


def running_diffusion(
    tracks: FloatArray, spacing_kpc: float, longest: int, axes: tuple[int, ...]
) -> RunningDiffusion:
    """D over v from tracks, averaged over some axes and over all moments that a displacement can start at.

    Parameters
    ----------
    tracks : ndarray, shape (realisations, particles, places, 6)
        As `tracks.tracks` gives them, recorded at equal spacing.
    spacing_kpc : float
        Path between records.
    longest : int
        The longest displacement, in records; at least 4.
    axes : tuple of int
        (0, 1, 2): isotropic; (2,): along z; (0, 1): across it.

    Raises
    ------
    ValueError
        If the tracks are shorter than the longest displacement, that is below 4, or there are fewer than two
        realisations.
    """
    if not 4 <= longest < tracks.shape[2]:
        raise ValueError(f"longest = {longest}: must be from 4 to {tracks.shape[2] - 1}")
    lags = _lags(longest)
    places = tracks[..., list(axes)]
    squares = np.stack(
        [((places[:, :, lag:] - places[:, :, :-lag]) ** 2).mean(axis=(1, 2, 3)) for lag in lags], axis=1
    )
    path = lags * spacing_kpc
    quarter, half = np.searchsorted(lags, [longest // 4, longest // 2])

    def slopes(mean: FloatArray) -> FloatArray:
        late = (mean[-1] - mean[half]) / (path[-1] - path[half])
        early = (mean[half] - mean[quarter]) / (path[half] - path[quarter])
        return 0.5 * np.array([late, late - early])

    running, running_error = jackknife(squares, lambda mean: mean / (2.0 * path))
    plateau, error = jackknife(squares, slopes)
    return RunningDiffusion(
        path, running, running_error, float(plateau[0]), float(error[0]), float(plateau[1]), float(error[1])
    )


def pitch_angle_diffusion(
    tracks: FloatArray, spacing_kpc: float, lag: int, edges: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """D_mumu over v [1/kpc] in bins of the pitch angle mu about z, and its error.

    Half the slope of <dmu^2> between one path and twice that, from which what just swings to and fro with the
    waves has dropped out.

    Parameters
    ----------
    tracks : ndarray, shape (realisations, particles, places, 6)
        As for `running_diffusion`.
    spacing_kpc, lag : float, int
        Path between records, and how many of them are the shorter path: a gyration or more, and so short that
        dmu is small against the bins.
    edges : ndarray
        Of the bins.
    """
    mu = tracks[..., 5]
    start = mu[:, :, : -2 * lag]
    once, twice = mu[:, :, lag:-lag] - start, mu[:, :, 2 * lag :] - start
    bins = len(edges) - 1
    sums = np.empty((len(tracks), 2, bins))
    for one, at, gained in zip(sums, start, twice**2 - once**2, strict=True):
        inside = np.digitize(at.ravel(), edges) - 1
        use = (inside >= 0) & (inside < bins)
        one[0] = np.bincount(inside[use], gained.ravel()[use], bins)
        one[1] = np.bincount(inside[use], minlength=bins)
    return jackknife(sums, lambda mean: mean[0] / np.maximum(mean[1], 1e-300) / (2.0 * lag * spacing_kpc))
