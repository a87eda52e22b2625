"""How many encounters with the wall are represented, and by how many split particles."""

import numpy as np
import pytest
from crhalo.fields.galaxy import Galaxy
from crhalo.fields.medium import Wall
from crhalo.mc.wall_sampling import ENCOUNTERS_PER_MIXING, acceleration_tables, sampling_at, wall_sampling_of


@pytest.mark.parametrize("delta_G", [1.0, 30.0, 100.0])
def test_splits_per_capture_are_whole(delta_G):
    # Where the wall is flown, so many weigh one over that each: a fraction would not add up to one.
    multiplicity, splits = acceleration_tables(Galaxy(delta_G=delta_G).medium(), "auto")
    np.testing.assert_array_equal(splits, np.round(splits))
    assert splits.min() >= 1 and multiplicity.min() >= 1


def test_multiplicity_is_bounded_by_the_mixing_of_the_halo():
    medium = Galaxy(delta_G=100.0).medium()
    found = sampling_at(medium, "auto", np.array([1.0, 10.0, 1e3, 1e5]))
    assert found["multiplicity"][0] == 1.0 < found["multiplicity"][2]
    most = np.maximum(found["encounters"] / (ENCOUNTERS_PER_MIXING * found["encounters_to_mix"]), 1.0)
    assert np.all(found["multiplicity"] <= most * (1 + 1e-9))
    np.testing.assert_array_equal(sampling_at(medium, 1, np.array([1e3]))["multiplicity"], 1.0)


def test_lines_mix_the_halo_by_what_leads_across_them():
    p = np.array([562.0])

    def found(**lines):
        return sampling_at(Galaxy(field="x-shaped", B_pol_uG=0.13, **lines).medium(), "auto", p)

    tied, slow, fast = (found(epsilon=epsilon) for epsilon in (0.0, 0.01, 1.0))
    assert slow["multiplicity"] == 1.0 < fast["multiplicity"]
    np.testing.assert_allclose(slow["encounters_to_mix"], 100.0 * fast["encounters_to_mix"])
    # Nobody leaves a line, whatever a return stands for.
    np.testing.assert_allclose(tied["multiplicity"], fast["multiplicity"])
    assert found(epsilon=0.0, drifts=True)["multiplicity"] == 1.0
    wanders = found(epsilon=0.0, wander_kpc=1e-3)
    assert fast["encounters_to_mix"] < wanders["encounters_to_mix"]


def test_brute_force_represents_nothing(medium):
    for values in acceleration_tables(medium, 1):
        np.testing.assert_array_equal(values, 1.0)


def test_only_a_bell_wall_is_sampled(medium):
    assert medium.table.wall == Wall.TWO_WAY
    assert wall_sampling_of(medium, "auto").h_table[0] == pytest.approx(1)
    assert wall_sampling_of(medium.absorbing(), "auto") is None
