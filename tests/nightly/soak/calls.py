"""Python calls with values that make no sense."""

from __future__ import annotations

import random
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
from crhalo.scenarios import Galaxy, Run, Scenario, Spectrum, Transport, load, simulate
from tools import Outcome

CALLS = 2000

VALUES: tuple[Any, ...] = (
    0, 1, -1, 3.0, 1e-30, 1e30, 2**70, float("nan"), float("inf"), -float("inf"), True, None, "", "3 kpc",
    "3", "nlld", "NLLD", "constant", "hybrid", b"3", [], [1.0], [1e4, 1e5], [[1e4]], (), {}, {"a": 1}, set(),
    object(), 3 + 4j, np.float32(2.0), np.array(3.0), np.array([1.0, np.nan]), np.array(["a"]),
    np.zeros((2, 2)), 3.0 * u.kpc, 5.0 * u.uG, 30.0 * u.TeV, [30.0] * u.TeV, 2.0 * u.s, 1e41 * u.erg / u.s,
    u.kpc, 3.0 * u.dimensionless_unscaled, lambda R, z: 1.0, lambda *_: "x", lambda p, R, z: np.nan, print,
    Galaxy, Path("x"),
)  # fmt: skip
RECORDS = {
    Galaxy: [field for field in Galaxy.__dataclass_fields__],
    Spectrum: [field for field in Spectrum.__dataclass_fields__],
    Transport: [field for field in Transport.__dataclass_fields__],
}


def calls(folder: Path) -> Outcome:
    """2,000 calls of records and of the interface with any values: an answer, or one sentence."""
    chance = random.Random(5)
    scenario = load("free-escape").with_overrides(
        ["transport.t_max=1 Myr", "transport.energy_range=['10 TeV', '1 PeV']", "sky.nside=1"]
    )
    run = scenario.run(particles=40, seed=1)
    makers = [_record, _method(run, scenario), _method(run, scenario), _simulation]
    survived = 0
    for _ in range(CALLS):
        call, told = chance.choice(makers)(chance, folder)
        try:
            call()
            survived += 1
        except (ValueError, KeyError) as refused:  # a `UserError` is a `ValueError`
            line = str(refused)
            survived += _is_one_sentence(line)
            if not _is_one_sentence(line):
                print(f"{told}: {line!r}", file=sys.stderr)
        except Exception:
            print(f"{told}: {traceback.format_exc(limit=-3)}", file=sys.stderr)
    return CALLS, survived


def _is_one_sentence(line: str) -> bool:
    return "\n" not in line and len(line.split()) > 2


def _record(chance: random.Random, folder: Path) -> tuple[Callable[[], Any], str]:
    kind = chance.choice(list(RECORDS))
    given = {chance.choice(RECORDS[kind]): chance.choice(VALUES) for _ in range(chance.randint(1, 2))}
    return lambda: kind(**given), f"{kind.__name__}({given})"


def _method(run: Run, scenario: Scenario) -> Callable[[random.Random, Path], tuple[Callable[[], Any], str]]:
    def make(chance: random.Random, folder: Path) -> tuple[Callable[[], Any], str]:
        one, other = chance.choice(VALUES), chance.choice(VALUES)
        methods: dict[str, Callable[[], Any]] = {
            "sky": lambda: run.sky(chance.choice(["gamma", "neutrino", one]), other),
            "sky of nside": lambda: run.sky("gamma", [1e4], one),
            "escape_time": lambda: run.escape_time(one),
            "leave_time": lambda: run.leave_time(one),
            "grammage": lambda: run.grammage(one),
            "density": lambda: run.density(one),
            "density in": lambda: run.density([2e4], one),
            "reweight": lambda: run.reweight(**{chance.choice(RECORDS[Spectrum]): one}),
            "reweight two": lambda: run.reweight(slope=one, L_CR_erg_s=other),
            "summary": lambda: run.summary[one],
            "overrides": lambda: scenario.with_overrides([f"medium.H={one}", f"source.slope={other}"]),
            "open": lambda: Run.open(folder / "nothing", galaxy=one),
            "load": lambda: load(one),
            "run": lambda: scenario.run(particles=one, seed=other, threads=1) if _small(one) else None,
        }
        name = chance.choice(list(methods))
        return methods[name], " ".join(f"{name}({one!r}, {other!r})".split())

    return make


def _small(value: Any) -> bool:
    """Whether it does not ask for more particles than there is time for."""
    return not isinstance(value, int | float) or not value > 100


def _simulation(chance: random.Random, folder: Path) -> tuple[Callable[[], Any], str]:
    given = {chance.choice(RECORDS[Galaxy]): chance.choice(VALUES)}
    options: dict[str, Any] = {chance.choice(["energy_range_GeV", "nside", "threads"]): chance.choice(VALUES)}

    def call() -> Any:
        galaxy = Galaxy(**({"bell": False, "halo": "constant"} | given))  # else a few short histories
        transport = Transport(particles=4, t_max_Myr=0.01)
        return simulate(galaxy, Spectrum(), transport, **({"energy_range_GeV": (1e5, 1e6)} | options))

    return call, f"simulate(Galaxy({given}), {options})"
