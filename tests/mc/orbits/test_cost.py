"""What is refused before it runs, and why."""

import math

import pytest
from crhalo.fields.turbulence.synthetic import Turbulence, kolmogorov, scale_invariant
from crhalo.fields.units import LARMOR_KPC
from crhalo.mc.orbits.cost import estimate_cost, refusal

TURBULENCE = Turbulence(kolmogorov, (1e-5, 1e-2), 300, 1.0)
L_C = TURBULENCE.correlation_length_kpc


def cost(over, turbulence=TURBULENCE, H=0.03, particles=100):
    return estimate_cost(turbulence, over * L_C / LARMOR_KPC, H, particles)


def test_what_is_affordable_is_not_refused():
    found = cost(1.0)
    assert refusal([found], TURBULENCE) is None
    assert found.larmor_radius_kpc == pytest.approx(L_C, rel=1e-6)
    assert found.step_kpc == pytest.approx(0.1 * L_C, rel=1e-6)
    assert found.modes_per_decade == pytest.approx(100.0)


@pytest.mark.parametrize(("modes", "bias"), [(64, 0.67), (128, 0.22), (250, 0.09)])
def test_bias_of_few_modes(modes, bias):
    found = cost(5.0, Turbulence(kolmogorov, (1e-5, 1e-2), modes, 1.0))
    assert found.bias == pytest.approx(bias, abs=0.02)


@pytest.mark.parametrize(
    ("quantity", "over", "changes"),
    [
        ("energies", 0.005, {}),
        ("energies", 0.05, {"H": 1.0, "particles": 10**6}),
        ("H", 5.0, {"H": 1e-4}),
        ("modes", 5.0, {"turbulence": Turbulence(kolmogorov, (1e-5, 1e-2), 64, 1.0)}),
    ],
)
def test_refusals_name_the_quantity(quantity, over, changes):
    turbulence = changes.get("turbulence", TURBULENCE)
    name, why = refusal([cost(1.0), cost(over, **changes)], turbulence)
    assert name == quantity and "allowed: " in why and "\n" not in why


def test_the_cost_is_of_all_energies_and_of_the_tracks_too():
    one = cost(1.0, particles=20_000)
    many = [one] * math.ceil(3.0 / one.core_hours)
    assert refusal([one], TURBULENCE) is None
    assert refusal(many, TURBULENCE)[0] == "energies"
    # Far above l_c the way out is short, and the tracks that D is measured on are long.
    straight = cost(30.0)
    assert straight.track_kpc > 100.0 * straight.way_out_kpc
    assert straight.steps * straight.step_kpc == pytest.approx(
        100 * (straight.way_out_kpc + straight.track_kpc)
    )


def test_a_weak_mean_field_does_not_make_steps_long():
    weak = Turbulence(kolmogorov, (1e-5, 1e-2), 300, 1.0, 0.01)
    assert cost(1.0, weak).step_kpc <= 0.1 * L_C


def test_a_mean_field_asks_for_no_more_modes():
    slab = Turbulence(scale_invariant, (1e-4, 1e-2), 32, 0.1, 1.0, "slab")
    assert cost(5.0, slab).bias == 0.0
