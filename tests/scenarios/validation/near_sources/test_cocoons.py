"""Known answers of many sources notice what is broken."""

from dataclasses import replace

import pytest
from crhalo.maps.light.near_sources import cocoons as light
from crhalo.scenarios.validation.near_sources import cocoons as checks

DRAWN, POINTS = light.SourcePopulation.drawn, light._points


def higher(population, rng, oldest_Myr):
    return DRAWN(replace(population, height_kpc=1.5), rng, oldest_Myr)


def more(population, rng, oldest_Myr):
    return DRAWN(replace(population, per_Myr=1.05 * population.per_Myr), rng, oldest_Myr)


def as_one_over_d(*given):
    pixel, weight, distance = POINTS(*given)
    return pixel, weight * distance, distance


def without_the_second_side(shape, part, points, nside, rng):
    pixel, weight, distance = POINTS(shape, part, points, nside, rng)
    weight[weight.size // 2 :] = 0.0
    return pixel, weight, distance


def failing(rows):
    return {one["name"] for one in rows if not one["passed"]}


def test_known_answers():
    assert not failing(checks.light_of_a_life(1.0)) and not failing(checks.flux_of_many_sources(0.5))


@pytest.mark.parametrize(
    ("broken", "name"),
    [
        (higher, "mean flux"),
        (more, "mean flux"),
    ],
)
def test_sources_in_other_places_are_seen(broken, name, monkeypatch):
    monkeypatch.setattr(light.SourcePopulation, "drawn", broken)
    assert any(each.startswith(name) for each in failing(checks.flux_of_many_sources(0.5)))


@pytest.mark.parametrize("broken", [as_one_over_d, without_the_second_side])
def test_light_that_is_lost_is_seen(broken, monkeypatch):
    monkeypatch.setattr(light, "_points", broken)
    assert any(each.startswith("flux on the maps") for each in failing(checks.flux_of_many_sources(0.2)))


def test_gas_in_one_half_is_seen(monkeypatch):
    of = light.tube_emissivity
    monkeypatch.setattr(light, "tube_emissivity", lambda *given: 0.95 * of(*given))
    assert failing(checks.light_of_a_life(1.0))
