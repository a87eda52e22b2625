"""What every galaxy of one's own, product or study promises: a class of tests with three lines of its own.

class TestLorentzian(FieldContract):
    GALAXY = Galaxy(field_uG=lambda R_kpc, z_kpc: 3.0 / (1.0 + (z_kpc / 2.0) ** 2) * np.exp(-R_kpc / 9.0))

class TestWind(LinesContract):
    GALAXY = Galaxy(field=wind, bell=False, halo="constant")

class TestAges(ProductContract):
    PRODUCT, FILES = Product("ages", always, ages), {"ages.png"}

class TestRadio(StudyContract):
    SCENARIO, RUNS = "radio", 4
"""

from functools import cache
from typing import ClassVar

import numpy as np
import pytest
from crhalo.fields.field_lines import divergence_per_kpc
from crhalo.fields.galaxy import Galaxy
from crhalo.fields.medium_table import MOMENTUM_NODES_GeV
from crhalo.fields.tabulation import tabulation_error
from crhalo.fields.units import C_KPC_MYR
from crhalo.maps.data.points import QUANTITIES
from crhalo.mc.blocks import Transport, schedule
from crhalo.mc.engine import run as follow
from crhalo.mc.kernels.line import line_at
from crhalo.mc.tally import Fate, energy_groups, galactic_grid
from crhalo.mc.uncertainty import Estimate
from crhalo.scenarios import load
from crhalo.scenarios.file import scenario as file
from crhalo.scenarios.folder.write import finite
from crhalo.scenarios.products import registry
from crhalo.scenarios.products.product import Product, always
from crhalo.scenarios.products.write import write_files
from crhalo.scenarios.run import make_run
from crhalo.scenarios.studies.registry import STUDIES, study_of

R, Z = np.meshgrid([0, 1e-6, 5, 9.99, 10.01, 22, 70, 100], [0, 1e-6, 0.1, 4, 10.6, 40, 100])
FEW = [
    "transport.particles=120", "transport.energy_range=['10 TeV', '1 PeV']", "medium.delta_G=1e4",
    "sky.nside=2", "sky.energies=['1 TeV', '100 TeV', 3]",
]  # fmt: skip


medium_of = cache(Galaxy.medium)


@cache
def run_of(name):
    return make_run(load(name).with_overrides(FEW), 2)


class FieldContract:
    """What a galaxy promises the engine, whatever its functions of R and z are."""

    GALAXY: ClassVar[Galaxy]

    @pytest.fixture
    def galaxy(self):
        return self.GALAXY

    @pytest.fixture
    def medium(self, galaxy):
        return medium_of(galaxy)

    def test_finite_at_the_centre_and_far_out(self, galaxy):
        for p in MOMENTUM_NODES_GeV[[0, -1]]:
            for D in (galaxy.diffusion_halo(p, R, Z), galaxy.diffusion_bell(p, R, Z)):
                assert D.shape == R.shape and np.isfinite(D).all() and (D > 0).all()
        for values in (galaxy.surface_level(R, Z), *galaxy.outflow(R, Z)):
            assert values.shape == R.shape and np.isfinite(values).all()

    def test_symmetric_about_the_plane(self, galaxy):
        for function in (galaxy.magnetic_field_uG, galaxy.surface_level, galaxy.saturated_field_uG):
            np.testing.assert_array_equal(function(R, Z), function(R, -Z))
        (u_R, u_z), (v_R, v_z) = galaxy.outflow(R, Z), galaxy.outflow(R, -Z)
        np.testing.assert_array_equal(u_R, v_R)
        np.testing.assert_array_equal(u_z, -v_z)

    def test_outflow_is_slow_and_outwards(self, galaxy):
        u_R, u_z = galaxy.outflow(R, Z)
        assert (u_R >= 0).all() and (u_z >= 0).all() and np.hypot(u_R, u_z).max() < 0.05 * C_KPC_MYR

    def test_diffusion_rises_with_momentum(self, galaxy):
        D = galaxy.diffusion_halo(MOMENTUM_NODES_GeV[:, None, None], R, Z)
        assert (np.diff(D, axis=0) > 0).all()

    def test_losses_are_positive_above_threshold(self, galaxy):
        rate = galaxy.loss_rate(MOMENTUM_NODES_GeV)
        assert (rate >= 0).all() and (rate[MOMENTUM_NODES_GeV > 2] > 0).all()

    def test_table(self, medium):
        table = medium.table
        for values in table[4:11]:
            assert np.isfinite(values).all()
        assert np.isfinite(table.loss_rate).all() and table.distance[0, 0] < 0
        assert tabulation_error(medium, 5000)["D"]["max"] < 0.025

    def test_surface_lies_within_its_stated_extent(self, galaxy, medium):
        R_extent, z_extent = galaxy.surface_extent_kpc
        table = medium.table
        inside = table.distance < 0
        assert table.R.nodes[inside.any(axis=1)].max() <= R_extent
        assert table.z.nodes[inside.any(axis=0)].max() <= z_extent

    def test_particles_come_to_an_end_in_it(self, galaxy, medium):
        edges = energy_groups(1e5, 1e6)
        block = schedule(edges)[0].size
        grid = galactic_grid(edges, galaxy)
        counters = follow(medium, grid, Transport(block, 1, t_max_Myr=10.0)).counters
        assert counters["injected"] == block == sum(counters[fate.key] for fate in Fate)
        assert counters["lost"] == counters["capped"] == 0


class LinesContract(FieldContract):
    """What a galaxy with field lines promises besides: a field that has no divergence, and its table."""

    def test_no_divergence(self, galaxy):
        R_end, z_end = galaxy.surface_extent_kpc
        R, z = np.meshgrid(np.linspace(0.2, min(R_end, 30.0), 60), np.linspace(0.2, z_end, 60))
        assert divergence_per_kpc(galaxy.lines.field, R, z).max() < 1e-10

    def test_direction_is_a_unit_vector(self, galaxy):
        b = np.array(galaxy.lines.direction(R, Z))
        assert b.shape == (3, *R.shape) and np.isfinite(b).all()
        np.testing.assert_allclose((b**2).sum(axis=0), 1.0, rtol=1e-12)

    def test_table_of_lines(self, galaxy, medium):
        table = medium.table
        R, z = (axis.nodes for axis in (table.R, table.z))
        B = np.exp(table.lines.field[..., 3:]) * table.lines.field[..., :3]
        here = table.distance < 0
        known = np.stack(np.broadcast_arrays(*galaxy.lines.field(*np.ix_(R, z))), axis=-1)
        np.testing.assert_allclose(B[here], known[here], rtol=1e-9, atol=1e-12)
        assert np.isfinite(table.lines.field).all() and np.isfinite(table.lines.drift).all()

    def test_lines_go_on_through_the_plane(self, medium):
        """B_R changes its sign there, and so does what the field strength does along a line."""
        for R, z in ((0.4, 0.1), (3.0, 2.0), (9.0, 1e-3)):
            above, below = (line_at.py_func(medium.table, R, side * z) for side in (1.0, -1.0))
            assert (below.b_R, below.b_phi, below.b_z) == (-above.b_R, above.b_phi, above.b_z)
            assert below.divergence == -above.divergence and below.ln_B == above.ln_B
            assert (below.bend_R, below.bend_z) == (above.bend_R, -above.bend_z)


def estimates_in(entry, name=""):
    """(name, estimate) for all estimates in a table of tables."""
    if isinstance(entry, Estimate):
        yield name, entry
    elif isinstance(entry, dict):
        for key, each in entry.items():
            yield from estimates_in(each, f"{name}.{key}" if name else key)


class ProductContract:
    """What a product of a run promises: its files, and numbers with errors that can be written."""

    PRODUCT: ClassVar[Product]
    FILES: ClassVar[set[str]] = set()
    ASKED_FOR: ClassVar[bool] = False
    SCENARIO: ClassVar[str] = "circumgalactic"

    @pytest.fixture
    def run(self):
        return run_of(self.SCENARIO)

    @pytest.fixture
    def made(self, run, coarse_errors):
        return registry.made(run, self.PRODUCT)

    def test_a_run_has_it(self, run, monkeypatch):
        others = [product for product in registry.PRODUCTS if product.name != self.PRODUCT.name]
        monkeypatch.setattr(registry, "PRODUCTS", (*others, self.PRODUCT))
        assert (self.PRODUCT in registry.products_of(run)) is not self.ASKED_FOR
        assert self.PRODUCT in registry.products_of(run, (self.PRODUCT.name,))
        assert self.PRODUCT.applies is not always or not self.ASKED_FOR

    def test_its_files_are_written(self, made, tmp_path):
        assert write_files(made, tmp_path) == []
        assert {path.name for path in tmp_path.iterdir()} == self.FILES
        assert all(path.stat().st_size > 500 for path in tmp_path.iterdir())

    def test_it_draws_the_figures_that_measurements_are_laid_on(self, made):
        assert set(self.PRODUCT.shows) <= set(made.figures)
        assert {each for several in self.PRODUCT.shows.values() for each in several} <= set(QUANTITIES)

    def test_its_numbers_can_be_written_and_have_errors(self, made):
        assert set(finite(made.numbers)) == set(made.numbers)
        for name, each in estimates_in(registry.as_estimates(made.numbers)):
            error = np.asarray(each.error)
            assert np.shape(each.value) == error.shape and not np.any(error < 0), name


class StudyContract:
    """What a study promises: a table that asks for it, and so many runs in media of their own."""

    SCENARIO: ClassVar[str]
    RUNS: ClassVar[int]

    @pytest.fixture
    def asked(self):
        return self.SCENARIO, self.RUNS

    def test_its_table_asks_for_it(self, asked):
        scenario = load(asked[0])
        study = study_of(scenario)
        assert study in STUDIES and getattr(scenario, study.table) is not None
        assert study.table in (*file.STUDIES, "turbulence")

    def test_its_runs_are_planned(self, asked):
        scenario = load(asked[0])
        study = study_of(scenario)
        assert len(study.runs(scenario)) == asked[1]
        own = study.plan(scenario, 1)
        # Without runs through a galaxy it has to say itself what it would do.
        assert asked[1] > 0 if own is None else own["title"] == scenario.title
