"""A sky evaluated by gammapy is that of the map."""

import healpy
import numpy as np
import pytest
from crhalo.fields.exceptions import UserError
from crhalo.maps.export.gammapy import gammapy_model, write_template
from crhalo.maps.light.sky_model import ComponentMaps
from crhalo.mc.uncertainty import Estimate

E = np.array([1.0, 10.0, 100.0, 1e3])
NSIDE = 32


def sky():
    """A band about the plane, brighter towards the centre, that falls with energy."""
    l, b = healpy.pix2ang(NSIDE, np.arange(12 * NSIDE**2), lonlat=True)
    shape = np.exp(-np.abs(b) / 15.0) * (2.0 + np.cos(np.radians(l))) + 0.05
    return 1e-6 * E[:, None] ** -2.6 * shape


def maps():
    part = 0.25 * sky()
    each = {"disc": part, "halo": part, "cgm": 2.0 * part}
    mean = {name: Estimate(one.mean(axis=1), 0.1 * one.mean(axis=1), E) for name, one in each.items()}
    return ComponentMaps(E, each, 0.1 * np.ones_like(part), {}, mean)


@pytest.fixture(scope="module")
def models():
    return pytest.importorskip("gammapy.modeling.models")


def test_ten_positions(models):
    from astropy import units as u

    model = maps().to_gammapy()
    rng = np.random.default_rng(2)
    l, b = rng.uniform(0.0, 360.0, 10), np.degrees(np.arcsin(rng.uniform(-1.0, 1.0, 10)))
    for i in (0, 2, 3):
        frame = [each * u.deg for each in (l, b)]
        found = model.evaluate(frame[0], frame[1], E[i] * u.GeV).to_value("cm-2 s-1 sr-1 GeV-1")
        known = healpy.get_interp_val(sky()[i], l, b, lonlat=True)
        np.testing.assert_allclose(np.ravel(found), known, rtol=0.02)
    between = model.evaluate(frame[0], frame[1], 31.6227766 * u.GeV).to_value("cm-2 s-1 sr-1 GeV-1")
    known = healpy.get_interp_val(sky()[1], l, b, lonlat=True) * 31.6227766**-2.6 / 10.0**-2.6
    np.testing.assert_allclose(np.ravel(between), known, rtol=0.02)


def test_the_flux_of_the_whole_sky_is_kept(models):
    """Of the template: intensity times solid angle."""
    template = maps().to_gammapy("cgm").spatial_model.map
    flux = (template.data * template.geom.solid_angle().to_value("sr")).sum(axis=(1, 2))
    np.testing.assert_allclose(flux, 0.5 * sky().mean(axis=1) * 4.0 * np.pi, rtol=0.01)


def test_a_template_is_read_again(models, tmp_path):
    write_template(E, sky(), tmp_path / "sky.fits")
    again = models.TemplateSpatialModel.read(str(tmp_path / "sky.fits"), normalize=False)
    assert again.map.geom.frame == "galactic" and again.map.unit == "GeV-1 s-1 cm-2 sr-1"
    np.testing.assert_allclose(again.map.data, gammapy_model(E, sky(), "x").spatial_model.map.data, rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: maps().to_gammapy("bulge"), "component = 'bulge': allowed: disc, halo, cgm, total"),
        (lambda: gammapy_model(E[:1], sky()[:1], "x"), "1 energy: allowed: two or more"),
    ],
)
def test_what_cannot_be_is_refused(models, make, why):
    with pytest.raises(UserError, match=why):
        make()
