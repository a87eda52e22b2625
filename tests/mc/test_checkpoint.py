"""Runs that are stopped and go on, damaged checkpoints, precision, lost particles, replays."""

import hashlib
import random
import resource
from contextlib import contextmanager, nullcontext
from dataclasses import replace

import numpy as np
import pytest
from crhalo.fields.galaxy import Galaxy
from crhalo.fields.turbulence.of_galaxy import galactic_turbulence
from crhalo.fields.turbulence.synthetic import Turbulence
from crhalo.mc import checkpoint
from crhalo.mc import engine as run_module
from crhalo.mc.blocks import Block, Job, Transport, schedule
from crhalo.mc.checkpoint import CheckpointWriter
from crhalo.mc.engine import LostError, run
from crhalo.mc.replay import replay
from crhalo.mc.tally import Fate, Tally, TallyGrid, energy_groups, galactic_grid

GRID_EDGES = energy_groups(1e5, 1e6)
SIZE = schedule(GRID_EDGES)[0].size
BLOCKS, FEW_BATCHES = 10, 4
HEADER = {"scenario": "a = 1\nb = 2", "version": "1", "machine": {"processor": "x" * 90, "numba": "1"}}


@pytest.fixture(autouse=True)
def kept_when_stopped_only(monkeypatch):
    """However slow the machine is."""
    monkeypatch.setattr(checkpoint, "KEEP_EVERY_S", 1e9)


@pytest.fixture(scope="module", autouse=True)
def few_batches():
    """So that ten blocks go round them more than twice."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_module, "BATCHES", FEW_BATCHES)
        yield


@pytest.fixture(scope="module")
def setting():
    """A galaxy without the instability: short histories, ten blocks."""
    galaxy = Galaxy(bell=False)
    grid = galactic_grid(GRID_EDGES, galaxy)
    return galaxy.medium(), grid, Transport(BLOCKS * SIZE, 4, t_max_Myr=300.0)


@pytest.fixture(scope="module")
def whole(setting, few_batches):
    ages: list = []
    result = run(*setting, threads=2, watch=lambda block, *_: ages.extend(block.ages_Myr))
    return result, np.array(ages)


def same(a, b):
    return all(np.array_equal(values, b.tallies[name]) for name, values in a.tallies.items())


def stopped(setting, folder, after, resume=False):
    """A run that is interrupted once so many blocks are done."""
    blocks = 0

    def interrupt(block, done, moves):
        nonlocal blocks
        blocks += 1
        if blocks == after:
            raise KeyboardInterrupt

    checkpoints = CheckpointWriter(folder, HEADER, resume)
    with pytest.raises(KeyboardInterrupt):
        run(*setting, threads=2, watch=interrupt, checkpoints=checkpoints)


@pytest.mark.parametrize("seed", range(4))
def test_a_run_that_was_stopped_goes_on_to_the_same_bits(setting, whole, tmp_path, seed):
    chance = random.Random(seed)
    stopped(setting, tmp_path, chance.randrange(1, 7))
    stopped(setting, tmp_path, chance.randrange(1, 4), resume=True)
    again = run(*setting, threads=1, checkpoints=CheckpointWriter(tmp_path, HEADER, resume=True))
    assert same(again, whole[0])
    assert again.performance["blocks_resumed"] > 0 and whole[0].performance["blocks_resumed"] == 0


def test_nothing_to_go_on_from_is_a_start(setting, whole, tmp_path):
    assert same(
        run(*setting, threads=2, checkpoints=CheckpointWriter(tmp_path, HEADER, resume=True)), whole[0]
    )


def test_the_two_files_take_turns(setting, whole, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "KEEP_EVERY_S", 0.0)
    monkeypatch.setattr(checkpoint, "KEEP_SELDOM", 0.0)
    fewer = (*setting[:2], replace(setting[2], particles=5 * SIZE))
    run(*fewer, checkpoints=CheckpointWriter(tmp_path, HEADER))
    header = HEADER | {"medium": Job.of(*fewer).digest()}
    kept = [checkpoint.read(tmp_path / name, header, setting[1]).blocks for name in checkpoint.names()]
    blocks = Job.of(*fewer).blocks
    assert sorted(kept) == [blocks - 1, blocks]


def test_the_older_generation_stays_and_serves(setting, whole, tmp_path):
    stopped(setting, tmp_path, 4)
    stopped(setting, tmp_path, 4, resume=True)
    header = HEADER | {"medium": Job.of(*setting).digest()}
    ends = {name: checkpoint.read(tmp_path / name, header, setting[1]).blocks for name in checkpoint.names()}
    assert sorted(ends.values()) == [4, 8]
    newest = max(ends, key=lambda name: ends[name])
    damaged = bytearray((tmp_path / newest).read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / newest).write_bytes(damaged)
    good = min(ends, key=lambda name: ends[name])
    before = (tmp_path / good).read_bytes()
    stopped(setting, tmp_path, 1, resume=True)
    # What is written next is not in the place of the only one that is whole.
    assert (tmp_path / good).read_bytes() == before
    assert checkpoint.read(tmp_path / newest, header, setting[1]).blocks == 5
    (tmp_path / newest).write_bytes(damaged)
    checkpoints = CheckpointWriter(tmp_path, HEADER, resume=True)
    again = run(*setting, threads=2, checkpoints=checkpoints)
    assert same(again, whole[0]) and again.performance["blocks_resumed"] == 4
    assert newest in checkpoints.faults[0]


def test_every_flipped_bit_and_every_truncation_is_found(setting, tmp_path):
    stopped(setting, tmp_path, 3)
    path = tmp_path / checkpoint.names()[0]
    good, chance = path.read_bytes(), random.Random(7)
    for number in range(60):
        damaged = bytearray(good)
        if number % 3:
            damaged[chance.randrange(len(good))] ^= 1 << chance.randrange(8)
        else:
            del damaged[chance.randrange(len(good)) :]
        path.write_bytes(damaged)
        with pytest.raises(checkpoint.CheckpointError, match=r"checkpoint\.0"):
            checkpoint.newest(tmp_path, HEADER, setting[1])
    path.write_bytes(b"not ours at all")
    with pytest.raises(checkpoint.CheckpointError, match=r"checkpoint\.0"):
        checkpoint.newest(tmp_path, HEADER, setting[1])


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"scenario": "a = 1\nb = 3"}, "scenario: b = 2 there, b = 3 here"),
        ({"scenario": "a = 1"}, "scenario: b = 2 there, nothing here"),
        ({"version": "2"}, "version: 1 there, 2 here"),
        ({"machine": {"processor": "x" * 90, "numba": "2"}}, '"numba": "1" there, "numba": "2" here'),
    ],
)
def test_another_run_is_refused_by_name(setting, tmp_path, changed, named):
    stopped(setting, tmp_path, 3)
    with pytest.raises(checkpoint.CheckpointError, match=named):
        run(*setting, checkpoints=CheckpointWriter(tmp_path, HEADER | changed, resume=True))


def test_another_medium_or_grid_is_refused_by_name(setting, tmp_path):
    stopped(setting, tmp_path, 3)
    medium, grid, transport = setting
    other = replace(medium, table=medium.table._replace(gas=medium.table.gas * (1 + 1e-15)))
    with pytest.raises(checkpoint.CheckpointError, match="another medium"):
        run(other, grid, transport, checkpoints=CheckpointWriter(tmp_path, HEADER, resume=True))
    fewer = replace(grid, energy_edges_GeV=energy_groups(1e5, 2e5))
    header = HEADER | {"scenario": "fewer energies"}
    with pytest.raises(checkpoint.CheckpointError, match="another scenario"):
        run(medium, fewer, transport, checkpoints=CheckpointWriter(tmp_path, header, resume=True))


@contextmanager
def full_disk(room):
    """No file can grow beyond so many bytes, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def write_onto_a_full_disk(setting, folder):
    """Two checkpoints, then one that the disk does not take; what was there before and what is there now."""
    stopped(setting, folder, 3)
    stopped(setting, folder, 3, resume=True)
    before = content(folder)
    batch = setting[1].empty()
    batch.halo[:] = 1.0
    with full_disk(10_000), pytest.raises(OSError) as caught:
        checkpoint.write(folder / checkpoint.names()[0], checkpoint.Checkpoint(HEADER, 9, [batch], []))
    return before, content(folder), caught.value.filename


def test_a_full_disk_leaves_the_checkpoints(setting, tmp_path):
    before, after, named = write_onto_a_full_disk(setting, tmp_path)
    assert sorted(before) == list(checkpoint.names()) and after == before
    assert named == str(tmp_path / checkpoint.names()[0])


def test_in_place_writing_would_be_caught(setting, tmp_path, monkeypatch):
    """The twin: written over the older one without a temporary file, it is gone."""
    monkeypatch.setattr(checkpoint, "replacing", nullcontext)
    before, after, _ = write_onto_a_full_disk(setting, tmp_path)
    damaged = [name for name in before if after[name] != before[name]]
    assert len(damaged) == 1
    with pytest.raises(checkpoint.Damaged):
        checkpoint.read(tmp_path / damaged[0], HEADER, setting[1])


def test_a_link_is_replaced_and_not_followed(setting, tmp_path):
    (tmp_path / "elsewhere").write_text("mine")
    (tmp_path / "run").mkdir()
    for name in (*checkpoint.names(), "checkpoint.0.part"):
        (tmp_path / "run" / name).symlink_to(tmp_path / "elsewhere")
    stopped(setting, tmp_path / "run", 3)
    stopped(setting, tmp_path / "run", 3)
    assert (tmp_path / "elsewhere").read_text() == "mine"


def test_a_foreign_file_with_a_right_checksum_is_refused(setting, tmp_path):
    path = tmp_path / checkpoint.names()[0]
    for inside in (b"", b"PK\x03\x04" + bytes(60), b"not ours"):
        path.write_bytes(inside + hashlib.sha256(inside).digest())
        with pytest.raises(checkpoint.CheckpointError, match=r"checkpoint\.0"):
            checkpoint.newest(tmp_path, HEADER, setting[1])


def test_runs_that_share_a_folder_do_not_meet(setting, whole, tmp_path):
    """As those of a study do; and each of them is kept when it is done."""
    for name, seed in (("checkpoint-1", 4), ("checkpoint-2", 5)):
        other = (*setting[:2], replace(setting[2], seed=seed))
        checkpoints = CheckpointWriter(tmp_path, HEADER | {"seed": seed}, resume=True, name=name)
        run(*other, threads=2, checkpoints=checkpoints)
    again = run(
        *setting,
        checkpoints=CheckpointWriter(tmp_path, HEADER | {"seed": 4}, resume=True, name="checkpoint-1"),
    )
    assert same(again, whole[0]) and again.performance["blocks_resumed"] == BLOCKS
    checkpoint.remove(tmp_path)
    assert not content(tmp_path)


def test_orbits_go_on_to_the_same_bits(setting, tmp_path):
    galaxy = Galaxy(bell=False, halo="constant", H_kpc=0.5)
    wavelengths = (1e-3, 1e-1)
    turbulence = Turbulence(lambda k: k ** (-2 / 3), wavelengths, modes=20, rms_uG=3.0)
    grid = galactic_grid(energy_groups(1e6, 2e6), galaxy)
    orbits = galaxy.medium(), grid, Transport(160, 3, "orbit", t_max_Myr=0.01, turbulence=turbulence)
    whole = run(*orbits, threads=2)
    stopped(orbits, tmp_path, 4)
    again = run(*orbits, threads=2, checkpoints=CheckpointWriter(tmp_path, HEADER, resume=True))
    assert same(again, whole) and again.performance["blocks_resumed"] == 4


def galactic_orbits():
    """Ten blocks of orbits through a galaxy, short histories."""
    galaxy = Galaxy(field="tube", halo="constant", H_kpc=0.5, bell=False, r_max_kpc=20.0)
    medium, grid = galaxy.medium(), galactic_grid(energy_groups(5e6, 1e7), galaxy)
    turbulence = galactic_turbulence(galaxy, medium, (5e6, 1e7))
    return medium, grid, Transport(160, 3, "orbit", t_max_Myr=3e-4, R_d_kpc=0.1, turbulence=turbulence)


def test_orbits_through_a_galaxy_go_on_to_the_same_bits(tmp_path):
    orbits = galactic_orbits()
    whole = run(*orbits, threads=2)
    assert same(run(*orbits, threads=1), whole)
    stopped(orbits, tmp_path, 4)
    again = run(*orbits, threads=2, checkpoints=CheckpointWriter(tmp_path, HEADER, resume=True))
    assert same(again, whole) and again.performance["blocks_resumed"] == 4


# -- any order, any executor ---------------------------------------------------------------


class Shuffled:
    """An executor that follows blocks in any order, some of them twice."""

    def follow(self, job, first, stop):
        order = list(range(first, job.blocks))
        random.Random(1).shuffle(order)
        done = {block: job.follow(block, stop) for block in order + order[:5]}
        yield from (done[block] for block in range(first, job.blocks))


def test_the_order_of_blocks_does_not_matter(setting, whole):
    assert same(run(*setting, executor=Shuffled()), whole[0])


def test_a_tally_that_threads_share_would_be_caught(setting, monkeypatch):
    """The twin: all blocks are counted in the same bins, in the order that comes about."""
    many = (*setting[:2], replace(setting[2], particles=70 * SIZE))

    def found(threads):
        bins = setting[1].empty()
        monkeypatch.setattr(TallyGrid, "empty", lambda grid: bins)
        monkeypatch.setattr(run_module, "add", lambda total, block: None)
        run(*many, threads=threads)
        monkeypatch.undo()
        return [values.copy() for values in bins]

    one, two = found(1), found(2)
    assert not all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))


# -- stopping at a precision ---------------------------------------------------------------


def test_it_stops_at_the_first_border_that_is_precise_enough(setting, whole):
    asked = []

    def enough(result):
        asked.append(result.particles)
        return len(asked) == 2

    result = run(*setting, threads=2, enough=enough)
    assert asked == [SIZE * FEW_BATCHES, 2 * SIZE * FEW_BATCHES] and result.particles == asked[-1]
    assert result.provenance["blocks"] == [0, 2 * FEW_BATCHES]


# -- lost particles, replays ---------------------------------------------------------------


@pytest.fixture
def losing(monkeypatch):
    """The sixth particle of the third block is lost."""
    follow = Job.follow

    def losing(job, block, stop):
        done = follow(job, block, stop)
        if block == 2:
            done.fates[5] = Fate.NOT_FINITE
            done.tally.fates[Fate.NOT_FINITE] += 1
        return done

    monkeypatch.setattr(Job, "follow", losing)


def test_too_many_lost_particles_end_the_run_and_are_named(setting, losing):
    with pytest.raises(LostError) as caught:
        run(*setting, threads=2)
    assert caught.value.particles == [2 * SIZE + 5]


def test_the_first_ten_lost_particles_are_named(setting, monkeypatch):
    monkeypatch.setattr(run_module, "LOST_AT_MOST", 1.0)
    state = run_module.UnderWay.of(Job.of(*setting), None)
    state.blocks, state.lost = 10, [1, 2, 3]
    state.add(Block(setting[1].empty(), np.full(SIZE, int(Fate.NOT_FINITE)), np.zeros(SIZE)))
    assert state.lost == [1, 2, 3, *range(10 * SIZE, 10 * SIZE + 7)]


def test_a_run_that_may_stop_is_judged_by_what_it_has_done(setting, losing):
    """One lost particle of a thousand is too many, however many were asked for."""
    many = (*setting[:2], replace(setting[2], particles=10**9))
    with pytest.raises(LostError):
        run(*many, threads=2, enough=lambda result: True)


def test_a_disk_that_is_full_does_not_hide_who_stopped_the_run(setting, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "write", full)
    stopped(setting, tmp_path, 3)


@pytest.mark.parametrize("particle", [0, 77, BLOCKS * SIZE - 1])
def test_a_replay_is_the_same_history(setting, whole, particle):
    track = replay(*setting, particle)
    assert track.age_Myr == whole[1][particle]
    assert len(track.lines) == track.moves > 0
    age, x, y, z = track.lines[:, :4].T
    assert np.all(np.diff(age) >= 0) and age[-1] <= track.age_Myr
    if track.fate == Fate.ESCAPED:
        assert np.sqrt(x[-1] ** 2 + y[-1] ** 2 + z[-1] ** 2) >= setting[0].table.r_max * (1 - 1e-9)


def test_a_particle_that_there_is_not_is_refused(setting):
    with pytest.raises(ValueError, match=f"allowed: 0 to {BLOCKS * SIZE - 1}"):
        replay(*setting, BLOCKS * SIZE)


def test_a_block_that_is_added_twice_would_be_seen(setting, whole, monkeypatch):
    """The twin of merging by index: one block more changes the bits."""
    add, calls = run_module.add, []

    def twice(batch: Tally, block: Tally) -> None:
        calls.append(None)
        add(batch, block)
        if len(calls) == 5:
            add(batch, block)

    monkeypatch.setattr(run_module, "add", twice)
    assert not same(run(*setting, threads=2), whole[0])
