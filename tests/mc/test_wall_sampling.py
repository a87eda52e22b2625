"""How much of the traffic at the wall is represented."""

import numpy as np
import pytest
from crhalo.fields.galaxy import Galaxy
from crhalo.mc.wall_sampling import acceleration_tables


@pytest.mark.parametrize("delta_G", [1.0, 30.0, 100.0])
def test_probes_are_whole(delta_G):
    # Where the wall is flown, `probes` of them weigh 1/probes each: a fraction would not add up to one.
    multiplicity, probes = acceleration_tables(Galaxy(delta_G=delta_G).medium(), "auto")
    np.testing.assert_array_equal(probes, np.round(probes))
    assert probes.min() >= 1 and multiplicity.min() >= 1


def test_brute_force_represents_nothing(medium):
    for values in acceleration_tables(medium, 1):
        np.testing.assert_array_equal(values, 1.0)
