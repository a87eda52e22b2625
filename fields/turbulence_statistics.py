"""What realisations of turbulence turned out to be: rms, components, spectrum, correlation length, div B.

Measured on straight lines in random directions. A wave k is met along a line at k mu, mu even between 0 and
1 over all lines; so the power per ln k' that is met at k' is int F(k) (k'/k) dln k over k > k', whatever the
directions of the waves.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.integrate import quad

from .turbulence import Turbulence
from .units import FloatArray
from .vectors import divergence, sample

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


def measure(turbulence: Turbulence, realisations: int, seed: int = 0) -> TurbulenceStatistics:
    """Measure realisations of turbulence; the mean field is left out.

    Parameters
    ----------
    turbulence : Turbulence
        What they should be.
    realisations : int
        How many.
    seed : int
        Of the first; also of the lines.
    """
    shortest, longest = turbulence.wavelengths_kpc
    spacing, length = shortest / _SAMPLES_PER_WAVE, _LONGEST_WAVES * longest
    count = int(length / spacing)
    path = spacing * np.arange(count)
    rng = np.random.default_rng(seed)
    window = np.hanning(count)
    k = 2.0 * math.pi * np.fft.rfftfreq(count, spacing)
    edges = _edges(turbulence)
    found: dict[str, list] = {name: [] for name in ("rms", "squares", "divergence", "power", "correlation")}
    for number in range(realisations):
        waves = turbulence.realisation((seed, number)).second
        direction = rng.standard_normal((LINES, 1, 3))
        direction /= np.linalg.norm(direction, axis=2, keepdims=True)
        start = rng.uniform(-100.0, 100.0, (LINES, 1, 3)) * longest
        B = sample(waves, start + path[:, None] * direction) / turbulence.rms_uG
        squares = (B**2).mean(axis=(0, 1))
        spectrum = (np.abs(np.fft.rfft(B * window[:, None], axis=1)) ** 2).sum(axis=(0, 2))
        spectrum *= 2.0 / (LINES * count * (window**2).sum())
        binned, _ = np.histogram(k, edges, weights=spectrum)
        found["rms"].append(math.sqrt(squares.sum()))
        found["squares"].append(3.0 * squares)
        found["power"].append(binned / np.diff(np.log(edges)))
        found["correlation"].append(_correlation(B))
        places = start[:, 0] + path[-1] * direction[:, 0]
        k_max_B = turbulence.k_range_kpc[1] * turbulence.rms_uG
        found["divergence"].append(np.abs(divergence(waves, places, 0.02 * shortest)).max() / k_max_B)
    lag = path[: len(found["correlation"][0])]
    correlation = np.array(found["correlation"])
    scale = (turbulence.rms_uG / turbulence.reference_field_uG) ** 2
    return TurbulenceStatistics(
        rms=np.array(found["rms"]),
        squares=np.array(found["squares"]),
        correlation_length=np.trapezoid(correlation, lag, axis=1) / turbulence.correlation_length_kpc,
        divergence=np.array(found["divergence"]),
        k_kpc=np.sqrt(edges[1:] * edges[:-1]),
        power=scale * np.array(found["power"]),
        expected_power=np.array([_expected(turbulence, *ends) for ends in pairwise(edges)]),
        lag_kpc=np.asarray(lag, float),
        correlation=correlation,
    )


def _edges(turbulence: Turbulence) -> FloatArray:
    """Bins of k along a line: from a quarter below the smallest k of a wave up to the largest."""
    low, high = turbulence.k_range_kpc
    decades = math.log10(2.0 * high / low)
    return np.geomspace(0.5 * low, high, round(decades * _BINS_PER_DECADE) + 1)


def _correlation(B: FloatArray) -> FloatArray:
    """<B(0).B(r)> over <B^2>, along the lines and averaged over them, up to half their length."""
    count = B.shape[1]
    transformed = np.fft.rfft(B, 2 * count, axis=1)
    sums = np.fft.irfft((np.abs(transformed) ** 2).sum(axis=(0, 2)), 2 * count)[: count // 2]
    mean = sums / (count - np.arange(count // 2))
    return mean / mean[0]


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
