"""The page of a run: what it holds, and what a reader's browser makes of it."""

import base64
import html
import re
import zlib

import healpy
import numpy as np
import pytest
from chromium import errors_of, opened, requests_of
from crhalo.maps.light.skyfile import SkyCube, read_sky
from crhalo.scenarios import load
from crhalo.scenarios.commands.digest.run import digest_of
from crhalo.scenarios.commands.main import main
from crhalo.scenarios.commands.report.page import write_report
from crhalo.scenarios.commands.report.sky_data import packed
from crhalo.scenarios.commands.run import execute
from crhalo.scenarios.folder.check import read_summary

SMALL = ["sky.nside=16", "sky.energies=['10 GeV', '100 TeV', 5]"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("report") / "run"
    scenario = load("circumgalactic").with_overrides(["transport.particles=272", *SMALL])
    execute(scenario, out, 2)
    write_report(out)
    return out


@pytest.fixture(scope="module")
def page(folder):
    return (folder / "report.html").read_text()


def unpacked(sky):
    """(energies, parts, pixels) of E^2 I, as the script of the page reads them."""
    raw = np.frombuffer(zlib.decompress(base64.b64decode(sky["data"])), np.uint8).reshape(2, -1)
    rises = raw[0].astype(np.uint16) + (raw[1].astype(np.uint16) << 8)
    code = np.cumsum(rises.reshape(-1, 12 * sky["nside"] ** 2), axis=1, dtype=np.uint16).astype(float)
    E2I = np.exp(sky["low"] + (code - 1.0) / 65534 * (sky["high"] - sky["low"])) * (code > 0)
    return E2I.reshape(len(sky["energies"]), len(sky["parts"]), -1)


def test_the_sky_in_the_page_is_the_sky():
    rng = np.random.default_rng(1)
    E, maps = np.geomspace(1.0, 1e6, 13), {}
    for name in ("disc", "cgm"):
        maps[name] = np.exp(rng.normal(-20.0, 3.0, (13, 12 * 8**2))) * (rng.random((13, 12 * 8**2)) > 0.1)
    sky = packed(SkyCube("gamma", "", E, maps["disc"] + maps["cgm"], components=maps), "gamma rays")
    assert sky["nside"] == 8 and sky["parts"] == ["disc", "cgm"]
    np.testing.assert_allclose(sky["energies"], 10.0 ** np.arange(7))
    at = [int(np.argmin(np.abs(E / each - 1.0))) for each in sky["energies"]]
    for i, name in enumerate(sky["parts"]):
        known = maps[name][at] * np.array(sky["energies"])[:, None] ** 2
        np.testing.assert_allclose(unpacked(sky)[:, i], known, rtol=1e-3)


def test_a_sky_where_nothing_shines_and_a_finer_one():
    E = np.array([1.0, 10.0])
    dark = packed(SkyCube("gamma", "", E, np.zeros((2, 12))), "gamma rays")
    assert (unpacked(dark) == 0.0).all()
    fine = packed(SkyCube("gamma", "", E, np.ones((2, 12 * 128**2))), "gamma rays")
    assert fine["nside"] == 64 and unpacked(fine)[0, 0] == pytest.approx(1.0, rel=1e-3)


def test_the_page_asks_nobody_for_anything(page):
    assert not re.findall(r"""(?:src|href)=["'](?!data:)[^"']""", page)
    assert "@import" not in page and "url(" not in page and len(page) < 8e6


def test_the_page_holds_what_was_found(folder, page):
    for part in (
        "What people quote",
        "escape time, mean [Myr]",
        "crhalo run scenario.toml",
        "0.1.0",
        "What not to trust",
    ):
        assert part in page
    assert page.count("<img") == len(list(folder.glob("*.png")))
    cautions = digest_of(read_summary(folder)).cautions
    assert cautions and all(line in html.unescape(page) for line in cautions)


def test_text_of_a_scenario_cannot_become_a_part_of_the_page(folder, tmp_path):
    other = tmp_path / "run"
    other.mkdir()
    for path in folder.iterdir():
        (other / path.name).write_bytes(path.read_bytes())
    summary = (other / "summary.json").read_text()
    assert "title = " in summary
    (other / "summary.json").write_text(summary.replace("title = ", "title = <script>alert(1)</script>"))
    text = write_report(other).read_text()
    assert "<script>alert" not in text and "&lt;script&gt;alert" in text


def test_the_command_writes_it_and_a_run_too(tmp_path, folder, capsys):
    (folder / "report.html").unlink()
    assert main(["report", str(folder)]) == 0
    assert (folder / "report.html").exists() and "report.html" in capsys.readouterr().out
    small = ["--set", "sky.nside=8", "--particles", "34", "--out", str(tmp_path / "run")]
    assert main(["run", "free-escape", *small]) == 0
    assert (tmp_path / "run" / "report.html").exists()


@pytest.mark.parametrize("damage", ["unfinished", "damaged", "none"])
def test_what_is_no_run_is_refused(damage, tmp_path, capsys):
    if damage != "none":
        (tmp_path / "scenario.toml").write_text(load("free-escape").to_toml())
    if damage == "damaged":
        (tmp_path / "summary.json").write_text("[1, 2")
    assert main(["report", str(tmp_path / ("x" if damage == "none" else ""))]) == 2
    assert capsys.readouterr().err.count("\n") == 1 and not (tmp_path / "report.html").exists()


# -- in a browser --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser(folder, page):
    with opened(folder / "report.html") as page:
        yield page


def test_no_error_and_no_request(browser):
    assert not errors_of(browser) and not requests_of(browser)


def test_all_images_are_decoded(browser):
    sizes = browser.execute_script(
        "return [...document.images].map((one) => one.complete && one.naturalWidth)"
    )
    assert sizes and all(sizes)


def _point(browser, x, y):
    """Where a place on the map is on the sky, and what the page says of it."""
    from selenium.webdriver import ActionChains

    canvas = browser.find_element("id", "map")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", canvas)
    ActionChains(browser).move_to_element_with_offset(canvas, x, y).perform()
    told = browser.find_element("id", "pointed")
    return tuple(float(told.get_attribute(f"data-{name}")) for name in ("l", "b", "value")), told.text


def test_the_pointer_shows_the_value_of_the_map(browser, folder):
    sky = read_sky(folder / "sky_neutrino.fits")
    energies = browser.execute_script("return SKIES[0].energies")
    at = browser.execute_script("return +document.getElementById('energy').value")
    i = int(np.argmin(np.abs(sky.energy_GeV - energies[at])))
    for x, y in ((0, 0), (200, 30), (-310, -90), (40, 170), (-120, -10), (5, -200)):
        (l, b, value), text = _point(browser, x, y)
        pixel = healpy.ang2pix(16, l, b, lonlat=True)
        assert value == pytest.approx(sky.intensity[i, pixel] * sky.energy_GeV[i] ** 2, rel=0.01)
        assert f"l = {l:.2f}" in text and f"b = {b:.2f}" in text


def test_all_pixels_are_those_of_healpy(browser):
    """The pixel of a direction, in the script and in healpy, all over the sky."""
    rng = np.random.default_rng(3)
    z, phi = rng.uniform(-1.0, 1.0, 2000), rng.uniform(-7.0, 7.0, 2000)
    for nside in (1, 16, 64):
        asked = "return arguments[0].map((z, i) => pixelOf(arguments[2], z, arguments[1][i]))"
        found = browser.execute_script(asked, z.tolist(), phi.tolist(), nside)
        np.testing.assert_array_equal(found, healpy.vec2pix(nside, *_vector(z, phi)))


def _vector(z, phi):
    s = np.sqrt(1.0 - z**2)
    return s * np.cos(phi), s * np.sin(phi), z


def test_the_slider_changes_the_energy_and_the_picture(browser):
    seen = []
    for value in (0, 2):
        browser.execute_script(
            "const e = document.getElementById('energy'); e.value = arguments[0];"
            "e.dispatchEvent(new Event('input'))",
            value,
        )
        picture = browser.execute_script("return document.getElementById('map').toDataURL()")
        seen.append((browser.find_element("id", "energy-label").text, picture))
    assert seen[0][0] == "10 GeV" and seen[1][0] != "10 GeV" and seen[0][1] != seen[1][1]


def test_a_click_draws_the_spectrum_there(browser):
    from selenium.webdriver import ActionChains

    canvas = browser.find_element("id", "map")
    ActionChains(browser).move_to_element_with_offset(canvas, 0, 20).click().perform()
    curves = browser.execute_script("return document.querySelectorAll('#spectrum polyline').length")
    assert curves == 4  # all gas, disc, halo, cgm


def test_tables_are_sorted_by_a_click(browser):
    cells = (
        "return [...document.querySelector('#quoted tbody').rows].map((row) => row.children[1].textContent)"
    )
    head = browser.find_elements("css selector", "#quoted th")[1]
    head.click()
    rising = browser.execute_script(cells)
    head.click()
    falling = browser.execute_script(cells)
    assert rising != falling and sorted(rising) == sorted(falling)
    assert head.get_attribute("aria-sort") == "descending"


def test_a_phone_shows_it_without_scrolling_sideways(folder, page):
    with opened(folder / "report.html", 400, 800) as phone:
        wide = phone.execute_script("return document.documentElement.scrollWidth")
        assert wide <= 400 and not errors_of(phone)
