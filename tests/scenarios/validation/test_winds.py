"""Known answers of winds, and that each sees the code broken."""

import importlib
import inspect
from pathlib import Path

import numpy as np
import pytest
from crhalo.fields.disc.gravity import GalacticPotential
from crhalo.fields.exceptions import NotConverged
from crhalo.fields.units import KPC_MYR_KM_S
from crhalo.mc.coupled.wind_base import NoWind
from crhalo.scenarios.validation.winds import known_answers
from nightly.wind_twins import WIND_TWINS

ROOT = Path(known_answers.__file__).parents[3]
CHECKS = (
    known_answers.bernoulli_of_winds,
    known_answers.energy_of_winds,
    known_answers.parkers_wind,
    known_answers.protons_of_winds,
    known_answers.particles_of_winds,
)


@pytest.fixture(autouse=True)
def forgotten():
    """What a broken twin finds is not kept."""
    yield
    known_answers._wind.cache_clear()
    known_answers._driven.cache_clear()


@pytest.mark.parametrize("check", CHECKS)
def test_known_answers(check):
    rows = check(1.0)
    assert rows and all(row["passed"] for row in rows), [row for row in rows if not row["passed"]]


@pytest.mark.parametrize("twin", WIND_TWINS, ids=lambda twin: twin[0])
def test_a_broken_twin_fails(twin, monkeypatch):
    """A twin that finds no wind at all, or numbers that are none, has failed as well."""
    _, file, changes, check, failing = twin
    source = (ROOT / file).read_text()
    for right, wrong in changes:
        assert source.count(right) == 1
        source = source.replace(right, wrong)
    module = importlib.import_module(f"crhalo.{file[:-3].replace('/', '.')}")
    broken = {"__name__": module.__name__, "__package__": module.__package__, "__file__": module.__file__}
    exec(compile(source, file, "exec"), broken)
    for name, each in vars(module).items():
        if inspect.isclass(each) and each.__module__ == module.__name__:
            for method, function in vars(broken[name]).items():
                if inspect.isfunction(function):
                    monkeypatch.setattr(each, method, function)
        elif inspect.isfunction(each) and each.__module__ == module.__name__:
            monkeypatch.setattr(each, "__code__", broken[name].__code__)
    known_answers._wind.cache_clear()
    known_answers._driven.cache_clear()
    try:
        rows = getattr(known_answers, check)(1.0)
    except (NoWind, NotConverged):
        return
    assert any(row["name"].startswith(failing) and not row["passed"] for row in rows)


def test_the_potential_is_that_of_the_paper():
    """Bovy (2015): masses of Table 1, and the escape speed at 8 kpc that his code galpy has for it."""
    galaxy = GalacticPotential()
    G = 4.30091e-6 / KPC_MYR_KM_S**2  # kpc^3/Myr^2/Msun
    bulge, disc, _ = galaxy._strengths
    assert bulge / G == pytest.approx(0.5e10, rel=0.11) and disc / G == pytest.approx(6.8e10, rel=0.01)
    escape = np.sqrt(-2.0 * galaxy.potential_kpc2_Myr2(8.0, 0.0)) * KPC_MYR_KM_S / 220.0
    assert escape == pytest.approx(2.3316389848832784, rel=1e-8)
    z = np.array([0.01, 0.3, 2.0, 30.0, 300.0])
    step = 1e-4 * z
    high, low = (galaxy.potential_kpc2_Myr2(8.178, z + side * step) for side in (1.0, -1.0))
    np.testing.assert_allclose(
        (high - low) / (2.0 * step), galaxy.vertical_gravity_kpc_Myr2(8.178, z), rtol=1e-6
    )
