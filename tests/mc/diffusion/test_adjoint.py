"""Importance against closed forms, its sensitivities against the equation solved anew; and broken twins."""

from dataclasses import replace

import numpy as np
import pytest
from crhalo.fields.galaxy import Galaxy
from crhalo.fields.medium import Medium
from crhalo.fields.medium_table import Wall, axis
from crhalo.fields.units import speed_kpc_Myr
from crhalo.mc.coupled.waves import round_cells
from crhalo.mc.diffusion import adjoint as module
from crhalo.mc.diffusion.adjoint import adjoint
from crhalo.mc.diffusion.faces import Slopes, slopes
from crhalo.mc.diffusion.finite_volumes import Cells
from crhalo.mc.diffusion.solve import Losses, solve
from crhalo.mc.spectrum import Spectrum

D, H = 0.4, 4.0
SPECTRUM = Spectrum(slope=2.2, E_max_GeV=1e12)
EDGES = np.geomspace(10.0, 1e3, 13)
R_D = 10.0
STEP = 1e-3


class Varied(Cells):
    """Cells with other D, or another flow through their faces."""

    def diffusion_kpc2_Myr(self, p_GeV, speed=1.0):
        return self.__dict__.get("scale", 1.0) * super().diffusion_kpc2_Myr(p_GeV, speed)


def varied(cells, ln_D=0.0, ln_u=0.0):
    found = Varied(cells.medium, cells.R_edges_kpc, cells.z_edges_kpc)
    found.__dict__["scale"] = np.exp(ln_D)
    found.__dict__["faces"] = tuple(
        replace(f, u_low=f.u_low * np.exp(ln_u), u_high=f.u_high * np.exp(ln_u)) for f in cells.faces
    )
    return found


def slab(loss=0.0):
    medium = Medium.tabulate(
        diffusion_halo=lambda p, R, z: D + 0.0 * p * R * z,
        surface=lambda R, z: z - H + 0.0 * R,
        gas_disc=lambda R, z: 1.0 + 0.0 * R * z,
        loss_rate=lambda p: loss + 0.0 * p,
        R_axis=axis((20.0, 1.0)),
        z_axis=axis((8.0, 0.25)),
        r_max_kpc=100.0,
        wall=Wall.ABSORBING,
    )
    return Cells(medium, np.array([0.0, 1.0]), np.linspace(0.0, H, 33))


@pytest.fixture(scope="module")
def galaxy():
    """The whole of a galaxy with a Bell region, losses and a flow: cells and their solution."""
    galaxy = Galaxy(delta_G=100.0, R_d_kpc=R_D, outflow_recipe="momentum")
    cells = round_cells(galaxy.medium(), galaxy)
    return cells, solve(cells, EDGES, SPECTRUM, R_D)


def light(solution):
    """Of the gas outside, and of a ring of the disc, by protons of several energies."""
    cells, response = solution.cells, np.zeros(solution.protons_kpc3.shape)
    R, z = cells.centres_kpc
    response[3:7] = cells.gas_cm3[:, 2] * cells.volume_kpc3 / np.maximum(np.hypot(R, z), 8.0) ** 2
    response[5] += 1e-3 * (np.abs(R - 8.0) < 1.0) * (z < 0.1)
    return response


@pytest.fixture(scope="module")
def found(galaxy):
    return adjoint(galaxy[1], SPECTRUM, light(galaxy[1]))


def sum_over_sources(found):
    released = found.losses.injected_Myr[:, None] * found.solution.cells.shares(R_D)
    return (found.importance_Myr * released).sum()


# -- importance ----------------------------------------------------------------------------


def test_importance_of_all_sources_is_the_observable(found):
    assert sum_over_sources(found) == pytest.approx(found.observable, rel=1e-10)
    assert (found.importance_Myr >= 0.0).all()
    assert not found.importance_Myr[:3].any(), "no proton gains energy here"


class AsItIs:
    """A twin: the matrix is not transposed."""

    def __init__(self, matrix, **options):
        self.inverse = original(matrix, **options)

    def solve(self, right, trans="N"):
        return self.inverse.solve(right)


original = module.splu
falls = Losses.kpc3_Myr


def falls_nowhere(self, bin, density):
    """A twin: what loses energy is gone, as if it did not arrive in the bin below."""
    leaving, gained = falls(self, bin, density)
    return 0.0 * leaving, gained - leaving


@pytest.mark.parametrize(
    ("place", "name", "broken"), [(module, "splu", AsItIs), (Losses, "kpc3_Myr", falls_nowhere)]
)
def test_a_broken_adjoint_is_seen(found, monkeypatch, place, name, broken):
    monkeypatch.setattr(place, name, broken)
    wrong = adjoint(found.solution, SPECTRUM, found.response)
    assert abs(sum_over_sources(wrong) / wrong.observable - 1.0) > 1e-3


def end_kpc(found, bin):
    """Where the density of a slab would be zero: 0.71 mean free paths outside (Milne)."""
    return H + 3.0 * 0.7104461 * D / float(speed_kpc_Myr(found.losses.p_GeV[bin]))


def test_the_midplane_of_a_slab_falls_linearly():
    """n(0) of a proton released each Myr at z is (1 - z/H) H/(2 D) over the area, H where n would be zero."""
    cells = slab()
    solution = solve(cells, EDGES, SPECTRUM, 1.0)
    response = np.zeros(solution.protons_kpc3.shape)
    response[3, 0] = 1.0
    found = adjoint(solution, SPECTRUM, response)
    psi, end = found.importance_Myr, end_kpc(found, 3)
    np.testing.assert_allclose(psi[3], (end - cells.z_kpc) / (2 * D * np.pi), rtol=1e-9)
    assert not psi[2].any() and not psi[4].any()


def test_the_midplane_of_a_slab_with_losses_falls_as_sinh():
    """Those that lose energy at a rate b are gone from the bin: sinh((H - z) k)/cosh(H k), k^2 = b/(w D)."""
    cells, loss = slab(loss=0.02), 0.02
    solution = solve(cells, EDGES, SPECTRUM, 1.0)
    response = np.zeros(solution.protons_kpc3.shape)
    response[-1, 0] = 1.0
    psi = adjoint(solution, SPECTRUM, response)
    width = psi.losses.width[-1]
    k = np.sqrt(loss * np.exp(0.5 * width) / width / D)  # the slope at the top is 1
    end = end_kpc(psi, -1)
    known = np.sinh((end - cells.z_kpc) * k) / np.cosh(end * k) / (2 * D * k * np.pi)
    np.testing.assert_allclose(psi.importance_Myr[-1], known, rtol=5e-3)


# -- sensitivity ---------------------------------------------------------------------------


def difference(found, **by):
    """d ln(observable) by central differences of the equation solved anew."""
    cells, values = found.solution.cells, []
    for sign in (1.0, -1.0):
        other = varied(cells, **{key: sign * STEP * value for key, value in by.items()})
        values.append((found.response * solve(other, EDGES, SPECTRUM, R_D).protons_kpc3).sum())
    return np.log(values[0] / values[1]) / (2 * STEP)


def regions(cells):
    R, z = cells.centres_kpc
    inside = cells.inside[cells.used]
    one = np.zeros((2, cells.count))
    one[0, np.argmin(np.hypot(R - 8.0, z - 1.0))] = 1.0
    one[1, np.argmin(np.hypot(R - 20.0, z - 20.0))] = 1.0
    return [inside, ~inside, inside & (z < 1.0), ~inside & (z > R), *one]


@pytest.fixture(scope="module")
def differences(found):
    """By ln D of each region, and by ln u."""
    by_D = [difference(found, ln_D=where) for where in regions(found.solution.cells)]
    return by_D, difference(found, ln_u=1.0)


def check_D(found, differences):
    by_cell = found.sensitivity_to_D.sum(axis=0)
    for where, known in zip(regions(found.solution.cells), differences[0], strict=True):
        assert by_cell @ where == pytest.approx(known, rel=0.01)


def check_u(found, differences):
    assert found.sensitivity_to_flow.sum() == pytest.approx(differences[1], rel=0.01)


def test_sensitivity_to_D_is_that_of_the_equation(found, differences):
    check_D(found, differences)


def test_sensitivity_to_the_flow_is_that_of_the_equation(found, differences):
    check_u(found, differences)
    assert abs(differences[1]) > 0.01


def of_neighbours(f, D, escape):
    """A twin: D on the other side of the face."""
    by = slopes(f, D, escape)
    return Slopes(by.D_high, by.D_low, by.u)


def of_diffusion(f, D, escape):
    """A twin: the diffusive part of the fluxes for that of the flow."""
    by = slopes(f, D, escape)
    return Slopes(by.D_low, by.D_high, tuple(a + b for a, b in zip(by.D_low, by.D_high, strict=True)))


@pytest.mark.parametrize(("check", "broken"), [(check_D, of_neighbours), (check_u, of_diffusion)])
def test_broken_slopes_are_seen(found, differences, monkeypatch, check, broken):
    monkeypatch.setattr(module, "slopes", broken)
    with pytest.raises(AssertionError):
        check(adjoint(found.solution, SPECTRUM, found.response), differences)


def test_losses_of_the_flow_are_seen(found, differences, monkeypatch):
    """A twin: what the divergence of the flow takes is left out."""
    monkeypatch.setattr(module.Adjoint, "_of_expansion", np.zeros(found.solution.cells.count))
    with pytest.raises(AssertionError):
        check_u(adjoint(found.solution, SPECTRUM, found.response), differences)


def test_steps_of_D_and_u_scale_the_fluxes(galaxy):
    """Fluxes between cells are of the first degree in D and u: their derivatives add up to them."""
    from crhalo.mc.diffusion.faces import conductances

    at_once = 1e20  # kpc/Myr, that nothing else has a say in what leaves for good
    cells = galaxy[0]
    for f in cells.faces:
        values = cells.diffusion_kpc2_Myr(100.0)
        by = slopes(f, values, at_once)
        for i, flux in enumerate(conductances(f, values, at_once)):
            total = by.D_low[i] + by.D_high[i] + by.u[i]
            np.testing.assert_allclose(total, flux, rtol=1e-9, atol=1e-12 * flux.max())


def test_lines_and_other_shapes_are_refused(galaxy, found):
    with pytest.raises(ValueError, match="response of shape"):
        adjoint(galaxy[1], SPECTRUM, found.response[:3])
    lines = Galaxy(field="tube", halo="constant", bell=False).medium()
    cells = Cells(lines, np.linspace(0.0, 10.0, 6), np.linspace(0.0, 4.0, 5))
    guided = replace(galaxy[1], cells=cells)
    with pytest.raises(ValueError, match="field lines"):
        adjoint(guided, SPECTRUM, found.response)
