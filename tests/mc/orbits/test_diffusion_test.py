"""What is said of a measurement, and what is not."""

import numpy as np
import pytest
from crhalo.fields.turbulence.synthetic import Turbulence, kolmogorov, scale_invariant
from crhalo.fields.units import LARMOR_KPC
from crhalo.mc.orbits.diffusion_test import DiffusionTest, Running
from crhalo.mc.orbits.escape import Escape, Slab
from crhalo.mc.orbits.measure import RunningDiffusion

TURBULENCE = Turbulence(kolmogorov, (2e-5, 2e-2), 200, 1.0)
L_C = TURBULENCE.correlation_length_kpc


def case(free_path, H, ratio, D_error=0.01, time_error=0.01, late=0.0, inside=0):
    """A case whose measurements have come out as given; lengths in l_c, times over that of diffusion."""
    made = DiffusionTest(TURBULENCE, 1e6, Slab(H * L_C, 1.0, 1e3), 1000)
    D = free_path * L_C / 3.0
    known = np.array([1.0])
    found = RunningDiffusion(known, known, known, D, D_error * D, late * D, 0.001 * D)
    vars(made)["late"] = Running(found, None)
    time = ratio * made.diffusive.mean_Myr
    vars(made)["by_orbits"] = Escape([known], (time, time_error * time), (1.0, 0.1), inside, None)
    return made


@pytest.mark.parametrize(
    ("flag", "says", "measured"),
    [
        ("diffusive", "lambda = 0.04 H", {"free_path": 1.0, "H": 25.0, "ratio": 1.02}),
        ("diffusive", "1.050 +-", {"free_path": 1.0, "H": 25.0, "ratio": 1.05, "time_error": 0.03}),
        ("marginal", "1.050 +-", {"free_path": 1.0, "H": 25.0, "ratio": 1.05}),
        ("marginal", "lambda = 0.1 H", {"free_path": 2.5, "H": 25.0, "ratio": 1.0}),
        ("marginal", "H is only 15 l_c", {"free_path": 0.5, "H": 15.0, "ratio": 1.0}),
        ("ballistic", "lambda = 2 H", {"free_path": 50.0, "H": 25.0, "ratio": 0.7}),
        ("not converged", "+8%", {"free_path": 1.0, "H": 25.0, "ratio": 1.0, "late": 0.08}),
        ("not converged", "known too badly", {"free_path": 1.0, "H": 25.0, "ratio": 1.0, "D_error": 0.2}),
        ("not converged", "known too badly", {"free_path": 1.0, "H": 25.0, "ratio": 1.0, "time_error": 0.1}),
        ("not converged", "20 of 1000", {"free_path": 1.0, "H": 25.0, "ratio": 1.0, "inside": 20}),
        ("not converged", "known too badly", {"free_path": -1.0, "H": 25.0, "ratio": 1.0}),
    ],
)
def test_classification(flag, says, measured):
    found, reason = case(**measured).classification()
    assert found == flag and says in reason


def test_the_error_of_the_diffusive_time_knows_the_milne_layer():
    # (H + 0.71 lambda)^2/2D hardly depends on D where lambda is H.
    thick, thin = (case(free_path, 25.0, 1.0, D_error=0.1, time_error=1e-9) for free_path in (0.1, 25.0))
    assert thick.time_ratio[1] == pytest.approx(0.1, rel=0.01)
    assert thin.time_ratio[1] == pytest.approx(0.1 * (1 - 2 * 0.7104 / 1.7104), rel=0.01)


def test_measurements_do_not_share_seeds():
    one, other = (DiffusionTest(TURBULENCE, E, Slab(1.0, 1.0, 1e3), 160, 1) for E in (1e6, 2e6))
    seeds = {
        case.seed_of(purpose) for case in (one, other) for purpose in ("early", "late", "orbits", "hybrid")
    }
    assert len(seeds) == 8


def test_d_does_not_depend_on_how_weak_the_mean_field_is():
    # Steps follow the whole field: with a mean field of a hundredth of it D is that without one.
    p = L_C / LARMOR_KPC
    fields = (Turbulence(scale_invariant, (1e-3, 2e-2), 64, 1.0, mean) for mean in (0.0, 0.01))
    none, weak = (DiffusionTest(t, p, Slab(0.05, 1.0, 1e3), 320, 1, 2) for t in fields)
    D, D_error = none.D_kpc2_Myr
    along, error = weak.D_kpc2_Myr
    assert along == pytest.approx(D, abs=4.0 * np.hypot(error, D_error)) and error < 0.3 * D
