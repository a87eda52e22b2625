"""Twins of the code, each with one piece of physics broken, must fail the known answer that watches it.

They share one copy of the code, in which each broken line stands beside the right one and a switch chooses:
its kernels then compile once, and not once for each twin. Two processes run it, one of them those of the
hybrid engine.
"""

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from nightly.bubble_twins import BUBBLE_TWINS
from nightly.galaxy_twins import GALAXY_TWINS
from nightly.line_twins import LINE_TWINS
from nightly.orbit_twins import ORBIT_TWINS

ROOT = Path(__file__).parents[2]
FOLDERS = ("fields", "mc", "maps", "scenarios")

HYBRID = (
    "mc/kernels/move.py",
    "mc/kernels/splitting.py",
    "mc/kernels/albedo.py",
    "mc/kernels/boundary.py",
    "mc/kernels/score.py",
    "mc/kernels/lanes/advance.py",
    "mc/kernels/lanes/windows.py",
)

# Arguments: where the copy lies; switch, check and scale of each twin. Prints a line for each.
RUN_TWINS = """
import json, sys
import crhalo.mc
from crhalo.fields import _switch
from crhalo.scenarios.validation import suite
assert crhalo.mc.__path__[0].startswith(sys.argv[1]), crhalo.mc.__path__
for switch, check, scale in json.loads(sys.argv[2]):
    _switch.STATE[0] = switch
    print(json.dumps(getattr(suite, check)(float(scale))))
"""

# Which twin is running: read from memory by compiled code, so that it can change between calls.
SWITCH = """
import numpy as np
from numba import types
from numba.extending import intrinsic, overload

STATE = np.zeros(1, np.int64)


@intrinsic
def _load(typing_context):
    def load(context, builder, signature, arguments):
        address = context.get_constant(types.intp, STATE.ctypes.data)
        return builder.load(builder.inttoptr(address, context.get_value_type(types.int64).as_pointer()))

    return types.int64(), load


def which():
    return int(STATE[0])


@overload(which, inline="always")
def _which():
    return lambda: _load()
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
        "mc/kernels/move.py",
        (
            ("return table.max_grad_ln_D_bell if in_bell else table.max_grad_ln_D_halo", "return 0.0"),
            ("return u * (1.0 + climb) * 3.0 * particle.diffusion <", "return -u <"),
        ),
        "well_mixed",
        1 / 12,
        "well-mixed",
    ),
    Twin(
        "steps without -(lambda/3) grad lambda",
        "mc/kernels/move.py",
        (
            (
                "drift = particle.diffusion * dt - free_path * free_path / 3.0",
                "drift = particle.diffusion * dt",
            ),
        ),
        "well_mixed",
        1 / 12,
        "well-mixed",
    ),
    Twin(
        "steps without lambda (Omega0 + Omega1)",
        "mc/kernels/move.py",
        (
            (" + free_path * (particle.dir_x + e.x) + noise * n.x", " + noise * n.x"),
            (" + free_path * (particle.dir_y + e.y) + noise * n.y", " + noise * n.y"),
            ("z += free_path * (particle.dir_z + e.z) + noise * n.z", "z += noise * n.z"),
        ),
        "well_mixed",
        1 / 12,
        "well-mixed",
    ),
    Twin(
        "steps without the drift up the gradient of D",
        "mc/kernels/move.py",
        (("drift = particle.diffusion * dt - free_path", "drift = -free_path"),),
        "slab_escape",
        0.05,
        "rising D: mean escape time",
    ),
    Twin(
        "steps over the surface, exits noticed at their end",
        "mc/kernels/move.py",
        (
            ("room = min(abs(particle.distance), ", "room = min(-particle.distance, "),
            (
                "length = min(STEP_OVER_SCALE * length_scale, STEP_OVER_DISTANCE * room)",
                "length = min(STEP_OVER_SCALE * length_scale, 0.05)",
            ),
            (
                "if abs(particle.distance) <= TESTED_WITHIN * s:",
                "if abs(particle.distance) <= TESTED_WITHIN * s or particle.distance > 0.0:",
            ),
        ),
        "slab_escape",
        0.05,
        "slab: mean escape time",
    ),
    Twin(
        "steps that all take their mean time",
        "mc/kernels/move.py",
        (("spread = _TIME_SPREAD if last_bit(u) else -_TIME_SPREAD", "spread = 0.0"),),
        "slab_escape",
        0.8,
        "slab: variance",
    ),
    Twin(
        "steps side by side that count half of their time",
        "mc/kernels/lanes/advance.py",
        (("counted_time(dt, time_left, u0) if steps", "counted_time(0.5 * dt, time_left, u0) if steps"),),
        "slab_escape",
        0.05,
        "slab: mean escape time",
    ),
    Twin(
        "flights that drift at two thirds of the medium's speed",
        "mc/kernels/move.py",
        (("w_z += flow_z / particle.speed", "w_z += 2.0 / 3.0 * flow_z / particle.speed"),),
        "moving_medium",
        0.3,
        "moving medium",
    ),
    Twin(
        "no energy lost to the receding wall",
        "mc/kernels/splitting.py",
        (("ln_p -= lost + times * met.cooling", "ln_p -= lost"),),
        "wall_loss",
        0.3,
        "wall loss (boundary layer): <ln p/p0>",
    ),
    Twin(
        "a wall that lets twice as many through",
        "mc/kernels/albedo.py",
        (("return math.expm1(-drift * start) /", "return 2.0 * math.expm1(-drift * start) /"),),
        "wall_loss",
        0.3,
        "wall loss (boundary layer): <ln p/p0>",
    ),
    Twin(
        "a wall that reflects evenly in the cosine",
        "mc/kernels/albedo.py",
        (("return u * largest <= h_of(table, mu) * mu / (mu + mu0)", "return u <= 1.0"),),
        "wall_loss",
        0.3,
        "wall loss (boundary layer): <ln p/p0>",
    ),
    Twin(
        "a halo that moves and leaves the particles behind",
        "mc/kernels/move.py",
        (("z += f_z * dt", "z += 0.0 * dt"),),
        "outflow_slab",
        0.3,
        "outflow: n over known",
    ),
    Twin(
        "a halo that flows to the wall and loses as one at rest",
        "mc/kernels/boundary.py",
        (
            (
                "jump_over_v = u_over_v - dot(halo_flow(table, particle), normal) / behind.speed",
                "jump_over_v = u_over_v",
            ),
        ),
        "moving_halo_wall",
        0.5,
        "halo that flows to a Bell wall: fixed energy, behind",
    ),
    Twin(
        "a halo that takes from twenty returns what it takes from one",
        "mc/kernels/score.py",
        (
            (
                "return (history.multiplicity - 1.0) * (old.ln_p - new.ln_p)",
                "return 0.0 * (old.ln_p - new.ln_p)",
            ),
        ),
        "energy_counters",
        0.3,
        "energy counters: to the flow",
    ),
    Twin(
        "energy that the wall takes and nobody counts",
        "mc/kernels/splitting.py",
        (
            (
                "_count_wall(world, history, ln_p - lost, times * met.cooling, times * met.spreading)",
                "_count_wall(world, history, ln_p - lost, 0.0, 0.0)",
            ),
        ),
        "energy_counters",
        0.3,
        "energy counters: all that is gone",
    ),
    Twin(
        "histories that are divided, and lose a part of the weight",
        "mc/kernels/lanes/windows.py",
        (("weight = history.weight / number", "weight = history.weight / (number + 1)"),),
        "weight_windows",
        0.1,
        "weight windows: energy that escapes",
    ),
    Twin(
        "histories that go on by chance, with the little weight they had",
        "mc/kernels/lanes/windows.py",
        (("weighing(history, *same, wanted)", "weighing(history, *same, history.weight)"),),
        "weight_windows",
        0.25,
        "weight windows: energy that escapes",
    ),
    Twin(
        "more particles from some sources, and no weight for it",
        "mc/kernels/lanes/windows.py",
        (("1.0 / (parts * width)", "parts * width"),),
        "weight_windows",
        0.1,
        "weight windows: energy that is injected",
    ),
    Twin(
        "an outflow whose energy flux is thrice the pressure times u",
        "fields/outflow.py",
        (("/ (4.0 * rho)) / KPC_MYR_CM_S", "/ (3.0 * rho)) / KPC_MYR_CM_S"),),
        "momentum_balance",
        1.0,
        "momentum balance: u",
    ),
    Twin(
        "a pressure of all energies from the flux of one",
        "fields/outflow.py",
        (("return drive.total_flux / (3.0", "return drive.energy_flux / (3.0"),),
        "momentum_balance",
        1.0,
        "P_CR/(rho u^2) of PRL, undiluted",
    ),
    Twin(
        "waves that protons excite by all of their flux",
        "fields/waves/streaming_protons.py",
        (
            (
                "low, high = (protons.flux_cm2_s[level] - speed * above for speed in edges)",
                "low = high = protons.flux_cm2_s[level]",
            ),
        ),
        "carried_protons",
        1.0,
        "carried protons, own waves",
    ),
    Twin(
        "waves that carry protons and neither gain nor lose by it",
        "mc/diffusion/solve.py",
        (("return cells.expansion_Myr / 3.0 + of_gas", "return 0.0 * cells.expansion_Myr / 3.0 + of_gas"),),
        "carried_protons",
        1.0,
        "carried protons, slope 2",
    ),
    Twin(
        "waves that gain twice what protons lose",
        "fields/waves/streaming_protons.py",
        (
            (
                "D = _diffusion(column.k_kpc, column.B_uG[level], F, protons.p_GeV)",
                "D = 2.0 * _diffusion(column.k_kpc, column.B_uG[level], F, protons.p_GeV)",
            ),
        ),
        "carried_protons",
        1.0,
        "carried protons, constant field: energy",
    ),
    Twin(
        "longitude the other way round",
        "maps/light/sky.py",
        (("cos_b * np.sin(l), sin_b]", "-cos_b * np.sin(l), sin_b]"),),
        "one_pixel",
        1.0,
        "one pixel: its distance",
    ),
    Twin(
        "pixels on the edge of a region taken whole",
        "maps/light/regions.py",
        (("return 0.5 + t - 0.5 * t * np.abs(t)", "return (t > 0.0).astype(float)"),),
        "region_of_the_sky",
        1.0,
        "lhaaso-inner: area on a map of 64",
    ),
    Twin(
        "a region counted westwards",
        "maps/light/regions.py",
        (("np.mod(l_deg - region.l_deg[0] + behind", "np.mod(region.l_deg[0] - l_deg + behind"),),
        "region_of_the_sky",
        1.0,
        "lhaaso-inner: thin disc",
    ),
    Twin(
        "neutrinos counted twice",
        "maps/light/secondaries.py",
        (
            (
                "sigma[:, tabulated] += np.reshape(table",
                "sigma[:, tabulated] += (1 + (secondary == 'neutrino')) * np.reshape(table",
            ),
        ),
        "emissivity_closure",
        1.0,
        "pp yields: share of energy in neutrinos",
    ),
    Twin(
        "captures without the half spacing before the first split particle",
        "mc/kernels/splitting.py",
        (("share = 1.0 / (splits + 0.5)", "share = 1.0 / splits"),),
        "represented_wall",
        0.3,
        "Bell wall",
    ),
    Twin(
        "particles that turn the wrong way",
        "mc/kernels/orbit.py",
        (("f = half * tangent", "f = -half * tangent"),),
        "drifts",
        1.0,
        "gradient drift",
    ),
    Twin(
        "nodes 0.25 kpc apart about a disc of any radius",
        "fields/sampling.py",
        (("rings = doubling_pieces(R_d_kpc, STEPS_TO_RIM, FINE_STEP_KPC)", "rings = [(0.0, 0.25)]"),),
        "disc_of_any_radius",
        0.02,
        "disc of 0.1 kpc: grammage of the transport equation",
    ),
    Twin(
        "waves whose amplitude just follows the field",
        "fields/turbulence/synthetic.py",
        (("slope = -math.copysign(1.0, z) / field.z_B_kpc", "slope = 0.0"),),
        "divergences",
        1.0,
        "div B: waves, isotropic, stratified",
    ),
    Twin(
        "a correlation length of both sides",
        "fields/turbulence/synthetic.py",
        (("return 0.5 * math.pi * inverse_k", "return math.pi * inverse_k"),),
        "isotropic_turbulence",
        0.5,
        "isotropic turbulence",
    ),
    Twin(
        "friction with neutrals that damps energy as slowly as the amplitude",
        "fields/waves/streaming.py",
        (("rates[at] = 2.0 * amplitude", "rates[at] = amplitude"),),
        "ion_neutral_friction",
        1.0,
        "ion-neutral damping",
    ),
    Twin(
        "losses as a share of all the energy, that of the rest mass too",
        "fields/gas_density.py",
        (("return np.asarray(0.5 * (E - M_P_GEV) / E)", "return np.asarray(0.5 * E / E)"),),
        "nucleon_losses",
        1.0,
        "nucleon losses",
    ),
    *(Twin(*each) for each in (*BUBBLE_TWINS, *GALAXY_TWINS, *LINE_TWINS, *ORBIT_TWINS)),
)


def choice(line: str, others: list[tuple[int, str]]) -> str:
    """A statement, or the head of an `if`, that is another one where the switch is set to its number."""
    indent, body = line[: len(line) - len(line.lstrip())], line.strip()
    if body.startswith("if "):
        condition = body[3:-1]
        for number, other in others:
            condition = f"(({other.strip()[3:-1]}) if which() == {number} else ({condition}))"
        return f"{indent}if {condition}:"
    branches = [f"{indent}if which() == {number}:\n{indent}    {other.strip()}" for number, other in others]
    lines = "\n".join(branches).replace(f"\n{indent}if ", f"\n{indent}elif ")
    return f"{lines}\n{indent}else:\n{indent}    {body}"


def broken(text: str, twins: dict[int, Twin]) -> str:
    """The source of a file with the changes of its twins, by number, each where the switch is set to it."""
    lines = text.splitlines()
    others: dict[int, list[tuple[int, str]]] = {}
    for number, twin in twins.items():
        for old, new in twin.changes:
            assert text.count(old) == 1, f"{twin.name}: {old!r} occurs {text.count(old)} times in {twin.file}"
            at = text[: text.index(old)].count("\n")
            others.setdefault(at, []).append((number, lines[at].replace(old, new)))
    for at, changed in others.items():
        lines[at] = choice(lines[at], changed)
    start = lines.index("from __future__ import annotations") + 1
    return "\n".join([*lines[:start], "from crhalo.fields._switch import which  # noqa", *lines[start:], ""])


def broken_copy(where: Path) -> None:
    """The package with all the twins in it, importable from `where`."""
    for folder in FOLDERS:
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, where / "crhalo" / folder, ignore=ignore)
    (where / "crhalo" / "fields" / "_switch.py").write_text(SWITCH)
    for file in {twin.file for twin in TWINS}:
        source = where / "crhalo" / file
        mine = {number: twin for number, twin in enumerate(TWINS, start=1) if twin.file == file}
        source.write_text(broken(source.read_text(), mine))


def rows_of(twins: tuple[Twin, ...], where: Path, cache: Path) -> dict[str, list[dict]]:
    """What the checks find in the broken copy, by the name of the twin.

    Compiled code knows where in memory the switch of its process is: each has a cache of its own.
    """
    work = [[TWINS.index(twin) + 1, twin.check, twin.scale] for twin in twins]
    environment = os.environ | {"PYTHONPATH": str(where), "XDG_CACHE_HOME": str(cache)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", RUN_TWINS, str(where), json.dumps(work)],
        cwd=where,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    return {twin.name: json.loads(line) for twin, line in zip(twins, lines, strict=True)}


def is_off(row: dict) -> bool:
    """Whether a row fails by its value, and not by noise (a single replica has no error: nan)."""
    deviation = abs(row["value"] - row["expected"])
    return not row["passed"] and deviation > row["tolerance"] and not deviation <= 2 * row["error"]


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> dict[str, Future]:
    """The rows of each twin, from two processes at a time."""
    copy = tmp_path_factory.mktemp("twins")
    broken_copy(copy)
    groups = [tuple(twin for twin in TWINS if (twin.file in HYBRID) is hybrid) for hybrid in (True, False)]
    with ThreadPoolExecutor(2) as pool:
        rows = [pool.submit(rows_of, group, copy, tmp_path_factory.mktemp("cache")) for group in groups]
        return {twin.name: found for group, found in zip(groups, rows, strict=True) for twin in group}


@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: twin.name)
def test_a_known_answer_fails(found, twin):
    rows = [row for row in found[twin.name].result()[twin.name] if row["name"].startswith(twin.row)]
    for row in rows:
        print(json.dumps(row))
    assert any(is_off(row) for row in rows)
