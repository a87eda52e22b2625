"""What a run is asked in Python: energies with and without units, and a line for what is not allowed."""

from dataclasses import replace

import numpy as np
import pytest
from astropy import units as u
from astropy.table import QTable
from crhalo.fields.exceptions import UserError
from crhalo.maps import emissivity_matrix, local_helium_per_proton
from crhalo.mc.blocks import TRACK_COLUMNS
from crhalo.mc.replay import replay
from crhalo.mc.wall_sampling import FIRST_PASSAGE_SPLITS
from crhalo.scenarios import Galaxy, Spectrum, Transport, load, simulate
from crhalo.scenarios.build import transport_of
from crhalo.scenarios.file.composition import Composition
from crhalo.scenarios.products.balance import balance


@pytest.fixture(scope="module")
def run():
    settings = ["transport.energy_range=['10 TeV', '1 PeV']", "transport.r_max=40 kpc", "sky.nside=2"]
    return load("circumgalactic").with_overrides([*settings, "medium.delta_G=1e4"]).run(particles=64, seed=1)


def test_a_sky_at_an_energy_with_a_unit(run):
    one, other = (run.sky("neutrino", energy, nside=2) for energy in ([30] * u.TeV, [3e4]))
    assert one.energy_GeV[0] == pytest.approx(3e4)
    np.testing.assert_array_equal(one.total, other.total)
    wrong = run.sky("neutrino", [30.0], nside=2)
    assert (wrong.total > 1e3 * one.total).all()


def test_starlight_dims_gamma_rays_alone(run):
    lit = replace(run, scenario=run.scenario.with_overrides(["sky.absorption=cmb+starlight"]))
    energy = [1e4, 1e5]
    bare, dim = (each.sky("gamma", energy, nside=2).total for each in (run, lit))
    # Most of what is seen of the disc is within a kpc or two, where an optical depth of 0.01 is left behind.
    lost = 1.0 - (dim / bare).mean(axis=-1)
    assert np.all(dim < bare) and lost[0] < 0.002 and 0.005 < lost[1] < 0.05
    neutrinos = [each.sky("neutrino", energy, nside=2).total for each in (run, lit)]
    np.testing.assert_array_equal(*neutrinos)


def test_all_nuclei_press_on_the_plasma(run):
    """What protons press and work, times the energy of all nuclei over theirs; the plasma is as it was."""
    nuclei = Composition()
    with_nuclei = replace(run, scenario=run.scenario.model_copy(update={"composition": nuclei}))
    alone, together = balance(run), balance(with_nuclei)
    assert 1.5 < nuclei.energy_over_protons < 1.7
    for name in ("P_CR_erg_cm3", "P_CR_over_rho_u2", "work_erg_s", "work_over_power_at_end"):
        ratio = together[name].value / alone[name].value
        assert ratio == pytest.approx(nuclei.energy_over_protons), name
    assert together["rho_u2_erg_cm3"] == alone["rho_u2_erg_cm3"]


def test_helium_that_comes_with_the_protons_shines(run):
    """All components get brighter by what bins of protons do, between the least and the most of them."""
    edges = run.result.grid.current_edges_GeV
    helium = local_helium_per_proton(edges)
    with_helium = replace(run.sky_model, helium_per_proton=helium)
    one, more = (each.mean("neutrino", np.array([2e3])) for each in (run.sky_model, with_helium))
    plain, both = (emissivity_matrix("neutrino", [2e3], edges, each)[0] for each in (None, helium))
    gains = (both / plain)[(edges[:-1] > 9e3) & (edges[1:] < 1.1e6)]
    for name in one:
        assert max(1.2, gains.min()) < more[name].value / one[name].value < gains.max()


def test_times_at_energies_with_units(run):
    np.testing.assert_array_equal(run.escape_time(0.1 * u.PeV).value, run.escape_time([1e5]).value)
    assert run.grammage("100 TeV")["disc"].value.shape == (1,)
    assert run.density(region="near the surface").energy_GeV.size == run.escape_time().value.size


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda run: run.sky("neutrinos"), "secondary = 'neutrinos': allowed: neutrino, gamma"),
        (lambda run: run.sky("gamma", [30] * u.kpc), "energy_GeV"),
        (lambda run: run.sky("gamma", [-1.0]), "energy_GeV"),
        (lambda run: run.sky("gamma", [np.nan]), "energy_GeV"),
        (lambda run: run.sky("gamma", 2 * u.PeV), "energy_GeV = 2e+06: allowed: to 1e+06"),
        (lambda run: run.sky("gamma", [1e4], nside=0), "nside = 0: allowed: 1, 2, 4"),
        (lambda run: run.sky("gamma", [1e4], nside=3), "nside = 3"),
        (lambda run: run.sky("gamma", [1e4], nside=True), "nside = True"),
        (lambda run: run.escape_time(1 * u.GeV), "energy_GeV = 1: allowed: 10000 to 1e+06"),
        (lambda run: run.density([1e5], region="halo"), "region = 'halo': allowed: disc"),
        (lambda run: run.reweight(slope=np.nan), "Spectrum.slope = nan"),
        (lambda run: run.reweight(E_max_GeV=2e6), "must lie within"),
    ],
)
def test_what_is_not_allowed_is_one_line(run, ask, said):
    with pytest.raises(UserError) as error:
        ask(run)
    assert said in str(error.value) and "\n" not in str(error.value)


def test_a_short_repr(run):
    for each in (run, run.result, run.medium):
        assert len(repr(each)) < 200


def test_a_surface_that_reaches_the_outer_sphere_is_told(capsys):
    """A field that ignores R: no edge of the halo in the plane, and a sky of two spots."""
    field = Galaxy(field_uG=lambda R_kpc, z_kpc: 3.0 / (1.0 + (z_kpc / 2.0) ** 2), delta_G=1e4)
    run = simulate(field, Spectrum(), Transport(particles=32, seed=1), energy_range_GeV=(1e5, 1e6), nside=2)
    line = "the surface of the halo reaches r_max = 100 kpc in the plane"
    assert any(line in note for note in run.notes) and line in capsys.readouterr().err
    assert run.summary["notes"] == run.notes


def test_an_ordinary_run_has_no_notes(run):
    assert run.notes == []


def test_a_disc_smaller_than_a_pixel_is_told(run):
    """The mean of maps over that of the cells: 0.68 for R_d of 0.1 kpc at nside 64, 0.997 for 0.5 kpc."""
    fine = replace(run, scenario=run.scenario.with_overrides(["sky.nside=64"]))
    for R_d_kpc, told in ((0.1, True), (0.5, False), (10.0, False)):
        notes = replace(fine, galaxy=replace(fine.galaxy, R_d_kpc=R_d_kpc)).notes
        assert any("small as a pixel" in note for note in notes) == told


def test_what_the_tables_do_not_resolve_is_told(run):
    errors = run.result.provenance["tabulation_error"]
    assert {"D", "outflow", "divergence", "surface_kpc", "gas_disc", "gas_halo", "gas_cgm"} <= set(errors)
    assert run.summary["tabulation_error"]["D"] == errors["D"]["p99"]
    unresolved = errors | {"gas_disc": {"misplaced": 0.41}}
    result = replace(run.result, provenance=run.result.provenance | {"tabulation_error": unresolved})
    (note,) = replace(run, result=result).notes
    assert note == "the table has 41% of gas_disc in the wrong place: its edges are sharp"


def test_trajectories_are_those_of_the_run(run, tmp_path):
    table = run.trajectories([3, 5], rows=20)
    assert set(table["particle"]) == {3, 5} and len(table) <= 40
    assert table["z"].unit == u.kpc and table["age"].unit == u.Myr and table["momentum"].unit == u.GeV
    for number in (3, 5):
        mine = table[table["particle"] == number]
        track = replay(run.medium, run.result.grid, transport_of(run.scenario), number)
        assert mine["z"][-1].value == track.lines[-1, 3] and mine["age"][-1].value == track.lines[-1, 0]
        # One first-passage split after the other, and the particle itself last.
        history = track.lines[:, TRACK_COLUMNS.index("history")]
        assert set(history) == set(range(FIRST_PASSAGE_SPLITS)) and (np.diff(history) <= 0).all()
    table.write(tmp_path / "tracks.ecsv")
    assert QTable.read(tmp_path / "tracks.ecsv")["z"].unit == u.kpc
    again = run.reweight(slope=2.3).trajectories([3, 5], rows=20)
    np.testing.assert_array_equal(again["x"], table["x"])


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ((0,), "particles = 0: allowed: 1 to 64, or a list of their numbers"),
        ((10**9,), "particles = 1000000000: allowed: 1 to 64"),
        (([],), r"particles = \[\]: allowed: how many, or a list of their numbers"),
        ((2.5,), r"particles = 2\.5: allowed: how many"),
        (("x",), "particles = 'x': allowed: how many"),
        ((2, 1), "rows = 1: allowed: 2 to 1000000"),
        ((2, "a"), "rows = 'a': allowed: 2 to"),
        (([64],), "particle 64: allowed: 0 to 63"),
        (([-1],), "particle -1: allowed: 0 to 63"),
    ],
)
def test_trajectories_of_nobody_are_refused(run, asked, said):
    with pytest.raises(UserError, match=said):
        run.trajectories(*asked)


def test_trajectories_of_another_machine_are_refused(run):
    other = replace(run.result, provenance=run.result.provenance | {"version": "0.0.1"})
    with pytest.raises(UserError, match=r"this run: the run had another version: .*0\.0\.1.* there"):
        replace(run, result=other).trajectories(1)
