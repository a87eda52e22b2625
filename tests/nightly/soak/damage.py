"""Files that are damaged, or made to hurt; scenarios that make no sense."""

from __future__ import annotations

import json
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
from crhalo.maps.light.skyfile import SkyCube, read_sky, write_sky
from crhalo.mc import checkpoint
from crhalo.mc.checkpoint import CheckpointWriter
from crhalo.mc.engine import run
from crhalo.mc.result import Result, ResultError
from crhalo.scenarios.file.quantities import ScenarioError
from crhalo.scenarios.file.scenario import Scenario, from_mapping, load, load_text
from tools import FEW, HEADER, Outcome, command, end_of, peak_MB, setting, sha


def damage(folder: Path) -> Outcome:
    """400 flipped bits and 100 truncations of a checkpoint, a result and a sky: found, or harmless."""
    medium, grid, transport = setting(2000)
    kept, result_file, sky_file = folder / checkpoint.names()[0], folder / "result.h5", folder / "sky.fits"
    checkpoints = CheckpointWriter(folder, HEADER)
    result = run(medium, grid, transport, checkpoints=checkpoints)
    result.write(result_file)
    sky = np.random.default_rng(1).random((3, 768))
    write_sky(sky_file, SkyCube("gamma", "", np.array([1.0, 10.0, 100.0]), sky, sky, {"seed": 1}))
    written = read_sky(sky_file)

    def same_sky(path: Path) -> bool:
        found = read_sky(path)
        return np.array_equal(found.intensity, written.intensity) and found.metadata == written.metadata

    def whole_checkpoint(path: Path) -> bool:
        checkpoint.newest(folder, checkpoints.header, grid)
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
        "turbulence", "self_consistency", "two_zone", "diffusion", "figure_1", "radio", "coupling",
        "galaxies", "expanding_bubble", "galaxy_tracks", "local_diffusion", "circumgalactic_limits",
        "nested_leaky_box", "near_source", "cocoons", "cosmic_ray_wind", "observer",
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
    names = ("result.h5.part", "sky_gamma.fits", "spectra.png", "checkpoint.0.part", "checkpoint.1")
    for name in names:
        (elsewhere / name).write_text("mine")
        (out / name).symlink_to(elsewhere / name)
    (out / "checkpoint.1").unlink()
    code, _ = end_of(command(FEW, out))
    survived += code == 0 and all((elsewhere / name).read_text() == "mine" for name in names)
    (out / ".lock").symlink_to(elsewhere / "new")
    (out / "summary.json").unlink()
    code, _ = end_of(command(FEW, out, "--resume"))
    survived += code == 1 and not (elsewhere / "new").exists()
    return len(tries) + len(results) + len(skies) + 2, survived
