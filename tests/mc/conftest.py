"""One small galaxy, so that the kernels are compiled and run once for all of these tests."""

import pytest
from crhalo.fields.galaxy import Galaxy
from crhalo.mc.blocks import Transport, schedule
from crhalo.mc.engine import run
from crhalo.mc.tally import energy_groups, galactic_grid

ENERGY_EDGES_GeV = energy_groups(1e5, 1e6)
BLOCK = schedule(ENERGY_EDGES_GeV)[0].size


@pytest.fixture(scope="session")
def galaxy():
    """Dense gas outside: a wall with a fast outflow, met ~100 times a particle."""
    return Galaxy(delta_G=1e4, r_max_kpc=30.0)


@pytest.fixture(scope="session")
def medium(galaxy):
    return galaxy.medium()


@pytest.fixture(scope="session")
def grid(galaxy):
    return galactic_grid(ENERGY_EDGES_GeV, galaxy)


@pytest.fixture(scope="session")
def result(medium, grid):
    """Four blocks of particles."""
    return run(medium, grid, Transport(particles=4 * BLOCK, seed=1), provenance={"medium": "small"})
