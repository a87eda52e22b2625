"""Sky files: what other people's readers make of them, and that they are never half there."""

import numpy as np
import pytest
from crhalo.maps.light.skyfile import SkyCube, read_sky, write_sky
from crhalo.scenarios import load
from crhalo.scenarios.file.quantities import ScenarioError


@pytest.fixture
def cube():
    rng = np.random.default_rng(7)
    sky = rng.random((5, 768)) * np.geomspace(1e-6, 1e-26, 5)[:, None]
    text = 'title = "Halo \\u03bb, αβ"\n# "quoted" \\ and long\n' * 200
    metadata = {"seed": 11, "scenario": text, "conventions": {"l_c": "one-sided integral of the trace"}}
    parts = {"disc": 0.9 * sky, "halo": 0.1 * sky, "cgm": 1e-9 * sky}
    return SkyCube("neutrino", "per flavour", np.geomspace(1, 1e4, 5), sky, 0.1 * sky, metadata, parts)


def test_reads_back(cube, tmp_path):
    write_sky(tmp_path / "sky.fits", cube)
    back = read_sky(tmp_path / "sky.fits")
    np.testing.assert_allclose(back.intensity, cube.intensity, rtol=1e-7)
    np.testing.assert_allclose(back.error, cube.error, rtol=1e-7)
    np.testing.assert_array_equal(back.energy_GeV, cube.energy_GeV)
    assert list(back.components) == ["disc", "halo", "cgm"]
    for name, part in cube.components.items():
        np.testing.assert_allclose(back.components[name], part, rtol=1e-7)
    assert (back.secondary, back.flavours, back.nside) == ("neutrino", "per flavour", 8)
    assert {**cube.metadata, "version": back.metadata["version"]} == back.metadata
    assert [p.name for p in tmp_path.iterdir()] == ["sky.fits"]


def test_healpy_reads_it(cube, tmp_path):
    import healpy

    write_sky(tmp_path / "sky.fits", cube)
    maps, header = healpy.read_map(tmp_path / "sky.fits", field=None, h=True)
    header = dict(header)
    np.testing.assert_allclose(maps, cube.intensity, rtol=1e-6)
    assert header["COORDSYS"] == "G" and header["ORDERING"] == "RING"
    assert header["BUNIT"] == header["TUNIT1"] == header["TUNIT5"] == "cm-2 s-1 GeV-1 sr-1"
    assert header["FLAVOURS"] == "per flavour"
    assert [header[f"ENERG{i}"] for i in range(1, 6)] == list(cube.energy_GeV)
    halo = healpy.read_map(tmp_path / "sky.fits", hdu="SKYMAP_HALO", field=2)
    np.testing.assert_allclose(halo, cube.components["halo"][2], rtol=1e-6)


def test_its_size_is_what_it_says(tmp_path):
    """Five maps of 4 bytes for each pixel and energy: the total, its parts and its error."""
    sky = np.ones((30, 12 * 64**2), np.float32)
    cube = SkyCube(
        "gamma", "", np.geomspace(1, 1e4, 30), sky, sky, {}, dict.fromkeys(("disc", "halo", "cgm"), sky)
    )
    write_sky(tmp_path / "sky.fits", cube)
    assert (tmp_path / "sky.fits").stat().st_size / sky.size == pytest.approx(20.0, rel=0.01)


def test_gammapy_reads_it(cube, tmp_path):
    gammapy_maps = pytest.importorskip("gammapy.maps")
    import astropy.units as u

    write_sky(tmp_path / "sky.fits", cube)
    for hdu, values in (
        ("SKYMAP", cube.intensity),
        ("SKYMAP_CGM", cube.components["cgm"]),
        ("SKYMAP_ERROR", cube.error),
    ):
        sky = gammapy_maps.Map.read(tmp_path / "sky.fits", hdu=hdu)
        np.testing.assert_allclose(sky.data, values, rtol=1e-6)
        assert sky.geom.frame == "galactic" and not sky.geom.nest
        assert sky.unit == u.Unit("cm-2 s-1 GeV-1 sr-1")
        np.testing.assert_allclose(sky.geom.axes["energy"].center.to_value("GeV"), cube.energy_GeV)


def test_units_are_in_the_bands(cube, tmp_path):
    from astropy.table import QTable

    write_sky(tmp_path / "sky.fits", cube)
    bands = QTable.read(tmp_path / "sky.fits", hdu="SKYMAP_BANDS")
    assert bands.colnames == ["CHANNEL", "ENERGY", "E_MIN", "E_MAX"]
    assert str(bands["E_MIN"].unit) == "GeV"
    np.testing.assert_allclose(bands["E_MAX"][:-1], bands["E_MIN"][1:])


def test_a_failed_write_leaves_the_old_file(cube, tmp_path):
    path = tmp_path / "sky.fits"
    write_sky(path, cube)
    before = path.read_bytes()
    bad = SkyCube("gamma", "", cube.energy_GeV, cube.intensity, metadata={"object": object()})
    with pytest.raises(TypeError):
        write_sky(path, bad)
    with pytest.raises(OSError):
        write_sky(tmp_path / "no folder" / "sky.fits", cube)
    assert path.read_bytes() == before and len(list(tmp_path.iterdir())) == 1


def test_damage_is_found(cube, tmp_path):
    path = tmp_path / "sky.fits"
    write_sky(path, cube)
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 3] ^= 16
    for damaged in (bytes(flipped), whole[: len(whole) // 2], b"SIMPLE"):
        path.write_bytes(damaged)
        with pytest.raises((ValueError, OSError)):
            read_sky(path)


def test_cubes_that_say_too_little_are_refused(cube):
    with pytest.raises(ValueError, match="per flavour"):
        SkyCube("neutrino", "", cube.energy_GeV, cube.intensity)
    with pytest.raises(ValueError, match="shape"):
        SkyCube("gamma", "", cube.energy_GeV[:-1], cube.intensity)
    with pytest.raises(ValueError, match="finite"):
        SkyCube("gamma", "", cube.energy_GeV, cube.intensity * np.nan)


def test_as_many_energies_as_a_scenario_may_have(tmp_path):
    """A table of a FITS file ends at 999 columns."""
    most = 970 + 20
    energies = (
        load("free-escape")
        .with_overrides(
            ['sky.energies=["1 GeV", "10 PeV", 970, ' + ", ".join(f'"{i} TeV"' for i in range(1, 21)) + "]"]
        )
        .sky.energies
    )
    assert len(energies) == 3 + 20
    sky = np.ones((most, 12))
    cube = SkyCube("gamma", "", np.geomspace(1, 1e7, most), sky, None, {"seed": 1})
    write_sky(tmp_path / "sky.fits", cube)
    assert (tmp_path / "sky.fits").exists()
    with pytest.raises(ScenarioError, match="2 to 970"):
        load("free-escape").with_overrides(['sky.energies=["1 GeV", "10 PeV", 971]'])
