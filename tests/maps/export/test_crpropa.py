"""Grids for CRPropa and from it, by the layout that it documents: z fastest, three float32 a cell."""

import json

import numpy as np
import pytest
from crhalo.fields.exceptions import UserError
from crhalo.fields.field_lines import norm
from crhalo.fields.galaxy import Galaxy
from crhalo.fields.turbulence.synthetic import grid_field, kolmogorov
from crhalo.fields.vectors import magnetic_field
from crhalo.maps.export.crpropa import (
    VectorGrid,
    as_turbulence,
    halo_on_grid,
    read_crpropa_grid,
    turbulence_on_grid,
    write_crpropa_grid,
)


def read_as_crpropa(path, cells):
    """Cell by cell, as loops over x, y and z read it."""
    raw, found, at = path.read_bytes(), np.empty((*cells, 3)), 0
    for i in range(cells[0]):
        for j in range(cells[1]):
            for k in range(cells[2]):
                found[i, j, k] = np.frombuffer(raw, "<f4", 3, at)
                at += 12
    assert at == len(raw)
    return found


def test_numbers_are_where_crpropa_looks_for_them(tmp_path):
    B = np.random.default_rng(1).normal(size=(3, 4, 5, 3)).astype(np.float32)
    grid = VectorGrid(B, (-1.0, 0.0, 2.0), 0.5)
    write_crpropa_grid(grid, tmp_path / "B.dat")
    np.testing.assert_allclose(read_as_crpropa(tmp_path / "B.dat", (3, 4, 5)), 1e-6 * B, rtol=1e-6)
    again = read_crpropa_grid(tmp_path / "B.dat")
    np.testing.assert_allclose(again.B_uG, B, rtol=1e-6)
    assert again[1:] == grid[1:] and json.loads((tmp_path / "B.dat.json").read_text())["unit"] == "Gauss"


def test_the_halo_field_is_that_of_the_galaxy():
    galaxy = Galaxy(field="x-shaped")
    grid = halo_on_grid(galaxy.lines.field, 20.0, 8)
    x = -10.0 + 2.5 * (np.arange(8) + 0.5)
    size = np.linalg.norm(grid.B_uG, axis=-1)
    R, z = np.broadcast_arrays(np.hypot(x[:, None, None], x[:, None]), np.abs(x))
    known = norm(*galaxy.lines.field(R, z))
    np.testing.assert_allclose(size, known, rtol=1e-5)
    # B_R changes its sign through the plane, B_z does not.
    np.testing.assert_allclose(grid.B_uG[..., 2], grid.B_uG[:, :, ::-1, 2], rtol=1e-6)
    B_R, _, _ = galaxy.lines.field(np.array([x[6]]), np.array([x[5]]))
    along = grid.B_uG[6, 4, 5] @ [x[6], x[4], 0.0] / np.hypot(x[6], x[4])
    known_R = galaxy.lines.field(np.array([np.hypot(x[6], x[4])]), np.array([x[5]]))[0][0]
    assert along == pytest.approx(known_R, rel=1e-5) and B_R.shape == (1,)


def test_turbulence_out_and_in_is_the_same_field(tmp_path):
    cube = grid_field(kolmogorov, (0.25, 1.0), 16, 1.0, 3.0, 1)
    write_crpropa_grid(turbulence_on_grid(cube), tmp_path / "turbulence.dat")
    again = as_turbulence(read_crpropa_grid(tmp_path / "turbulence.dat"))
    assert again.inverse_box == pytest.approx(1.0)
    for place in ((0.1, 0.2, 0.3), (0.77, 1.4, -0.2)):
        np.testing.assert_allclose(
            magnetic_field(again, *place), magnetic_field(cube, *place), rtol=1e-5, atol=1e-6
        )


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda path: read_crpropa_grid(path), "with its .json, or with cells"),
        (lambda path: read_crpropa_grid(path, (2, 2, 2), 0.1), "12 numbers; allowed: 3 for each"),
        (lambda path: as_turbulence(read_crpropa_grid(path, (1, 2, 2), 0.1)), "allowed: a cube"),
        (lambda path: halo_on_grid(Galaxy(field="x-shaped").lines.field, 1.0, 1000), "1 to 512"),
    ],
)
def test_what_cannot_be_is_refused(make, why, tmp_path):
    np.zeros(12, "<f4").tofile(tmp_path / "bare.dat")
    with pytest.raises(UserError, match=why):
        make(tmp_path / "bare.dat")
