"""The examples of the documentation, run as they stand."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


def sections(name):
    """The Python of each section of a page, in the order it stands there."""
    text = (ROOT / "docs" / name).read_text()
    found = {}
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        title, blocks = section.splitlines()[0], BLOCK.findall(section)
        if blocks:
            found[title] = blocks
    return found


EXTEND = sections("extend.md")


@pytest.mark.parametrize("title", EXTEND)
def test_examples_of_a_galaxy_of_ones_own_run(title, undrawn, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with undrawn():
        exec(compile("\n".join(EXTEND[title]), title, "exec"), {"__name__": "example"})
    assert "nan" not in capsys.readouterr().out


def test_the_example_of_a_fit_runs(capsys):
    (block,) = BLOCK.findall((ROOT / "docs" / "fit.md").read_text())
    exec(compile(block, "fit.md", "exec"), {"__name__": "example"})
    assert "nan" not in capsys.readouterr().out


def test_the_example_of_a_scan_runs(tmp_path, monkeypatch, capsys):
    """The last one; the file that the first reads is of a scan of minutes."""
    block = BLOCK.findall((ROOT / "docs" / "scan.md").read_text())[-1]
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "scan.md", "exec"), {"__name__": "example"})
    assert "Myr" in capsys.readouterr().out and (tmp_path / "my-scan" / "scan.nc").exists()


def test_they_are_short_and_complete():
    assert {"A magnetic field", "A diffusion coefficient", "Gas"} <= set(EXTEND)
    assert any("urbulence" in title for title in EXTEND)
    assert all(block.count("\n") < 20 for blocks in EXTEND.values() for block in blocks)


def test_the_table_of_places_names_files_that_exist():
    table = (ROOT / "docs" / "extend.md").read_text().split("## Where to change what")[1]
    folder, named = None, []
    for name in re.findall(r"`([\w/]+(?:\.py|/))`", table):
        folder = name.rpartition("/")[0] or folder
        named.append(ROOT / name if "/" in name else ROOT / folder / name)
    assert len(named) > 20 and all(path.exists() for path in named), named
