"""How sources are spread over the disc."""

import numpy as np
import pytest
from crhalo.fields.disc.sources import RADIAL, radii_of_shares, share_within, surface_density
from scipy.integrate import quad


@pytest.mark.parametrize("radial", ["snr", "pulsar"])
def test_shares_are_integrals_of_the_surface_density(radial):
    whole = quad(lambda R: R * surface_density(radial, R), 0.0, 15.0)[0]
    radii = radii_of_shares(radial, 15.0)
    for R in (0.3, 1.0, 3.0, 8.2, 14.0):
        expected = quad(lambda R: R * surface_density(radial, R), 0.0, R)[0] / whole
        assert share_within(radii, 15.0, R) == pytest.approx(expected, rel=2e-4, abs=1e-7)
    assert share_within(radii, 15.0, [0.0, 15.0, 20.0]) == pytest.approx([0.0, 1.0, 1.0])


def test_a_uniform_disc_has_shares_of_area():
    assert radii_of_shares("uniform", 10.0).size == 0
    assert share_within(np.zeros(0), 10.0, [1.0, 5.0, 30.0]) == pytest.approx([0.01, 0.25, 1.0])


def test_remnants_peak_where_green_has_them():
    R = np.linspace(0.01, 15.0, 3000)
    for name, (a, b) in ((name, ab) for name, ab in RADIAL.items() if ab):
        assert R[np.argmax(surface_density(name, R))] == pytest.approx(8.5 * a / b, abs=0.01)
    assert surface_density("snr", 8.5) == pytest.approx(1.0)
