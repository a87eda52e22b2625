"""How the region behind the wall fills, over ages that take long to follow."""

import numpy as np
from crhalo.fields.galaxy import Galaxy
from crhalo.mc.blocks import Transport
from crhalo.mc.engine import run
from crhalo.mc.tally import AGES_MYR, SHELLS, energy_groups, galactic_grid
from crhalo.mc.uncertainty import value_and_error


def test_snapshots_of_a_longer_run_pass_through_those_of_a_shorter_one():
    """A run that ends at an age is what a longer one says of that age: without it, they would be apart."""
    galaxy = Galaxy(delta_G=1.0)
    grid = galactic_grid(energy_groups(1e3, 3e3), galaxy)
    medium = galaxy.medium()
    short, long = (
        run(medium, grid, Transport(640, seed, t_max_Myr=t), threads=2)
        for seed, t in ((6, 300.0), (7, 2000.0))
    )

    def protons(result, at):
        inside = result.snapshots_cm3()[:, :, at] * result.volumes_kpc3["filling"]
        return value_and_error(inside[..., :SHELLS].sum(axis=(1, 2)))

    at = int(np.searchsorted(AGES_MYR, 300.0))
    (one, error), (other, other_error), (all_of_it, _) = (
        protons(short, -1),
        protons(long, at),
        protons(long, -1),
    )
    assert abs(one - other) < 3.0 * np.hypot(error, other_error)
    assert abs(one - all_of_it) > 3.0 * np.hypot(error, other_error)
