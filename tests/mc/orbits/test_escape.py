"""The law of diffusive escape, the hybrid engine beside it, and how two samples are compared."""

import warnings

import numpy as np
import pytest
from crhalo.fields.units import C_KPC_MYR
from crhalo.mc.orbits.escape import DiffusiveEscape, Slab, compare, escape
from scipy.integrate import quad
from scipy.stats import anderson_ksamp, ks_2samp, kstest

H, FREE_PATH = 0.06, 6e-4
LAW = DiffusiveEscape(H, FREE_PATH * C_KPC_MYR / 3.0, FREE_PATH)


def test_the_mean_of_the_law_is_its_mean():
    mean = quad(lambda x: 1.0 - float(LAW.cdf(np.array(x * LAW.mean_Myr))), 0.0, 20.0)[0]
    assert mean == pytest.approx(1.0, rel=1e-3)


def test_slope_of_the_mean():
    more = DiffusiveEscape(H, 1.001 * LAW.D_kpc2_Myr, 1.001 * FREE_PATH)
    assert np.log(more.mean_Myr / LAW.mean_Myr) / np.log(1.001) == pytest.approx(LAW.slope, rel=1e-3)


def test_the_hybrid_engine_follows_the_law():
    found = escape(Slab(H, 1.0, 1e6), 1e6, LAW.D_kpc2_Myr, None, 2000, 3, 2)
    times = np.concatenate(found.times_Myr)
    assert found.inside == 0 and times.size == 2000
    assert kstest(times, LAW.cdf).pvalue > 0.01
    assert found.time_Myr[0] == pytest.approx(LAW.mean_Myr, abs=4 * found.time_Myr[1])
    # A slab of no round thickness is tallied whole.
    residence = found.result.per_particle("halo")[0].sum(axis=(1, 2, 3)).mean()
    assert residence == pytest.approx(found.time_Myr[0], rel=1e-3)


def test_those_still_inside_are_counted():
    found = escape(Slab(H, 1.0, 0.5 * LAW.mean_Myr), 1e6, LAW.D_kpc2_Myr, None, 400, 3, 1)
    assert 100 < found.inside < 300
    assert sum(block.size for block in found.times_Myr) == 400 - found.inside


def blocks(rng, scale, shared=0.0):
    """Exponential times in blocks of 16 that have a factor in common."""
    return [scale * np.exp(shared * rng.standard_normal()) * rng.exponential(1.0, 16) for _ in range(30)]


def test_statistics_are_those_of_scipy():
    rng = np.random.default_rng(1)
    a, b = blocks(rng, 1.0), blocks(rng, 1.2)
    found = compare(a, b, 1)
    assert found["ks"] == pytest.approx(ks_2samp(np.concatenate(a), np.concatenate(b)).statistic)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its p-value is capped, and its options change by version
        normalised = anderson_ksamp([np.concatenate(a), np.concatenate(b)], midrank=False).statistic
    # scipy subtracts the mean, 1, and divides by the deviation, 0.75 for large samples.
    assert (found["ad"] - 1.0) / 0.75 == pytest.approx(normalised, rel=0.02)


def test_other_samples_are_told_apart_and_like_ones_are_not():
    rng = np.random.default_rng(2)
    far, near = compare(blocks(rng, 1.0), blocks(rng, 1.5), 1), compare(blocks(rng, 1.0), blocks(rng, 1.0), 1)
    assert far["ks_p"] < 0.01 and far["ad_p"] < 0.01
    assert near["ks_p"] > 0.05 and near["ad_p"] > 0.05


def test_what_blocks_have_in_common_is_no_difference():
    rng = np.random.default_rng(3)
    chances = [compare(blocks(rng, 1.0, 0.5), blocks(rng, 1.0, 0.5), 1)["ks_p"] for _ in range(20)]
    assert np.mean(np.array(chances) < 0.1) < 0.35
