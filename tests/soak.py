"""The slow promises, one line each: name, tried, survived.

make soak                                    # all of them, most of an hour
.venv/bin/python tests/soak.py kills fuzz    # some
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
from crhalo.fields.galaxy import Galaxy
from crhalo.maps.skyfile import SkyCube, read_sky, write_sky
from crhalo.mc import checkpoint
from crhalo.mc.checkpoint import Keeper
from crhalo.mc.result import Result, ResultError, value_and_error
from crhalo.mc.run import Transport, run
from crhalo.mc.tally import Region, energy_groups, galactic_grid
from crhalo.scenarios.schema import Scenario, from_mapping, load, load_text
from crhalo.scenarios.values import ScenarioError

CRHALO = str(Path(sys.executable).with_name("crhalo"))


def free_escape(particles: int, low: str, high: str, *settings: str) -> list[str]:
    """A run with hardly any sky: some ten seconds and some checkpoints."""
    given = [
        f'transport.energy_range=["{low}", "{high}"]', f'source.E_min="{low}"', f'source.E_max="{high}"',
        "sky.nside=1", 'sky.energies=["1 TeV", "10 TeV", 2]', *settings,
    ]  # fmt: skip
    options = [word for setting in given for word in ("--set", setting)]
    return ["run", "free-escape", "--particles", str(particles), *options]


HYBRID = free_escape(100_000, "1 TeV", "100 TeV")
ORBITS = free_escape(640, "1 PeV", "10 PeV", 'transport.method="orbit"', 'transport.t_max="1 Myr"')
FEW = free_escape(2000, "1 TeV", "100 TeV")
HEADER = {"scenario": "soak"}
Outcome = tuple[int, int]


def command(arguments: list[str], out: Path, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [CRHALO, *arguments, "--out", str(out), *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def end_of(process: subprocess.Popen[str]) -> tuple[int, list[str]]:
    """Exit code and what was said of it, which is one line if anything."""
    _, error = process.communicate()
    said = [line for line in error.splitlines() if line.startswith("crhalo:")]
    return process.returncode, [error] if "Traceback" in error else said


def sha(result: Result) -> str:
    digest = hashlib.sha256()
    for name in sorted(result.tallies):
        digest.update(name.encode() + result.tallies[name].tobytes())
    return digest.hexdigest()


def sha_of(folder: Path) -> str:
    return sha(Result.read(folder / "result.h5"))


def alone(arguments: list[str], folder: Path) -> tuple[str, float]:
    """The run that nobody disturbs, and how long it takes, compiled."""
    for name in ("first", "alone"):
        started = time.perf_counter()
        code, said = end_of(command(arguments, folder / name))
        assert code == 0, said
    return sha_of(folder / "alone"), time.perf_counter() - started


def setting(particles: int, seed: int = 1):  # type: ignore[no-untyped-def]
    galaxy = Galaxy(bell=False)
    grid = galactic_grid(energy_groups(1e5, 1e6), *galaxy.surface_extent_kpc(), galaxy.r_max_kpc)
    return galaxy.medium(), grid, Transport(particles, seed, t_max_Myr=300.0)


class Shuffled:
    """An executor that follows some blocks at a time, in any order."""

    def __init__(self, batch: int) -> None:
        self.batch = batch

    def follow(self, job, first, stop):  # type: ignore[no-untyped-def]
        for start in range(first, job.blocks, self.batch):
            blocks = list(range(start, min(start + self.batch, job.blocks)))
            order = random.Random(start).sample(blocks, len(blocks))
            done = {block: job.follow(block, stop) for block in order}
            yield from (done[block] for block in blocks)


def threads(folder: Path) -> Outcome:
    """The same bits on 1, 2, 3 and 4 threads, and in batches of 1, 7 and all blocks in any order."""
    found = [sha(run(*setting(8000), threads=number)) for number in (1, 2, 3, 4)]
    found += [sha(run(*setting(8000), executor=Shuffled(batch))) for batch in (1, 7, 1000)]
    return len(found), sum(each == found[0] for each in found)


def killed(arguments: list[str], folder: Path, times: int, seed: int) -> Outcome:
    """kill -9 at random moments, then on to the same bits."""
    whole, seconds = alone(arguments, folder)
    chance, survived, resumed = random.Random(seed), 0, 0
    for number in range(times):
        out = folder / f"killed-{number}"
        process = command(arguments, out)
        time.sleep(chance.uniform(0.1, 1.0) * seconds)
        process.kill()
        process.communicate()
        # What the kill has left half-written may be in the way, but must not matter.
        code, _ = end_of(command(arguments, out, "--resume"))
        resumed += json.loads((out / "summary.json").read_text())["blocks_resumed"] > 0
        survived += code == 0 and sha_of(out) == whole
        shutil.rmtree(out)
    print(f"    {resumed} of {times} went on from a checkpoint, the others began anew or were done")
    return times, survived


def kills(folder: Path) -> Outcome:
    """kill -9 at 20 random moments, then on to the same bits."""
    return killed(HYBRID, folder, 20, 1)


def kills_of_orbits(folder: Path) -> Outcome:
    """The same for the engine of orbits."""
    return killed(ORBITS, folder, 8, 7)


def signals(folder: Path) -> Outcome:
    """Ctrl-C and SIGTERM at 10 random moments: out within 2 s, one line, the right code, and on."""
    whole, seconds = alone(HYBRID, folder)
    chance, survived, longest, stopped = random.Random(2), 0, 0.0, 0
    for number in range(10):
        out, wanted = folder / f"stopped-{number}", (signal.SIGINT, signal.SIGTERM)[number % 2]
        process = command(HYBRID, out)
        # Not before it has begun to listen.
        time.sleep(max(1.0, chance.uniform(0.05, 0.9) * seconds))
        started = time.perf_counter()
        process.send_signal(wanted)
        code, said = end_of(process)
        left = time.perf_counter() - started
        if code != 0:
            stopped += 1
            longest = max(longest, left)
        good = code == 0 or (code == 128 + wanted and len(said) == 1 and left < 2.0)
        end_of(command(HYBRID, out, "--resume"))
        survived += good and sha_of(out) == whole
    print(f"    {stopped} of 10 came before the end; out after {longest:.2f} s at most (2)")
    return 10, survived


def damage(folder: Path) -> Outcome:
    """400 flipped bits and 100 truncations of a checkpoint, a result and a sky: found, or harmless."""
    medium, grid, transport = setting(2000)
    kept, result_file, sky_file = folder / checkpoint.names()[0], folder / "result.h5", folder / "sky.fits"
    keeper = Keeper(folder, HEADER)
    result = run(medium, grid, transport, keeper=keeper)
    result.write(result_file)
    sky = np.random.default_rng(1).random((3, 768))
    write_sky(sky_file, SkyCube("gamma", "", np.array([1.0, 10.0, 100.0]), sky, sky, {"seed": 1}))
    written = read_sky(sky_file)

    def same_sky(path: Path) -> bool:
        found = read_sky(path)
        return np.array_equal(found.intensity, written.intensity) and found.metadata == written.metadata

    def whole_checkpoint(path: Path) -> bool:
        checkpoint.newest(folder, keeper.header, grid)
        return False  # every bit of it is under the checksum

    readers: dict[Path, Callable[[Path], bool]] = {
        kept: whole_checkpoint,
        result_file: lambda path: sha(Result.read(path)) == sha(result),
        sky_file: same_sky,
    }
    chance, survived = random.Random(3), 0
    for path, is_same in readers.items():
        good = path.read_bytes()
        for number in range(500):
            damaged = bytearray(good)
            if number < 400:
                damaged[chance.randrange(len(good))] ^= 1 << chance.randrange(8)
            else:
                del damaged[chance.randrange(len(good)) :]
            path.write_bytes(damaged)
            try:
                survived += is_same(path)
            except (checkpoint.CheckpointError, ResultError, ValueError) as fault:
                survived += path.name in str(fault)
        path.write_bytes(good)
    return 1500, survived


@contextmanager
def small_disk(folder: Path, kB: int) -> Iterator[Path]:
    """A disk of its own, which takes root to make."""
    where = folder / f"disk-{kB}"
    where.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kB}k", "tmpfs", where], check=True)
    try:
        yield where
    finally:
        subprocess.run(["umount", where], check=True)


def disks(folder: Path) -> Outcome:
    """Full and read-only disks: one line that names the file, the last good checkpoint stays."""
    whole, _ = alone(HYBRID, folder)
    survived = 0
    for where in ("/proc/crhalo", "/sys/crhalo"):
        code, said = end_of(command(HYBRID, Path(where)))
        survived += code == 1 and len(said) == 1 and where in said[0]
    # Files of at most 100 kB are a full disk that anybody can have.
    limited = ["bash", "-c", f'ulimit -f 100; exec "{CRHALO}" "$@"', "crhalo", *FEW, "--out"]
    process = subprocess.Popen(
        [*limited, str(folder / "full")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    code, said = end_of(process)
    survived += code == 1 and len(said) == 1 and str(folder / "full") in said[0]
    if os.geteuid() != 0:
        print("    disks of 2 MB and read-only ones: not tried, they take root")
        return 3, survived
    with small_disk(folder, 2_000) as disk:
        code, said = end_of(command(HYBRID, disk / "run"))
        survived += code == 1 and len(said) == 1 and "checkpoint" in said[0]
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        code, said = end_of(command(HYBRID, disk / "other"))
        survived += code == 1 and len(said) == 1 and str(disk / "other") in said[0]
    process = command(HYBRID, folder / "sized")
    first = folder / "sized" / checkpoint.names()[0]
    while not first.exists():
        time.sleep(0.1)
    process.kill()
    process.communicate()
    with small_disk(folder, 3 * first.stat().st_size // 2000) as disk:  # room for one, and not for two
        code, said = end_of(command(HYBRID, disk / "run"))
        good = code == 1 and len(said) == 1 and (disk / "run" / first.name).exists()
        shutil.copytree(disk / "run", folder / "saved")
    code, _ = end_of(command(HYBRID, folder / "saved", "--resume"))
    resumed = json.loads((folder / "saved" / "summary.json").read_text())["blocks_resumed"]
    survived += good and code == 0 and resumed > 0 and sha_of(folder / "saved") == whole
    return 6, survived


def together(folder: Path) -> Outcome:
    """Two runs on one folder: one of them is refused, the other is right."""
    whole, _ = alone(HYBRID, folder)
    survived = 0
    for number in range(5):
        out = folder / f"both-{number}"
        processes = [command(HYBRID, out, "--resume") for _ in range(2)]
        (_, one), (_, other) = ends = [end_of(process) for process in processes]
        right = sorted(code for code, _ in ends) == [0, 2] and "at work there" in str([*one, *other])
        survived += right and sha_of(out) == whole
    return 5, survived


def workers(folder: Path) -> Outcome:
    """Blocks on a cluster whose workers die in 30% of the tasks: the same bits."""
    from crhalo.mc import cluster

    medium, grid, transport = setting(8000)
    whole = sha(run(medium, grid, transport, threads=2))
    follow = cluster._follow

    def dying(job, block, wanted):  # type: ignore[no-untyped-def]
        mark = folder / f"died-{block}"
        if random.Random(block).random() < 0.3 and not mark.exists():
            mark.touch()
            os._exit(1)
        return follow(job, block, wanted)

    cluster._follow = dying  # type: ignore[assignment]
    try:
        with cluster.connected("dask-local:2") as executor:
            found = sha(run(medium, grid, transport, executor=executor))
    finally:
        cluster._follow = follow
    deaths = len(list(folder.glob("died-*")))
    print(f"    {deaths} workers died over {-(-8000 // 112)} blocks")
    return 1, int(found == whole and deaths > 0)


def fuzz(folder: Path) -> Outcome:
    """10,000 scenarios with wrong values: read, or refused in one line within a second."""
    base = json.loads(load("circumgalactic").model_dump_json(exclude_none=True))
    wrong = [
        -1, 0, 1e99, -1e-99, float("nan"), float("inf"), True, None, "", "1", "1 kpc", "1 GeV", "-3 uG",
        [], [1], ["1 GeV"], {}, {"a": 1}, "x" * 10_000, 10**400, [[[[]]]], "\x00", "1e400 kpc", "nan kpc",
        ["1 GeV", "2 GeV"],
    ]  # fmt: skip
    chance, survived = random.Random(4), 0
    tables = [key for key in base if isinstance(base[key], dict)] + [
        "turbulence", "self_consistency", "two_zone", "figure_1", "radio", "coupling", "galaxies", "observer",
    ]  # fmt: skip
    for _ in range(10_000):
        data = json.loads(json.dumps(base))
        for _ in range(chance.randrange(1, 4)):
            table = chance.choice(tables)
            target = data.setdefault(table, {})
            if isinstance(target, dict):
                known = list(target) or ["H", "delta_G", "cascade"]
                target[chance.choice([*known, "no_such_key"])] = chance.choice(wrong)
            if chance.random() < 0.1:
                data[table] = chance.choice(wrong)
        started = time.perf_counter()
        try:
            survived += isinstance(from_mapping(data), Scenario)
        except ScenarioError as error:
            text = str(error)
            survived += "\n" not in text and len(text) < 400 and time.perf_counter() - started < 1.0
    return 10_000, survived


def hostile(folder: Path) -> Outcome:
    """Texts, results and skies made to hurt: refused within 0.2 s and 100 MB, nothing written elsewhere."""
    medium, grid, transport = setting(200)
    good, sky_file = folder / "good.h5", folder / "good.fits"
    run(medium, grid, transport).write(good)
    sky = np.ones((2, 768))
    write_sky(sky_file, SkyCube("gamma", "", np.array([1.0, 10.0]), sky))
    Result.read(good), read_sky(sky_file)

    def damaged(change: Callable[[h5py.File], object]) -> Path:
        path = folder / "hostile.h5"
        shutil.copy(good, path)
        with h5py.File(path, "a") as file:
            change(file)
        return path

    def replaced(file: h5py.File, name: str, value: object) -> None:
        del file[name]
        file[name] = value

    def bomb(file: h5py.File) -> None:
        shape = file["tally/bell"].shape
        del file["tally/bell"]
        zeros = {"chunks": (1, *shape[1:]), "compression": "gzip", "dtype": "f4"}
        file.create_dataset("tally/bell", shape=(100_000, *shape[1:]), **zeros)[:8] = 0.0

    def claim(file: h5py.File) -> None:
        del file["tally/injected"]
        file.create_dataset("tally/injected", shape=(10**13,), dtype="f8", chunks=(1000,))

    texts = [
        ".".join("a" * 30_000) + " = 1", "a = " + "[" * 30_000, "a = " + "{a=" * 20_000, "#" * 10**7,
        "title = " + '"' * 30_001 + "[" * 9, f"[{'.'.join('a' * 17)}]",
    ]  # fmt: skip
    results: list[Callable[[h5py.File], object]] = [
        lambda file: replaced(file, "tally/bell", h5py.ExternalLink(str(good), "tally/bell")),
        lambda file: replaced(file, "tally/bell", h5py.SoftLink("/grid/bell_R_kpc")),
        lambda file: replaced(file, "grid/halo_R_kpc", np.linspace(0, 1, 10**5)),
        lambda file: replaced(file, "tally", h5py.ExternalLink("/etc/passwd", "/")),
        claim,
        bomb,
    ]
    header = sky_file.read_bytes()
    skies = [
        header.replace(old, new)
        for old, new in (
            (b"NAXIS2  =                  768", b"NAXIS2  =       80000000000000"),
            (b"NAXIS1  =                    8", b"NAXIS1  =       80000000000000"),
            (b"TFIELDS =                    2", b"TFIELDS =               999999"),
        )
    ]
    tries: list[Callable[[], object]] = [lambda text=text: load_text(text) for text in texts]  # type: ignore[misc]
    tries += [lambda path=name: load(path) for name in ("../circumgalactic", "/etc/passwd")]  # type: ignore[misc]
    survived, longest, most = 0, 0.0, 0.0
    for number in range(len(tries) + len(results) + len(skies)):
        if number < len(tries):
            attempt = tries[number]
        elif number < len(tries) + len(results):
            path = damaged(results[number - len(tries)])
            attempt = lambda path=path: Result.read(path)  # type: ignore[misc] # noqa: E731
        else:
            (folder / "hostile.fits").write_bytes(skies[number - len(tries) - len(results)])
            attempt = lambda: read_sky(folder / "hostile.fits")  # noqa: E731
        before, started = peak_MB(), time.perf_counter()
        try:
            attempt()
            refused = False
        except ValueError as fault:
            refused = "\n" not in str(fault)
        seconds, MB = time.perf_counter() - started, peak_MB() - before
        longest, most = max(longest, seconds), max(most, MB)
        survived += refused and seconds < 0.2 and MB < 100.0
    print(f"    {longest:.3f} s at most (0.2), {most:.0f} MB at most (100)")
    # A folder full of links that point elsewhere.
    out, elsewhere = folder / "links", folder / "elsewhere"
    out.mkdir(), elsewhere.mkdir()
    names = ("result.h5.part", "sky_gamma.fits", "spectra.png", "checkpoint.0", "checkpoint.part")
    for name in names:
        (elsewhere / name).write_text("mine")
        (out / name).symlink_to(elsewhere / name)
    (out / "checkpoint.0").unlink()
    code, _ = end_of(command(FEW, out))
    survived += code == 0 and all((elsewhere / name).read_text() == "mine" for name in names)
    (out / ".lock").symlink_to(elsewhere / "new")
    (out / "summary.json").unlink()
    code, _ = end_of(command(FEW, out, "--resume"))
    survived += code == 1 and not (elsewhere / "new").exists()
    return len(tries) + len(results) + len(skies) + 2, survived


def peak_MB() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def repeats(folder: Path) -> Outcome:
    """200 independent runs: chi2 of their scatter against their errors, and how many intervals hold."""
    values, errors = [], []
    for seed in range(200):
        medium, grid, transport = setting(2176, seed)
        result = run(medium, grid, transport, threads=2)
        value, error = value_and_error(
            result.density_cm3("region")[..., Region.DISC] @ result.current_energy_GeV
        )
        values.append(float(value))
        errors.append(float(error))
    away = (np.array(values) - np.mean(values)) / np.array(errors)
    chi2, inside = float((away**2).sum()), int((np.abs(away) < 1.0).sum())
    print(f"    chi2 {chi2:.1f} (139.8 to 271.3), within one sigma {inside} (114 to 157)")
    return 2, int(139.8 < chi2 < 271.3) + int(114 <= inside <= 157)


def memory(folder: Path) -> Outcome:
    """Ten million particles need no more memory than the first few blocks."""
    galaxy = Galaxy(halo="constant", bell=False, H_kpc=0.05, r_max_kpc=12.0)
    grid = galactic_grid(energy_groups(1e6, 1e7), 12.0, 0.05, 12.0)
    seen: list[float] = []

    def watch(done: int, moves: int) -> None:
        seen.append(peak_MB())

    run(galaxy.medium(), grid, Transport(10_000_000, 1), threads=2, progress=watch)
    grown = seen[-1] - seen[min(200, len(seen) - 1)]
    print(f"    {len(seen)} blocks, {grown:.1f} MB more at the end than after 200 of them (20)")
    return 1, int(grown < 20.0)


def overhead(folder: Path) -> Outcome:
    """Checkpoints of the main run take less than 2% of it, and going on starts within 3 s."""
    from crhalo.scenarios.media import find_medium
    from crhalo.scenarios.model import grid_of, transport_of

    scenario = load("circumgalactic")
    galaxy, medium, _, _ = find_medium(scenario, 2)
    grid, spent = grid_of(scenario, galaxy), []

    class Timed(Keeper):
        def keep(self, *state: object) -> None:
            started = time.perf_counter()
            super().keep(*state)  # type: ignore[arg-type]
            spent.append(time.perf_counter() - started)

    run(medium, grid, Transport(136, 9), threads=2)
    started = time.perf_counter()
    run(medium, grid, transport_of(scenario), threads=2, keeper=Timed(folder, HEADER))
    share = sum(spent) / (time.perf_counter() - started)
    out = folder / "main"
    process = command(["run", "circumgalactic"], out)
    while not (out / checkpoint.names()[0]).exists():
        time.sleep(0.5)
    process.kill()
    process.communicate()
    # From the command to the first block that is followed.
    measured = (
        "import time, os; from crhalo.mc import run; from crhalo.scenarios import cli\n"
        "run.Threads.follow = lambda *_: os._exit(7)\n"
        f"cli.main(['run', 'circumgalactic', '--resume', '--out', {str(out)!r}])"
    )
    started = time.perf_counter()
    code = subprocess.run([sys.executable, "-c", measured], check=False).returncode
    seconds = time.perf_counter() - started
    print(f"    {len(spent)} checkpoints, {share:.2%} (2%); going on starts after {seconds:.2f} s (3)")
    return 2, int(share < 0.02) + int(code == 7 and seconds < 3.0)


SOAKED: tuple[Callable[[Path], Outcome], ...] = (
    threads, kills, kills_of_orbits, signals, damage, disks, together, workers, fuzz, hostile, repeats,
    memory, overhead,
)  # fmt: skip


def main(names: list[str]) -> int:
    failed = 0
    for one in SOAKED:
        if names and one.__name__ not in names:
            continue
        with tempfile.TemporaryDirectory() as folder:
            tried, survived = one(Path(folder))
        failed += survived < tried
        said = (one.__doc__ or "").splitlines()[0]
        print(f"{one.__name__:15} tried {tried:6}, survived {survived:6}   {said}", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
