"""The figure of importance: which lines it draws, and its scales."""

import numpy as np
import pytest
from crhalo.maps.figures.page import save
from crhalo.maps.figures.transport_equation.importance import importance
from matplotlib.colors import LogNorm

R, Z = np.linspace(0.0, 20.0, 11), np.append(0.0, np.geomspace(0.1, 20.0, 10))


def maps(steep=False):
    middle = 0.5 * (R[1:] + R[:-1])[:, None]
    psi = 20.0 * np.exp(-middle) + 0.0 * Z[1:] if steep else np.ones((10, 10))
    even = np.minimum(R / 10.0, 1.0) ** 2
    return {
        "R_edges_kpc": R, "z_edges_kpc": Z, "used": np.hypot(middle, Z[1:]) < 20.0,
        "inside": (middle < 12.0) & (Z[1:] < 8.0), "importance": psi, "energy_GeV": 1e5,
        "within": {1e4: even, 1e5: np.sqrt(even) if steep else even}, "all": even, "released": even,
        "half_kpc": 7.07, "sensitivity": -psi / 100.0, "of_D": {"halo": 0.001, "outside": -0.95},
        "title": "Neutrinos",
    }  # fmt: skip


@pytest.mark.parametrize("steep", [False, True])
def test_even_importance_is_drawn_as_such(steep, tmp_path):
    figure = importance(maps(steep))
    save(figure, tmp_path / "importance.png")
    left, middle, right = figure.axes[:3]
    names = [text.get_text() for text in middle.get_legend().get_texts()]
    assert ("released at 10 TeV" in names) == steep and names[-2:] == ["all energies", "sources"]
    assert isinstance(left.collections[0].norm, LogNorm) == steep
    said = right.texts[0].get_text()
    assert "halo: 0.00" in said and "outside: \N{MINUS SIGN}0.95" in said
    assert (tmp_path / "importance.png").stat().st_size > 20_000
