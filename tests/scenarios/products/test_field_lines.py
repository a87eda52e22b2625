"""The figure of field lines: a product of runs that have some, which shows lines up to the surface."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from contracts import FEW, ProductContract
from crhalo.fields.field_lines import lines_in_half_plane
from crhalo.maps.figures.field_lines import field_lines as drawn
from crhalo.scenarios import load
from crhalo.scenarios.products import field_lines, registry
from crhalo.scenarios.run import Run, make_run

FIELD = ["medium.field=x-shaped", "medium.epsilon=0.01"]
SHORT = ["transport.particles=16", "transport.t_max=1 Myr"]


@pytest.fixture(scope="module")
def x_shaped():
    return make_run(load("circumgalactic").with_overrides([*FEW, *FIELD, *SHORT]), 1)


class TestFieldLines(ProductContract):
    PRODUCT, FILES = field_lines.PRODUCT, {"field_lines.png"}

    @pytest.fixture
    def run(self, x_shaped):
        return x_shaped


def test_runs_with_lines_alone_have_it():
    for changes, has in ((FIELD, True), ([], False)):
        run = Run(load("circumgalactic").with_overrides(changes), None, None, None)
        assert (field_lines.PRODUCT in registry.products_of(run)) is has


def test_lines_end_at_the_surface_and_panels_say_what_they_show(x_shaped):
    galaxy, medium = x_shaped.galaxy, x_shaped.medium
    figure = x_shaped.figures.field_lines()
    left, middle, right = figure.axes[:3]
    assert left.get_title() == "Field strength" and middle.get_title() == "Angle to the azimuth"
    assert "dashed" in right.get_title()
    lines = [line.get_xydata().T for line in left.lines[:-1]]
    assert len(lines) == 12
    for R, z in lines:
        R_1 = R / (1.0 + (z / galaxy.z_open_kpc) ** 2)
        np.testing.assert_allclose(R_1, R[0], rtol=2e-3)
        assert -0.1 < medium.distance_kpc(R[-1:], z[-1:])[0] < 0.01
    plt.close(figure)


def test_what_is_nothing_is_left_out():
    """Circles have no line in the half-plane, and no angle."""
    R, z = np.linspace(0.0, 9.0, 5), np.linspace(0.0, 4.0, 4)
    ones, none = np.ones((5, 4)), np.zeros((5, 4))
    panels = [("B", "uG", ones), ("angle", "deg", none), ("way", "kpc", ones)]
    figure = drawn(R, z, panels, [], contours=("steep", none))
    assert [axes.get_title() for axes in figure.axes[:2]] == ["B", "way"] and len(figure.axes) == 4


def test_circles_leave_no_lines(x_shaped):
    circles = x_shaped.galaxy.lines._replace(field=lambda R, z: (0.0 * R, 1.0 + 0.0 * R, 0.0 * R))
    assert lines_in_half_plane(circles, [1.0, 5.0], lambda R, z: z < 4.0) == []
