"""The figure of circumgalactic light that local data allow."""

import numpy as np
import pytest
from crhalo.maps.figures.limits import limits_figure
from crhalo.maps.figures.page import save
from crhalo.mc.uncertainty import Estimate


def medium(outflow, delta_G, allowed, z_B=1.0, error=0.2):
    found = {"outflow": outflow, "delta_G": delta_G, "allowed": allowed}
    for name, E in (("neutrino", np.geomspace(1e2, 1e6, 13)), ("gamma", np.geomspace(10.0, 1e5, 13))):
        value = 1e-11 * z_B * delta_G * E**-0.3
        found[name] = Estimate(value, error * value, E)
    return found


MEDIA = [
    *(medium("alfven", delta_G, False, error=np.nan) for delta_G in (1.0, 10.0, 100.0)),
    *(medium("momentum", delta_G, delta_G < 50, z_B) for delta_G in (1.0, 10.0, 100.0) for z_B in (1.0, 2.0)),
    {"outflow": "momentum", "delta_G": 300.0, "allowed": False, "fault": "the fit does not settle"},
]


def bands(axes):
    """(hatched, filled) bands."""
    hatched = sum(bool(each.get_hatch()) for each in axes.collections)
    filled = [each for each in axes.collections if not each.get_hatch() and len(each.get_facecolor())]
    return hatched, sum(each.get_alpha() == 0.45 for each in filled)


def test_what_is_excluded_is_hatched_and_what_is_allowed_filled(tmp_path):
    figure = limits_figure(MEDIA)
    alfven, _, momentum, _ = figure.axes
    assert bands(alfven) == (3, 0) and bands(momentum) == (1, 2)
    save(figure, tmp_path / "limits.png")
    assert (tmp_path / "limits.png").stat().st_size > 20_000


def test_a_band_spans_its_media_and_their_errors():
    axes = limits_figure([medium("momentum", 10.0, True, z_B) for z_B in (1.0, 2.0)]).axes[0]
    (band,) = (each for each in axes.collections if each.get_alpha() == 0.45)
    y = band.get_paths()[0].vertices[:, 1]
    assert y.max() == pytest.approx(1e-10 * 2.0 * 1.2 * 100.0**-0.3)
    assert y.min() == pytest.approx(1e-10 * 0.8 * 1e6**-0.3)
