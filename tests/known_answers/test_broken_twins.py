"""Twins of the code, each with one piece of physics broken, must fail the known answer that watches it."""

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("fields", "mc", "maps", "scenarios")

# Arguments: where the copy lies, the check, its scale. The copy must be what is imported.
PLAIN_PYTHON = """
import json, sys
import crhalo.mc
from crhalo.scenarios import validate
assert crhalo.mc.__path__[0].startswith(sys.argv[1]), crhalo.mc.__path__
print(json.dumps(getattr(validate, sys.argv[2])(float(sys.argv[3]))))
"""


@dataclass(frozen=True)
class Twin:
    """One broken copy: old texts (each there exactly once) and new ones, and the check that sees it."""

    name: str
    file: str
    changes: tuple[tuple[str, str], ...]
    check: str
    scale: float
    row: str


TWINS = (
    Twin(
        "collisions at the rate where the flight began",
        "mc/move.py",
        (
            ("steep = table.steepness_bell if in_bell else table.steepness_halo", "steep = 0.0"),
            ("if u1 * majorant * 3.0 * new.diffusion < new.speed:", "if u1 * majorant >= 0.0:"),
        ),
        "well_mixed",
        1 / 12,
        "well-mixed",
    ),
    Twin(
        "steps without -(lambda/3) grad lambda",
        "mc/move.py",
        (("drift = q.diffusion * dt - free_path * free_path / 3.0", "drift = q.diffusion * dt"),),
        "well_mixed",
        1 / 12,
        "well-mixed",
    ),
    Twin(
        "steps without lambda (Omega0 + Omega1)",
        "mc/move.py",
        (
            ("x += free_path * (q.dir_x + e_x) + noise * n_x", "x += noise * n_x"),
            ("y += free_path * (q.dir_y + e_y) + noise * n_y", "y += noise * n_y"),
            ("z += free_path * (q.dir_z + e_z) + noise * n_z", "z += noise * n_z"),
        ),
        "well_mixed",
        1 / 12,
        "well-mixed",
    ),
    Twin(
        "steps without the drift up the gradient of D",
        "mc/move.py",
        (("drift = q.diffusion * dt - free_path", "drift = -free_path"),),
        "slab_escape",
        0.05,
        "rising D: mean escape time",
    ),
    Twin(
        "steps over the surface, exits noticed at their end",
        "mc/move.py",
        (
            ("room = min(abs(q.distance), ", "room = min(-q.distance, "),
            (
                "length = min(STEP_OVER_SCALE * length_scale, STEP_OVER_DISTANCE * room)",
                "length = min(STEP_OVER_SCALE * length_scale, 0.05)",
            ),
            ("if abs(q.distance) <= 1.01 * s:", "if abs(q.distance) <= 1.01 * s or q.distance > 0.0:"),
        ),
        "slab_escape",
        0.05,
        "slab: mean escape time",
    ),
    Twin(
        "steps that all take their mean time",
        "mc/move.py",
        (("spread = _TIME_SPREAD if late else -_TIME_SPREAD", "spread = 0.0"),),
        "slab_escape",
        0.8,
        "slab: variance",
    ),
    Twin(
        "flights that drift at two thirds of the medium's speed",
        "mc/move.py",
        (("w_z += flow_z / q.speed", "w_z += 2.0 / 3.0 * flow_z / q.speed"),),
        "moving_medium",
        0.3,
        "moving medium",
    ),
    Twin(
        "no energy lost to the receding wall",
        "mc/capture.py",
        ((" * dwell + cosines * u_over_v)", " * dwell)"),),
        "wall_loss",
        0.3,
        "wall loss (skin): <ln p/p0>",
    ),
    Twin(
        "a wall that lets twice as many through",
        "mc/albedo.py",
        (("return math.expm1(-drift * start) /", "return 2.0 * math.expm1(-drift * start) /"),),
        "wall_loss",
        0.3,
        "wall loss (skin): <ln p/p0>",
    ),
    Twin(
        "a wall that reflects evenly in the cosine",
        "mc/albedo.py",
        (("return u * largest <= h_of(table, mu) * mu / (mu + mu0)", "return u <= 1.0"),),
        "wall_loss",
        0.3,
        "wall loss (skin): <ln p/p0>",
    ),
    Twin(
        "longitude the other way round",
        "maps/sky.py",
        (("cos_b * np.sin(l), sin_b]", "-cos_b * np.sin(l), sin_b]"),),
        "one_pixel",
        1.0,
        "one pixel: its distance",
    ),
    Twin(
        "neutrinos counted twice",
        "maps/secondaries.py",
        (('"neutrino": ("nu_all",)', '"neutrino": ("nu_all", "nu_all")'),),
        "emissivity_closure",
        1.0,
        "pp yields: share of energy in neutrinos",
    ),
    Twin(
        "captures without the half spacing before the first probe",
        "mc/capture.py",
        (("weight = 1.0 / (probes + 0.5)", "weight = 1.0 / probes"),),
        "represented_wall",
        0.3,
        "Bell wall",
    ),
    Twin(
        "particles that turn the wrong way",
        "mc/orbit.py",
        (("f = half * tangent", "f = -half * tangent"),),
        "drifts",
        1.0,
        "gradient drift",
    ),
    Twin(
        "waves whose amplitude just follows the field",
        "fields/turbulence.py",
        (("slope = -math.copysign(1.0, z) / field.z_B_kpc", "slope = 0.0"),),
        "divergences",
        1.0,
        "div B: waves, isotropic, stratified",
    ),
    Twin(
        "a correlation length of both sides",
        "fields/turbulence.py",
        (("return 0.5 * math.pi * mean", "return math.pi * mean"),),
        "isotropic_turbulence",
        0.5,
        "isotropic turbulence",
    ),
)


def broken_copy(twin: Twin, where: Path) -> None:
    """The package with the changes of a twin, importable from `where`."""
    for folder in FOLDERS:
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, where / "crhalo" / folder, ignore=ignore)
    source = where / "crhalo" / twin.file
    text = source.read_text()
    for old, new in twin.changes:
        assert text.count(old) == 1, f"{twin.name}: {old!r} occurs {text.count(old)} times in {twin.file}"
        text = text.replace(old, new)
    source.write_text(text)


def rows_of(twin: Twin, where: Path) -> list[dict]:
    """What the check finds in a broken copy."""
    broken_copy(twin, where)
    environment = os.environ | {"PYTHONPATH": str(where), "XDG_CACHE_HOME": str(where / "cache")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PLAIN_PYTHON, str(where), twin.check, str(twin.scale)],
        cwd=where,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def is_off(row: dict) -> bool:
    """Whether a row fails by its value, and not by noise (a single replica has no error: nan)."""
    deviation = abs(row["value"] - row["expected"])
    return not row["passed"] and deviation > row["tolerance"] and not deviation <= 2 * row["error"]


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """The rows of each twin, by name: two run at a time, since each has to compile its kernels."""
    with ThreadPoolExecutor(2) as pool:
        return {twin.name: pool.submit(rows_of, twin, tmp_path_factory.mktemp("twin")) for twin in TWINS}


@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: twin.name)
def test_a_known_answer_fails(found, twin):
    rows = [row for row in found[twin.name].result() if row["name"].startswith(twin.row)]
    for row in rows:
        print(json.dumps(row))
    assert any(is_off(row) for row in rows)
