"""The site that `make docs` builds: without a warning, whole, and with nothing fetched from elsewhere."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
from crhalo.scenarios import load, names

ROOT = Path(__file__).parents[1]
NEEDED = ("sphinx", "pydata_sphinx_theme", "myst_parser", "numpydoc", "sphinx_gallery")
MISSING = [name for name in NEEDED if importlib.util.find_spec(name) is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"needs pip install -e '.[docs]': {', '.join(MISSING)}")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The pages, without what scripts of the gallery and small runs draw."""
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, str(ROOT / "docs" / "site" / "make.py"), "--quick", "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return out / "html"


def test_every_scenario_has_a_page_with_its_keys(site):
    for name in names():
        page = re.sub(r"<[^>]*>", "", (site / "scenarios" / f"{name}.html").read_text())
        scenario = load(name)
        title = scenario.title.replace("'", "’")
        assert title in page or scenario.title in page
        assert f"crhalo run {name}" in page and "What it sets" in page


def test_every_public_name_has_a_page(site):
    import crhalo.maps
    import crhalo.scenarios

    for package in (crhalo.scenarios, crhalo.maps):
        for name in package.__all__:
            assert (site / "api" / f"{package.__name__}.{name}.html").exists(), name


def test_nothing_is_fetched_when_it_is_read(site):
    fetched = re.compile(
        r"<(?:script|img|iframe)[^>]*\ssrc=\"https?:|<link[^>]*stylesheet[^>]*href=\"https?:"
    )
    pages = list(site.rglob("*.html"))
    assert len(pages) > 80
    assert not [page.name for page in pages if fetched.search(page.read_text())]


def test_constants_are_those_of_the_code(site):
    from crhalo.fields import units

    page = (site / "constants.html").read_text()
    for name in ("C_CM_S", "M_P_GEV", "KPC_CM"):
        assert f"{getattr(units, name):.10g}" in page
    assert "CODATA 2022" in page and "8.178" in page
