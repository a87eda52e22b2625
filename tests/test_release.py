"""What goes out with a release: the conda recipe, the citation, the paper, the licence of the data."""

import re
import tomllib
from pathlib import Path

import yaml

import crhalo

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# What conda calls otherwise.
CONDA = {"matplotlib": "matplotlib-base"}
PAPER = (ROOT / "docs" / "paper" / "paper.md").read_text()
BIBLIOGRAPHY = (ROOT / "docs" / "paper" / "paper.bib").read_text()


def recipe():
    """The recipe as conda reads it, its two variables filled in."""
    text = (ROOT / "recipe" / "meta.yaml").read_text()
    version = re.search(r'set version = "(.*)"', text)[1]
    text = re.sub(r"^{%.*\n", "", text, flags=re.MULTILINE)
    return yaml.safe_load(text.replace("{{ version }}", version).replace("{{ PYTHON }}", "python"))


def spaced(requirement):
    """A requirement as conda writes it."""
    name, bound = re.fullmatch(r"([\w-]+)(.*)", requirement).groups()
    return f"{CONDA.get(name, name)} {bound}".strip()


def test_the_recipe_asks_for_what_the_package_asks_for():
    found = recipe()
    python = f"python {PROJECT['requires-python']}"
    assert set(found["requirements"]["run"]) == {python, *map(spaced, PROJECT["dependencies"])}
    assert python in found["requirements"]["host"] and found["build"]["noarch"] == "python"
    assert found["about"]["license"] == PROJECT["license"]
    assert found["about"]["summary"] == PROJECT["description"]
    (script,) = PROJECT["scripts"].items()
    assert found["build"]["entry_points"] == [" = ".join(script)]


def test_one_version_everywhere():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert PROJECT["version"] == citation["version"] == recipe()["package"]["version"] == crhalo.__version__
    assert citation["license"] == PROJECT["license"]
    assert f"## [{PROJECT['version']}]" in (ROOT / "CHANGELOG.md").read_text()


def test_one_range_of_versions_of_python_everywhere():
    first, behind = map(int, re.fullmatch(r">=3\.(\d+),<3\.(\d+)", PROJECT["requires-python"]).groups())
    versions, last = [f"3.{minor}" for minor in range(first, behind)], behind - 1
    known = [each.rpartition(" ")[2] for each in PROJECT["classifiers"] if ":: Python :: 3." in each]
    assert known == versions
    makefile, readme, start, wheels = (
        (ROOT / path).read_text()
        for path in ("Makefile", "README.md", "docs/start.md", "tests/nightly/wheel.py")
    )
    assert f"(3, {first}) <= sys.version_info[:2] <= (3, {last})" in makefile
    assert " ".join(f"python{version}" for version in reversed(versions)) in makefile
    assert readme.count(f"Python 3.{first}-3.{last}") == 2
    assert f"Python {', '.join(versions[:-1])} or 3.{last}." in start
    assert f"VERSIONS = {tuple(versions)}".replace("'", '"') in wheels


def test_the_paper_cites_what_its_bibliography_has():
    cited = set(re.findall(r"@([A-Za-z]+\d{4}\w*)", PAPER))
    entries = re.split(r"^@\w+{", BIBLIOGRAPHY, flags=re.MULTILINE)[1:]
    assert cited == {entry.partition(",")[0] for entry in entries} and len(cited) > 5
    assert all(re.search(r"\b(doi|url) *=", entry) for entry in entries)
    assert yaml.safe_load(PAPER.split("---")[1])["bibliography"] == "paper.bib"
    assert {"# Summary", "# Statement of need", "# State of the field", "# References"} <= set(
        PAPER.splitlines()
    )


def test_the_licence_of_the_data_names_every_source():
    text = (ROOT / "maps" / "data" / "LICENSE.md").read_text()
    for folder in ("published", "nuclei"):
        for path in (ROOT / "maps" / "data" / folder).glob("*.ecsv"):
            assert f"`{path.name}`" in text, path.name
            assert re.search(r"^# +source: ", path.read_text(), re.MULTILINE), path.name
