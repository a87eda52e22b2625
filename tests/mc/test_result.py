"""Results: files, merging, error bars, other spectra."""

import json
import re
import resource
from dataclasses import replace
from functools import reduce
from itertools import pairwise

import h5py
import numpy as np
import pytest
from crhalo.fields.units import KPC_CM
from crhalo.mc.blocks import Transport, schedule
from crhalo.mc.engine import run
from crhalo.mc.result import Result, ResultError
from crhalo.mc.spectrum import Spectrum
from crhalo.mc.tally import AGES_MYR, BATCHES, NOTHING_LOST, energy_groups
from crhalo.mc.uncertainty import value_and_error

BLOCK = schedule(energy_groups(1e5, 1e6))[0].size


def arrays(result):
    """Every array of a result by name."""
    groups = {"grid": vars(result.grid), "tally": result.tallies, "volume": result.volumes_kpc3}
    return {(group, name): values for group, members in groups.items() for name, values in members.items()}


def same(a, b):
    if a.spectrum != b.spectrum or a.provenance != b.provenance:
        return False
    ours, theirs = arrays(a), arrays(b)
    return ours.keys() == theirs.keys() and all(
        values.dtype == theirs[key].dtype and values.tobytes() == theirs[key].tobytes()
        for key, values in ours.items()
    )


@pytest.fixture(scope="module")
def file(result, tmp_path_factory):
    path = tmp_path_factory.mktemp("result") / "result.h5"
    result.write(path)
    return path


@pytest.fixture(scope="module")
def other(medium, grid):
    """Another seed, one block."""
    return run(medium, grid, Transport(particles=BLOCK, seed=2), provenance={"medium": "small"})


class TestFile:
    def test_round_trip_is_bitwise(self, result, file):
        back = Result.read(file)
        assert same(back, result)
        assert back.performance == result.performance

    def test_written_twice_it_is_the_same(self, result, file, tmp_path):
        result.write(tmp_path / "again.h5")
        assert (tmp_path / "again.h5").read_bytes() == file.read_bytes()
        assert list(tmp_path.iterdir()) == [tmp_path / "again.h5"]

    def test_units_and_axes_are_said(self, file):
        with h5py.File(file) as opened:
            for name, unit in (
                ("tally/halo", "Myr"),
                ("grid/bell_R_kpc", "kpc"),
                ("grid/energy_edges_GeV", "GeV"),
                ("volume/bell", "kpc3"),
                ("bins/grammage_edges_g_cm2", "g cm-2"),
            ):
                assert opened[name].attrs["unit"].decode() == unit
            for name, data in opened["tally"].items():
                # Commas within brackets are the entries of one axis.
                axes = re.sub(r"\(.*?\)|, (until|and) .*", "", data.attrs["axes"].decode()).split(", ")
                assert len(axes) == data.ndim, name
            assert list(opened["bins/ages_Myr"]) == list(AGES_MYR)

    def test_a_flipped_bit_is_found_or_harmless(self, result, file, tmp_path):
        whole, damaged = bytearray(file.read_bytes()), tmp_path / "damaged.h5"
        found = 0
        rng = np.random.default_rng(6)
        # The structure is in the first kilobytes and between the data.
        for place in np.concatenate([rng.integers(0, 4096, 40), rng.integers(0, len(whole), 40)]):
            flipped = whole.copy()
            flipped[place] ^= 1 << int(rng.integers(8))
            damaged.write_bytes(flipped)
            try:
                assert same(Result.read(damaged), result)
            except (ResultError, OSError):
                found += 1
        assert found > 40

    def test_a_truncated_file_is_found(self, file, tmp_path):
        whole, damaged = file.read_bytes(), tmp_path / "damaged.h5"
        for length in np.linspace(0, len(whole) - 1, 20).astype(int):
            damaged.write_bytes(whole[:length])
            with pytest.raises((ResultError, OSError)):
                Result.read(damaged)

    def test_densities_can_be_read_off_the_file_alone(self, result, file):
        """By the recipe of docs/files.md."""
        with h5py.File(file) as opened:
            rates, injected = opened["source/group_rates_s"][...], opened["tally/injected"][...].sum(axis=0)
            times, volumes = opened["tally/halo"][...].sum(axis=0), opened["volume/halo"][...]
            starts = opened["bins/step_starts"][...]
        found = np.zeros_like(result.density_cm3("halo")[0])
        for g in range(rates.size):
            for step, (low, high) in enumerate(pairwise([*starts, g // 2 + 1])):
                bins = [b for b in (g // 2 - lost for lost in range(low, high)) if 0 <= b < len(found)]
                for b in bins:
                    protons = rates[g] * 3.15576e13 * times[g, step] / injected[g] / len(bins)
                    found[b] += np.divide(protons, volumes, out=np.zeros_like(volumes), where=volumes > 0)
        expected = result.density_cm3("halo")[0] * KPC_CM**3
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6 * expected.max())

    @pytest.mark.parametrize(
        "damage", ["tally is an array", "no volume", "nan", "seed", "blocks", "no version", "scalar"]
    )
    def test_whatever_is_wrong_is_one_line(self, file, other, tmp_path, damage):
        path = tmp_path / "damaged.h5"
        path.write_bytes(file.read_bytes())
        changed = {"seed": {"seed": {}}, "blocks": {"blocks": 3}, "no version": {}}.get(damage)
        with h5py.File(path, "a") as opened:
            if changed is not None:
                opened.attrs["provenance"] = np.bytes_(json.dumps({"medium": "small"} | changed))
            elif damage == "nan":
                opened["tally/injected"][0, 0] = np.nan
            else:
                del opened[
                    {"tally is an array": "tally", "no volume": "volume/halo"}.get(damage, "tally/injected")
                ]
                if damage == "tally is an array":
                    opened["tally"] = np.zeros(3)
                elif damage == "scalar":
                    opened["tally/injected"] = 1.0
        with pytest.raises(ResultError) as caught:
            Result.read(path).merge(replace(other, provenance=other.provenance | {"version": "1"}))
        assert "\n" not in str(caught.value)

    def test_a_full_disk_is_an_error_of_the_disk(self, result, file, tmp_path):
        """And not the end of the process, as where HDF5 meets it itself."""
        path = tmp_path / "result.h5"
        result.write(path)
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size // 2, before[1]))
        try:
            with pytest.raises(OSError, match=r"result\.h5"):
                result.write(path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert path.read_bytes() == file.read_bytes()

    def test_no_file(self, tmp_path):
        with pytest.raises(OSError, match="missing"):
            Result.read(tmp_path / "missing.h5")

    def test_a_text_is_refused(self, tmp_path):
        (tmp_path / "notes.txt").write_text("not a result")
        with pytest.raises(ResultError, match="signature"):
            Result.read(tmp_path / "notes.txt")

    def test_another_format_is_refused_by_name(self, tmp_path):
        with h5py.File(tmp_path / "foreign.h5", "w") as foreign:
            foreign["tally/halo"] = np.zeros(3)
        with pytest.raises(ResultError, match=r"foreign\.h5"):
            Result.read(tmp_path / "foreign.h5")

    @pytest.mark.parametrize(
        "hostile", ["missing", "external", "huge", "text", "shape", "spectrum", "provenance", "heap"]
    )
    def test_hostile_files_are_refused(self, file, tmp_path, hostile):
        path = tmp_path / "hostile.h5"
        path.write_bytes(file.read_bytes())
        with h5py.File(path, "a") as opened:
            if hostile == "heap":
                opened.attrs["provenance"] = "{}"  # of variable length: not under a checksum
            elif hostile in ("spectrum", "provenance"):
                opened.attrs[hostile] = np.bytes_(json.dumps(3 if hostile == "provenance" else {"colour": 3}))
            else:
                del opened["tally/injected"]
            if hostile == "external":
                opened["tally/injected"] = h5py.ExternalLink(str(file), "tally/injected")
            elif hostile == "huge":
                opened.create_dataset("tally/injected", shape=(10**13,), dtype="f8", chunks=(1000,))
            elif hostile == "text":
                opened["tally/injected"] = "many"
            elif hostile == "shape":
                opened["tally/injected"] = np.zeros((4, 3))
        with pytest.raises(ResultError, match=r"hostile\.h5"):
            Result.read(path)

    def test_a_file_that_cannot_be_written(self, result, tmp_path):
        with pytest.raises(OSError, match="missing"):
            result.write(tmp_path / "missing" / "result.h5")


class TestMerge:
    def test_counts_add_up(self, result, other):
        merged = result.merge(other)
        assert merged.particles == 5 * BLOCK and merged.provenance["seed"] == [1, 2]
        assert merged.steps == result.steps + other.steps
        assert len(merged.tallies["halo"]) == len(result.tallies["halo"]) + len(other.tallies["halo"])

    def test_many_runs_have_no_more_folds(self, result, other):
        """Forty runs of one batch: as many batches as one long run has, and all particles."""
        whole = {name: values.sum(axis=0, keepdims=True) for name, values in other.tallies.items()}
        seeds = [
            replace(other, tallies=whole, provenance=other.provenance | {"seed": seed})
            for seed in range(3, 43)
        ]
        merged = reduce(Result.merge, seeds)
        each = merged.tallies["injected"].sum(axis=1) / BLOCK
        assert each.tolist() == [2.0] * 8 + [1.0] * (BATCHES - 8)
        value, error = value_and_error(merged.per_particle("region"))
        np.testing.assert_allclose(value, other.per_particle("region")[0])
        assert error.max() < 1e-12 * value.max()

    def test_a_run_merged_twice_would_be_seen(self, result, other, monkeypatch):
        """The twin: nobody asks for the seeds, and particles count twice."""
        twice = replace(result, provenance=result.provenance | {"seed": 9}).merge(result)
        value, error = value_and_error(result.per_particle("region"))
        again, smaller = value_and_error(twice.per_particle("region"))
        np.testing.assert_allclose(again, value)
        assert smaller[0, NOTHING_LOST, 0] < 0.8 * error[0, NOTHING_LOST, 0]

    def test_same_seed_is_refused(self, result, other):
        with pytest.raises(ResultError, match="seed"):
            result.merge(result)
        with pytest.raises(ResultError, match="seed"):
            result.merge(other).merge(other)

    def test_other_grid_medium_or_spectrum_are_refused(self, result, other):
        shifted = replace(other.grid, halo_R_kpc=other.grid.halo_R_kpc + 0.05)
        for odd in (
            replace(other, grid=shifted),
            replace(other, volumes_kpc3=other.volumes_kpc3 | {"region": np.ones(3)}),
            replace(other, provenance=other.provenance | {"medium": "large"}),
            replace(other, spectrum=Spectrum(slope=2.5)),
        ):
            with pytest.raises(ResultError, match="cannot merge"):
                result.merge(odd)


class TestErrors:
    def test_of_a_mean_is_the_textbook_one(self):
        x = np.random.default_rng(7).normal(5, 2, 30)
        replicas = np.array([x.mean(), *((x.sum() - x) / 29)])
        estimate, error = value_and_error(replicas)
        assert estimate == x.mean() and error == pytest.approx(x.std(ddof=1) / np.sqrt(30))

    def test_of_a_tally_per_particle(self, medium, grid):
        # Equal counts in each batch, so the mean over batches is the mean over particles.
        result = run(medium, grid, Transport(particles=10 * BLOCK, seed=1, t_max_Myr=0.1))
        batches = result.tallies["region"] / result.tallies["injected"][:, :, None, None]
        estimate, error = value_and_error(result.per_particle("region"))
        np.testing.assert_allclose(estimate, batches.mean(axis=0))
        np.testing.assert_allclose(error, batches.std(axis=0, ddof=1) / np.sqrt(len(batches)), atol=1e-12)

    def test_of_a_ratio_is_that_of_the_ratio(self):
        # x/x is exact, whatever the scatter of x; propagation without correlations is not.
        x = np.random.default_rng(8).normal(5, 2, (30, 4))
        replicas = np.concatenate([x.mean(axis=0)[None], (x.sum(axis=0) - x) / 29])
        estimate, error = value_and_error(replicas / replicas)
        assert (estimate == 1).all() and (error == 0).all()
        assert (value_and_error(replicas)[1] > 0.1).all()

    def test_one_fold_has_none(self, other):
        whole = {name: values.sum(axis=0, keepdims=True) for name, values in other.tallies.items()}
        estimate, error = value_and_error(replace(other, tallies=whole).per_particle("region"))
        assert np.isfinite(estimate).all() and np.isnan(error).all()


class TestSpectrum:
    def test_reweighting_is_a_run_with_that_spectrum(self, medium, grid, other):
        steep = {"slope": 2.4, "E_min_GeV": 1e5}
        direct = run(medium, grid, Transport(particles=BLOCK, seed=2), Spectrum(**steep))
        for name in ("halo", "bell", "region"):
            reweighted = other.reweight(**steep).density_cm3(name)
            np.testing.assert_array_equal(reweighted, direct.density_cm3(name))
            assert np.isfinite(reweighted).all() and reweighted.any()

    def test_each_group_is_weighted_by_its_rate(self, result):
        flat, steep = (result.reweight(slope=slope, E_min_GeV=1e5) for slope in (2.0, 2.4))
        edges = result.grid.energy_edges_GeV
        ratio = steep.spectrum.group_rates_s(edges) / flat.spectrum.group_rates_s(edges)
        np.testing.assert_allclose(ratio / ratio[0], (edges[:-1] / edges[0]) ** -0.4, rtol=1e-2)
        # Protons hardly lose energy here: each bin holds its own two groups.
        was, now = (r.by_current_energy("region")[0] for r in (flat, steep))
        assert (now <= was * ratio.max()).all() and (now >= was * ratio.min()).all()

    def test_luminosity_scales_densities(self, result):
        double = result.reweight(L_CR_erg_s=2e41, E_min_GeV=1e5)
        single = result.reweight(L_CR_erg_s=1e41, E_min_GeV=1e5)
        np.testing.assert_allclose(double.density_cm3("halo"), 2 * single.density_cm3("halo"))

    def test_it_says_so(self, result):
        changed = result.reweight(slope=2.2, E_min_GeV=1e5)
        assert "reweighted" in changed.provenance and "reweighted" not in result.provenance

    @pytest.mark.parametrize("changes", [{"E_max_GeV": 2e6}, {"E_min_GeV": 9e4}])
    def test_beyond_what_was_followed_is_refused(self, result, changes):
        with pytest.raises(ValueError, match="must lie within"):
            result.reweight(**({"E_min_GeV": 1e5} | changes))

    def test_protons_in_a_cell_are_rate_times_residence(self, result):
        spectrum = result.reweight(E_min_GeV=1e5)
        rates = spectrum.spectrum.group_rates_s(result.grid.energy_edges_GeV) * 3.15576e13
        residence = result.per_particle("bell").copy()
        # What is below the range is counted in no bin.
        residence[:, :, -1] = 0.0
        expected = np.einsum("g,rgf...->r...", rates, residence)
        np.testing.assert_allclose(spectrum.by_current_energy("bell").sum(axis=1), expected)
