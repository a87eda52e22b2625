"""How the region behind the wall fills: ages and shells."""

import numpy as np
import pytest
from crhalo.fields.galaxy import Galaxy
from crhalo.fields.units import C_KPC_MYR
from crhalo.mc.blocks import Transport
from crhalo.mc.engine import run
from crhalo.mc.tally import AGES_MYR, SHELLS, Region, energy_groups, galactic_grid


@pytest.fixture(scope="module")
def result():
    galaxy = Galaxy(delta_G=1.0)
    grid = galactic_grid(energy_groups(1e3, 3e3), galaxy)
    return run(galaxy.medium(), grid, Transport(320, 5, t_max_Myr=2000.0), threads=2)


def test_snapshots_end_at_what_is_there_at_the_end(result):
    """What was on its way for less than t_max, in all shells, is all that the other tallies counted."""
    last = result.snapshots_cm3()[:, :, -1] * result.volumes_kpc3["filling"]
    bell = (result.density_cm3("bell") * result.volumes_kpc3["bell"]).sum(axis=(2, 3))
    np.testing.assert_allclose(last[..., :SHELLS].sum(axis=-1), bell, rtol=1e-5)
    disc = result.density_cm3("region")[..., Region.DISC] * result.volumes_kpc3["region"][Region.DISC]
    np.testing.assert_allclose(last[..., SHELLS], disc, rtol=1e-9)
    assert result.volumes_kpc3["filling"][:SHELLS].sum() == pytest.approx(
        result.volumes_kpc3["bell"].sum(), rel=2e-3
    )


def test_snapshots_grow_with_age_and_the_front_moves_outward(result):
    snapshots = result.snapshots_cm3()[0].sum(axis=0)
    assert np.all(np.diff(snapshots, axis=0) >= 0)
    shells = result.grid.shell_edges_kpc[1:]
    protons = snapshots[:, :SHELLS] * result.volumes_kpc3["filling"][:SHELLS]
    mean = (protons * shells).sum(axis=1) / protons.sum(axis=1)
    assert np.all(np.diff(mean[1:-1]) > 0)
    # Nothing is ahead of light.
    assert snapshots[0, :SHELLS][shells > C_KPC_MYR * AGES_MYR[0] + 20.0].sum() == 0.0
