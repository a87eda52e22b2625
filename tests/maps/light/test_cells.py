"""Light of cells: what nodes see of cells is the adjoint of how cells are spread over nodes."""

import numpy as np
import pytest
from crhalo.fields.galaxy import Galaxy
from crhalo.maps.light.cells import cells_to_nodes
from crhalo.mc.blocks import Transport
from crhalo.mc.engine import run
from crhalo.mc.tally import energy_groups, galactic_grid


@pytest.fixture(scope="module")
def made():
    galaxy = Galaxy(delta_G=1e4, r_max_kpc=30.0)
    medium = galaxy.medium()
    grid = galactic_grid(energy_groups(1e5, 1e6), galaxy)
    return run(medium, grid, Transport(particles=16, seed=1)), medium


@pytest.mark.parametrize("side", ["halo", "bell"])
def test_adjoint(made, side):
    result, medium = made
    nodes = medium.table.R.nodes[::7], medium.table.z.nodes[::5]
    to_nodes = cells_to_nodes(result, medium, side, nodes)
    rng = np.random.default_rng(1)
    cells = rng.random((*result.volumes_kpc3[side].shape, 2))
    weights = rng.random((3, *(x.size for x in nodes)))
    seen = np.einsum("wab,abc->wc", weights, to_nodes.at_nodes(cells))
    np.testing.assert_allclose(np.einsum("wij,ijc->wc", to_nodes.in_cells(weights), cells), seen, rtol=1e-12)
    # Twins: without the trend, and without the smoothing where there is one.
    flat = to_nodes._replace(trend_at_nodes=np.ones_like(to_nodes.trend_at_nodes), smoothing=None)
    twin = np.einsum("wij,ijc->wc", flat.in_cells(weights), cells)
    assert (side == "halo") == np.allclose(twin, seen, rtol=1e-3)


def test_a_side_without_volume_has_no_light(made):
    result, medium = made
    result = type(result)(
        result.grid, result.tallies, result.volumes_kpc3 | {"bell": 0 * result.volumes_kpc3["bell"]}
    )
    assert cells_to_nodes(result, medium, "bell", (np.ones(2), np.ones(2))) is None
