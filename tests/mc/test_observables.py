"""Times, grammage and densities at an energy: against a narrow range there, and the transport equation."""

import numpy as np
import pytest
from crhalo.fields.exceptions import UserError
from crhalo.fields.galaxy import Galaxy
from crhalo.fields.units import KPC_CM, momentum_GeV
from crhalo.mc import observables
from crhalo.mc.blocks import Transport
from crhalo.mc.diffusion.finite_volumes import cells_of
from crhalo.mc.diffusion.solve import residence
from crhalo.mc.engine import run
from crhalo.mc.local_fit import HALF_WIDTH
from crhalo.mc.tally import Region, energy_groups, galactic_grid
from crhalo.mc.uncertainty import Estimate

E = 1e5
# Mean free paths of some pc at 100 TeV in a halo of 3 kpc: diffusion is as good as exact.
GALAXY = Galaxy(
    diffusion=lambda p_GeV, R_kpc, z_kpc: 0.3 * (p_GeV / E) ** 0.9 + 0.0 * R_kpc * z_kpc,
    halo="constant",
    H_kpc=3.0,
    bell=False,
)


def made(low, high, particles):
    medium = GALAXY.medium()
    grid = galactic_grid(energy_groups(low, high), GALAXY)
    return run(medium, grid, Transport(particles=particles, seed=5)), medium


@pytest.fixture(scope="module")
def wide():
    return made(1e4, 1e6, 4352)


@pytest.fixture(scope="module")
def narrow():
    """Two groups of a sixteenth of a decade about 100 TeV."""
    return made(E * 10 ** (-1 / 16), E * 10 ** (1 / 16), 1088)


def quantities(result):
    n = observables.density(result, GALAXY.R_d_kpc, [E])
    return {
        "escape": observables.escape_time(result, [E]),
        "median": observables.leave_time(result, [E]),
        "age": observables.age(result, [E]),
        "disc": observables.grammage(result, [E])["disc"],
        "density": n,
    }


def apart(one, other):
    """Difference of two independent values in sigmas."""
    return abs(one.value[0] - other.value[0]) / np.hypot(one.error[0], other.error[0])


@pytest.mark.parametrize("name", ["escape", "median", "age", "disc", "density"])
def test_value_at_100_TeV_is_that_of_a_narrow_range(wide, narrow, name):
    assert apart(quantities(wide[0])[name], quantities(narrow[0])[name]) < 3.0


def test_a_mean_over_the_decade_is_told_apart(wide, narrow):
    result = wide[0]
    near = np.abs(np.log(observables.group_energies_GeV(result) / E)) < HALF_WIDTH
    escape = result.per_particle("escape")[:, near].sum(axis=1)
    twin = Estimate.of(escape[:, 1] / escape[:, 0])
    right = quantities(narrow[0])["escape"]
    assert twin.value - right.value[0] > 4.0 * np.hypot(twin.error, right.error[0])


def test_values_are_those_of_the_transport_equation(wide):
    result, medium = wide
    cells = cells_of(medium, *GALAXY.surface_extent_kpc)
    expected = residence(cells, float(momentum_GeV(E)), GALAXY.R_d_kpc)
    found = quantities(result)
    for name, value in (("escape", expected.escape_time_Myr), ("disc", expected.grammage_g_cm2[0])):
        assert abs(found[name].value[0] - value) < 3.0 * found[name].error[0] < 0.12 * value


def test_density_is_a_residence_time(wide):
    """n(E) = rate(E) times the residence time in the disc over its volume, far below what gas takes."""
    result, _ = wide
    stay = observables.at_injected(result, [E], result.per_particle("region")[..., Region.DISC].sum(axis=2))
    volume = result.volumes_kpc3["region"][Region.DISC] * KPC_CM**3
    expected = result.spectrum.rate_GeV_s(E) * stay[0, 0] * 3.15576e13 / volume
    assert observables.density(result, GALAXY.R_d_kpc, [E]).value[0] == pytest.approx(expected, rel=0.02)


def test_every_group_if_no_energy_is_given(wide):
    found = observables.escape_time(wide[0])
    assert found.energy_GeV.size == 32
    assert found.value.shape == found.error.shape == (32,)
    np.testing.assert_allclose(
        observables.escape_time(wide[0], E).value, found.value[15:17].mean(), rtol=0.02
    )


@pytest.mark.parametrize("energy", [1.0, 2e6])
def test_energies_that_were_not_followed_are_refused(wide, energy):
    with pytest.raises(UserError, match="allowed: 10000 to 1e\\+06"):
        observables.escape_time(wide[0], [E, energy])


def test_regions_that_are_not_there_are_refused(wide):
    with pytest.raises(UserError, match="allowed: disc"):
        observables.density(wide[0], GALAXY.R_d_kpc, [E], "near the surface")
