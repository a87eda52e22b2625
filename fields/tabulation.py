"""How far the tables of a medium are from the functions that they were made from."""

from __future__ import annotations

import numpy as np

from .averages import places_in_cells
from .exceptions import UserError
from .medium import Medium
from .medium_table import MOMENTUM_NODES_GeV, Wall
from .units import FloatArray, speed_kpc_Myr

SAMPLES = 20_000
TOLERATED, TOLERATED_OF_GAS = 0.05, 0.1
"""Error in a hundredth of the volume, and share of a gas in the wrong place, that no run speaks of."""
# Largest error of the tabulated D in 99% of the volume that a function of the user's own may have.
_REFUSED = 0.3
# Errors of what passes through zero are over this part of its largest value, at least.
_LEAST = 1e-2
_RAYS, _POINTS, _HALVINGS = 181, 2001, 40


def tabulation_error(medium: Medium, samples: int = SAMPLES, seed: int = 0) -> dict[str, dict[str, float]]:
    """Errors of all that is tabulated, against the functions it came from.

    Returns
    -------
    dict of dict
        "D"; "outflow" and "divergence" where there is a Bell region, "halo_flow" and "halo_divergence" where
        the halo moves: {"median", "p99", "max"} of the relative error at random places (and momenta), each
        place on its own side of the surface. "surface_kpc": the same of the distance between the tabulated
        surface and the true one. "gas_disc", "gas_halo", "gas_cgm": {"misplaced"}, the share of that gas on
        its side of the surface which the table has elsewhere.
    """
    errors = {"D": _errors_of_D(medium, samples, seed)[-1], **_errors_of_flows(medium, samples, seed)}
    off_kpc = _surface_off_kpc(medium)
    if off_kpc.size:
        errors["surface_kpc"] = off_kpc
    return {name: _statistics(each) for name, each in errors.items()} | {
        name: {"misplaced": share} for name, share in _misplaced(medium).items()
    }


def one_number_each(errors: dict[str, dict[str, float]]) -> dict[str, float]:
    """Of each quantity of `tabulation_error`: what 99% of the errors are below, or the misplaced share."""
    return {name: each["misplaced" if name.startswith("gas") else "p99"] for name, each in errors.items()}


def unresolved(errors: dict[str, dict[str, float]], thickness_kpc: float) -> list[str]:
    """A line for each quantity of `tabulation_error` that the table does not resolve."""
    found = []
    for name, error in one_number_each(errors).items():
        if name == "surface_kpc":
            if error > TOLERATED * thickness_kpc:
                found.append(f"the table has the surface of the halo {error:.2g} kpc off its place")
        elif name.startswith("gas"):
            if error > TOLERATED_OF_GAS:
                found.append(f"the table has {error:.0%} of {name} in the wrong place: its edges are sharp")
        elif error > TOLERATED:
            found.append(f"the table of {name} is off by {error:.0%} in a hundredth of the volume")
    return found


def check_tabulation(medium: Medium, name: str) -> None:
    """Refuse functions that the nodes of the table do not resolve.

    Raises
    ------
    UserError
        If D is off by more than 30% in a hundredth of the volume: where it is worst. `name` is that of the
        function to blame.
    """
    p, R, z, error = _errors_of_D(medium, SAMPLES, 0)
    if np.quantile(error, 0.99) > _REFUSED:
        worst = int(np.argmax(error))
        raise UserError(
            f"{name}: cannot be tabulated: between the nodes D is off by {error[worst]:.0%} at p = "
            f"{p[worst]:.3g} GeV/c, R = {R[worst]:.3g} kpc, z = {z[worst]:.3g} kpc; expected a function "
            "that changes little within a quarter of a kpc"
        )


def _statistics(error: FloatArray) -> dict[str, float]:
    return {
        "median": float(np.median(error)),
        "p99": float(np.quantile(error, 0.99)),
        "max": float(error.max()),
    }


def _random_places(medium: Medium, rng: np.random.Generator, samples: int) -> tuple[FloatArray, FloatArray]:
    """(R, |z|), half of them where the structure is: near the plane and inside the surface."""
    R_max, z_max = medium.table.R.nodes[-1], medium.table.z.nodes[-1]
    inner = rng.random(samples) < 0.5
    scale = np.abs(medium.table.distance[0, 0])
    R = rng.random(samples) * np.where(inner, min(2 * scale, R_max), R_max)
    z = rng.random(samples) * np.where(inner, min(scale, z_max), z_max)
    return R, z


def _errors_of_D(
    medium: Medium, samples: int, seed: int
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Momenta, R, |z| and |D_table/D - 1| there, at random."""
    rng, table = np.random.default_rng(seed), medium.table
    R, z = _random_places(medium, rng, samples)
    p = np.exp(rng.uniform(np.log(MOMENTUM_NODES_GeV[0]), np.log(MOMENTUM_NODES_GeV[-1]), samples))
    inside = medium.distance_kpc(R, z) < 0
    exact = np.where(inside, medium.diffusion_halo(p, R, z), medium.diffusion_bell(p, R, z))
    position = (np.log(p) - table.ln_p0) * table.inverse_dln_p
    low = np.clip(position.astype(int), 0, len(MOMENTUM_NODES_GeV) - 2)
    fraction = position - low
    index = np.arange(samples)
    halo = medium.interpolated(np.moveaxis(table.ln_D_over_v_halo, 0, -1), R, z)
    bell = medium.interpolated(np.moveaxis(table.ln_D_over_v_bell, 0, -1), R, z)
    chosen = np.where(inside[:, None], halo, bell)
    ln_D = chosen[index, low] * (1 - fraction) + chosen[index, low + 1] * fraction
    return p, R, z, np.abs(np.exp(ln_D) * speed_kpc_Myr(p) / exact - 1.0)


def _errors_of_flows(medium: Medium, samples: int, seed: int) -> dict[str, FloatArray]:
    """Relative errors of velocities and their divergences, each on its own side."""
    table, functions = medium.table, medium.functions
    R, z = _random_places(medium, np.random.default_rng(seed), samples)
    inside = medium.distance_kpc(R, z) < 0
    sides = []
    if table.wall in (Wall.TWO_WAY, Wall.ONE_WAY) and "outflow" in functions:
        behind = ~inside & (np.hypot(R, z) < table.bell_outer_radius)
        sides.append((behind, table.outflow, "outflow", "divergence"))
    if table.halo_moves:
        sides.append((inside, table.halo_flow, "halo_flow", "halo_divergence"))
    errors = {}
    for here, tabulated, flow, divergence in sides:
        at = R[here], z[here]
        u_R, u_z, expansion = medium.interpolated(tabulated, *at).T
        exact_R, exact_z = functions[flow](*at)
        errors[flow] = _relative(np.hypot(u_R - exact_R, u_z - exact_z), np.hypot(exact_R, exact_z))
        exact = functions[divergence](*at)
        errors[divergence] = _relative(np.abs(expansion - exact), np.abs(exact))
    return errors


def _relative(error: FloatArray, size: FloatArray) -> FloatArray:
    largest = float(np.max(size, initial=0.0))
    return np.asarray(error / np.maximum(size, max(_LEAST * largest, 1e-300)))


def _misplaced(medium: Medium) -> dict[str, float]:
    """Share of each gas that the table has in another place than its function, on its side of the surface."""
    R, width = places_in_cells(medium.table.R.nodes, parts=1)
    z, height = places_in_cells(medium.table.z.nodes, parts=1)
    R, z = R.ravel()[:, None], z.ravel()
    volume = (width.ravel() * R[:, 0])[:, None] * height.ravel()
    inside = medium.distance_kpc(R, z) < 0
    tabulated = medium.interpolated(medium.table.gas, R, z)
    shares = {}
    for i, name in enumerate(("gas_disc", "gas_halo", "gas_cgm")):
        weight = volume * (inside != (name == "gas_cgm"))
        exact = medium.functions[name](R, z)
        mass = float((weight * exact).sum())
        shares[name] = 0.5 * float((weight * np.abs(tabulated[..., i] - exact)).sum()) / mass if mass else 0.0
    return shares


def _surface_off_kpc(medium: Medium) -> FloatArray:
    """Distance of the tabulated surface from where rays from the centre first meet the true one."""
    level, r_max = medium.functions["surface"], medium.table.r_max
    angle = np.linspace(0.0, 0.5 * np.pi, _RAYS)[:, None]
    r = np.linspace(0.0, r_max, _POINTS)
    outside = np.broadcast_to(level(r * np.cos(angle), r * np.sin(angle)) >= 0, (_RAYS, _POINTS))
    first = outside.argmax(axis=1)
    met = first > 0
    angle, low, high = angle[met, 0], r[first[met] - 1], r[first[met]]
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        beyond = level(middle * np.cos(angle), middle * np.sin(angle)) >= 0
        low, high = np.where(beyond, low, middle), np.where(beyond, middle, high)
    return np.abs(medium.distance_kpc(low * np.cos(angle), low * np.sin(angle)))
