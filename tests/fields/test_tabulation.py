"""How far tables are off: of each quantity, told where it matters."""

import numpy as np
import pytest
from crhalo.fields.galaxy import Galaxy
from crhalo.fields.medium import Medium
from crhalo.fields.medium_table import Wall, axis
from crhalo.fields.tabulation import one_number_each, tabulation_error, unresolved

BALL_KPC = 5.0
QUANTITIES = {"D", "outflow", "divergence", "surface_kpc", "gas_disc", "gas_halo", "gas_cgm"}


def medium(**changes):
    """A ball with a wind behind its wall."""
    arguments = {
        "diffusion_halo": lambda p, R, z: 0.1 * p**0.5 + 0.0 * R * z,
        "surface": lambda R, z: np.hypot(R, z) - BALL_KPC,
        "outflow": lambda R, z: (1e-3 * R, 1e-3 * z),
        "divergence": lambda R, z: 3e-3 + 0.0 * R * z,
        "gas_disc": lambda R, z: np.exp(-R / 3.0 - z / 0.3),
        "gas_cgm": lambda R, z: 1.0 / (1.0 + R**2 + z**2),
        "R_axis": axis((12.0, 0.25)),
        "z_axis": axis((1.0, 0.05), (12.0, 0.25)),
        "r_max_kpc": 12.0,
        "wall": Wall.ONE_WAY,
    }
    return Medium.tabulate(**(arguments | changes))


def test_a_smooth_medium_is_resolved_in_all_its_tables():
    errors = tabulation_error(medium(), 3000)
    assert set(errors) == QUANTITIES
    numbers = one_number_each(errors)
    assert all(0.0 <= number < 0.02 for number in numbers.values())
    assert not unresolved(errors, BALL_KPC)


@pytest.mark.parametrize(
    ("quantity", "changes", "said"),
    [
        ("D", {"diffusion_halo": lambda p, R, z: p * np.exp(np.sin(9.0 * R) + 0.0 * z)}, "table of D is off"),
        (
            "outflow",
            {"outflow": lambda R, z: (1e-3 * R * (2.0 + np.sin(12.0 * z)), 1e-3 * z)},
            "table of outflow is off",
        ),
        (
            "divergence",
            {"divergence": lambda R, z: 1e-3 * (2.0 + np.sin(12.0 * R)) + 0.0 * z},
            "table of divergence is off",
        ),
        ("surface_kpc", {"surface": lambda R, z: z - 1.5 - np.sin(25.0 * R)}, "surface of the halo"),
        ("gas_disc", {"gas_disc": lambda R, z: 1.0 * (z < 0.02) + 0.0 * R}, "of gas_disc in the wrong place"),
        ("gas_halo", {"gas_halo": lambda R, z: 1.0 * (R < 0.4) + 0.0 * z}, "of gas_halo in the wrong place"),
        (
            "gas_cgm",
            {"gas_cgm": lambda R, z: 1.0 * (np.sin(20.0 * R) > 0) + 0.0 * z},
            "of gas_cgm in the wrong place",
        ),
    ],
)
def test_what_is_not_resolved_is_told_and_nothing_else_is(quantity, changes, said):
    made = medium(**changes)
    lines = unresolved(tabulation_error(made, 3000), made.table.thickness)
    assert len(lines) == 1 and said in lines[0], (quantity, lines)


def test_a_halo_that_moves_has_errors_of_its_own():
    moving = Galaxy(halo="constant", bell=False, waves_move=True, H_kpc=3.3, r_max_kpc=20.0).medium()
    errors = tabulation_error(moving, 3000)
    assert {"halo_flow", "halo_divergence"} <= set(errors) and not {"outflow", "divergence"} & set(errors)
    assert errors["halo_flow"]["p99"] < 0.01 and errors["surface_kpc"]["max"] < 1e-6


@pytest.mark.parametrize("R_d_kpc", [0.1, 0.5, 10.0])
def test_galaxies_of_the_papers_are_resolved(R_d_kpc):
    errors = tabulation_error(Galaxy(R_d_kpc=R_d_kpc, r_max_kpc=30.0).medium(), 3000)
    assert not unresolved(errors, 10.0)
    # Nodes a tenth of R_d apart smooth the rim over 5% of the gas; those of 0.25 kpc at 10 kpc over less.
    assert errors["gas_disc"]["misplaced"] < (0.02 if R_d_kpc == 10.0 else 0.06)
