"""Measured statistics of realisations of turbulence: rms, components, spectrum, correlation length, div B.

Measured on straight lines in random directions. Along a line a wave k has the wavenumber k mu, mu uniform
between 0 and 1 over all lines; so the power per ln k' of a line is int F(k) (k'/k) dln k over k > k',
whatever the directions of the waves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.integrate import quad

from ..units import FloatArray
from ..vectors import divergence, sample
from .synthetic import Turbulence

LINES = 8
_BINS_PER_DECADE = 8
_SAMPLES_PER_WAVE, _LONGEST_WAVES = 4.0, 8.0


class TurbulenceStatistics(NamedTuple):
    """Measured, by realisation, and intended.

    `rms` is over the one asked for, `squares` are <dB_i^2> over a third of its square, `correlation_length`
    is over the intended one, `divergence` the largest |div B| in units of k_max times the rms. `power`
    (measured) and `expected_power` are those met along lines, per ln k, over the reference field squared.
    """

    rms: FloatArray
    squares: FloatArray
    correlation_length: FloatArray
    divergence: FloatArray
    k_kpc: FloatArray
    power: FloatArray
    expected_power: FloatArray
    lag_kpc: FloatArray
    correlation: FloatArray


def measure(
    turbulence: Turbulence, waves: Sequence[Any], seed: int = 0, near_kpc: ArrayLike | None = None
) -> TurbulenceStatistics:
    """Measure realisations of turbulence, without the mean field.

    Parameters
    ----------
    turbulence : Turbulence
        What they should be.
    waves : sequence of records
        Its realisations.
    seed : int
        Of the lines.
    near_kpc : array_like, shape (3,), optional
        The place that lines go through, about their middle, in place of any.
    """
    shortest, longest = turbulence.wavelengths_kpc
    spacing = shortest / _SAMPLES_PER_WAVE
    path = np.asarray(spacing * np.arange(int(_LONGEST_WAVES * longest / spacing)), float)
    edges = _edges(turbulence)
    rng = np.random.default_rng(seed)
    scale = (turbulence.rms_uG / turbulence.reference_field_uG) ** 2
    found = [_measured(turbulence, each, path, edges, rng, near_kpc) for each in waves]
    rms, squares, divergences, power, correlation = (np.array(values) for values in zip(*found, strict=True))
    lag = path[: correlation.shape[1]]
    return TurbulenceStatistics(
        rms=rms,
        squares=squares,
        correlation_length=np.trapezoid(correlation, lag, axis=1) / turbulence.correlation_length_kpc,
        divergence=divergences,
        k_kpc=np.sqrt(edges[1:] * edges[:-1]),
        power=scale * power,
        expected_power=np.array([_expected(turbulence, *ends) for ends in pairwise(edges)]),
        lag_kpc=np.asarray(lag, float),
        correlation=correlation,
    )


def _measured(
    turbulence: Turbulence,
    waves: Any,
    path: FloatArray,
    edges: FloatArray,
    rng: np.random.Generator,
    near: ArrayLike | None,
) -> tuple[float, FloatArray, float, FloatArray, FloatArray]:
    """(rms, squares, divergence, power, correlation) of one realisation, over those of the rms asked for."""
    longest, count = turbulence.wavelengths_kpc[1], len(path)
    window = np.hanning(count)
    squares, power, correlation, divergences = np.zeros(3), np.zeros(len(edges) - 1), np.zeros(count // 2), []
    k = 2.0 * math.pi * np.fft.rfftfreq(count, path[1])
    for _ in range(LINES):
        direction = rng.standard_normal(3)
        direction /= np.linalg.norm(direction)
        start = rng.uniform(-100.0, 100.0, 3) * longest
        if near is not None:
            start = np.asarray(near, float) - 0.5 * path[-1] * direction
        B = sample(waves, start + path[:, None] * direction) / turbulence.rms_uG
        squares += (B**2).mean(axis=0) / LINES
        spectrum = (np.abs(np.fft.rfft(B * window[:, None], axis=0)) ** 2).sum(axis=1)
        spectrum *= 2.0 / (LINES * count * (window**2).sum())
        power += np.histogram(k, edges, weights=spectrum * k / k[1])[0] / np.histogram(k, edges)[0]
        correlation += _correlation(B)
        step = 0.02 * turbulence.wavelengths_kpc[0]
        divergences.append(float(np.abs(divergence(waves, start[None], step)).max()))
    unit = turbulence.k_range_kpc[1] * turbulence.rms_uG
    rms = math.sqrt(squares.sum())
    return rms, 3.0 * squares, max(divergences) / unit, power, correlation / correlation[0]


def _edges(turbulence: Turbulence) -> FloatArray:
    """Bins of k along a line: from a quarter below the smallest k of a wave up to the largest."""
    low, high = turbulence.k_range_kpc
    decades = math.log10(2.0 * high / low)
    return np.geomspace(0.5 * low, high, round(decades * _BINS_PER_DECADE) + 1)


def _correlation(B: FloatArray) -> FloatArray:
    """<B(0).B(r)> along a line, (count, 3), up to half its length."""
    count = len(B)
    transformed = np.fft.rfft(B, 2 * count, axis=0)
    sums = np.fft.irfft((np.abs(transformed) ** 2).sum(axis=1), 2 * count)[: count // 2]
    return sums / (count - np.arange(count // 2))


def _expected(turbulence: Turbulence, low: float, high: float) -> float:
    """Mean power per ln k of a line between two k."""
    k_min, k_max = turbulence.k_range_kpc

    def of_wave(x: float) -> float:
        k = math.exp(x)
        share = max(min(high, k) - low, 0.0) / k
        return float(turbulence.F(np.array(k))) * share

    start = math.log(max(low, k_min))
    breaks = [math.log(high)] if k_min < high < k_max else None
    total = quad(of_wave, start, math.log(k_max), points=breaks, limit=200)[0]
    return total / math.log(high / low)
