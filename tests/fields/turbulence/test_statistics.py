"""What is measured on realisations is what was asked for, and a wrong spectrum is seen."""

from dataclasses import replace

import numpy as np
import pytest
from crhalo.fields.turbulence.statistics import measure
from crhalo.fields.turbulence.synthetic import Turbulence, kolmogorov, scale_invariant


def measured(turbulence, count):
    return measure(turbulence, [turbulence.realisation(seed).second for seed in range(count)], 1)


@pytest.mark.parametrize("geometry", ["isotropic", "slab", "composite"])
def test_realisations_are_as_asked_for(geometry):
    found = measured(Turbulence(kolmogorov, (0.05, 1.0), 128, 3.0, 2.0, geometry), 40)
    assert abs(found.rms.mean() - 1.0) < 0.02
    # A realisation of few waves has an l_c of its own, of slab waves most of all.
    error = found.correlation_length.std(ddof=1) / np.sqrt(len(found.rms))
    assert abs(found.correlation_length.mean() - 1.0) < 3 * error
    assert geometry == "slab" or error < 0.1
    wanted = [1.0, 1.0, 1.0] if geometry == "isotropic" else [1.5, 1.5, 0.0]
    np.testing.assert_allclose(found.squares.mean(axis=0), wanted, atol=0.15)
    assert found.divergence.max() < 1e-6
    # Bins about the longest wave blur, and the last one ends with the waves.
    ratio = found.power.mean(axis=0)[4:-1] / found.expected_power[4:-1]
    np.testing.assert_allclose(ratio, 1.0, atol=0.2)


def test_another_spectrum_is_seen():
    asked = Turbulence(kolmogorov, (0.05, 1.0), 128, 3.0)
    found = measured(replace(asked, power=scale_invariant), 20)
    expected = measured(asked, 1).expected_power
    assert found.power.mean(axis=0)[-2] > 2.0 * expected[-2]
