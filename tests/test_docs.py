"""The examples of the documentation, run as they stand or with fewer particles; its commands, its links."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import typer
from crhalo.scenarios import load, names
from crhalo.scenarios.commands.main import app

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [*sorted(DOCS.glob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
# Pages of the guide whose blocks go on from one another.
GUIDE = ("start", "escape_times", "skies", "tracks", "resume", "figures", "method")
# Where a page goes on from what a reader has: of figures.md, a run and measurements of one's own.
BEFORE = {
    "figures": """
from pathlib import Path
import matplotlib.pyplot as plt
from crhalo.scenarios import load
from crhalo.maps.data import load as table
run = load("two-zone").run(particles=320, seed=1)
table("pamela-protons").write("mine.ecsv", format="ascii.ecsv")
"""
}
COARSE = ["sky.nside=1", 'sky.energies=["1 GeV", "10 PeV", 4]']
# Words of a usage line, not of a command.
PLACEHOLDERS = ("NAME", "DIR", "SCENARIO", "part-", "$")


def sections(name):
    """The Python of each section of a page, in the order it stands there."""
    text = (DOCS / name).read_text()
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
    (block,) = BLOCK.findall((DOCS / "fit.md").read_text())
    exec(compile(block, "fit.md", "exec"), {"__name__": "example"})
    assert "nan" not in capsys.readouterr().out


def test_the_examples_of_a_scan_run(tmp_path, monkeypatch, capsys):
    """The last one makes the file that the first reads, which is of a scan of minutes."""
    import matplotlib.pyplot as plt

    reads, makes = BLOCK.findall((ROOT / "docs" / "scan.md").read_text())
    monkeypatch.chdir(tmp_path)
    exec(compile(makes, "scan.md", "exec"), {"__name__": "example"})
    assert "Myr" in capsys.readouterr().out
    (tmp_path / "my-scan").rename(tmp_path / "scan")
    exec(compile(reads, "scan.md", "exec"), {"__name__": "example"})
    lines = plt.gca().get_lines()
    assert len(lines) == 2 and all(abs(np.diff(line.get_ydata())).max() > 0.0 for line in lines)
    plt.close("all")


@pytest.mark.parametrize("name", GUIDE)
def test_the_guide_runs(name, undrawn, tmp_path, monkeypatch, capsys):
    import matplotlib.pyplot as plt

    monkeypatch.chdir(tmp_path)
    blocks = BLOCK.findall((DOCS / f"{name}.md").read_text())
    source = "\n".join([BEFORE.get(name, ""), *blocks])
    source = re.sub(r"particles=(?!128\b)\d{3,}", "particles=80", source)
    source = re.sub(
        r'(load\("(?:circumgalactic|free-escape|two-zone)"\))', rf"\1.with_overrides({COARSE!r})", source
    )
    with undrawn():
        exec(compile(source, name, "exec"), {"__name__": "example"})
    plt.close("all")
    assert blocks


def test_every_page_with_python_is_run():
    with_blocks = {path.stem for path in DOCS.glob("*.md") if BLOCK.search(path.read_text())}
    assert with_blocks == {*GUIDE, "extend", "fit", "scan"}


def commands():
    """Each `crhalo ...` of the pages that stands in a block of its own, with its page."""
    for page in PAGES:
        text = re.sub(r"\\\n\s+", "", page.read_text())
        for line in re.findall(r"^(?:    )(?:source .*|srun )?(crhalo .*)$", text, flags=re.MULTILINE):
            words = shlex.split(line, comments=True)[1:]
            if not any(word.startswith(PLACEHOLDERS) for word in words):
                yield page.name, words


def test_commands_are_understood():
    found = list(commands())
    assert len(found) > 40
    for page, (command, *words) in found:
        known = typer.main.get_command(app).commands
        assert command in known, (page, command)
        with known[command].make_context(command, words) as context:
            settings, name = context.params.get("settings") or [], context.params.get("name")
        if name in names() and settings:
            load(name).with_overrides(settings)


def anchors(page):
    """What headings of a page are called in links."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_links_lead_somewhere():
    for page in PAGES:
        for link in LINK.findall(page.read_text()):
            if link.startswith("http"):
                assert page.name == "links.md", f"{page.name}: {link}: allowed: in links.md"
                continue
            name, _, anchor = link.partition("#")
            there = page.parent / name if name else page
            assert there.exists(), f"{page.name}: {link}"
            assert not anchor or anchor in anchors(there), f"{page.name}: {link}"


def test_they_are_short_and_complete():
    assert {"A magnetic field", "A diffusion coefficient", "Gas"} <= set(EXTEND)
    assert any("urbulence" in title for title in EXTEND)
    assert all(block.count("\n") < 20 for blocks in EXTEND.values() for block in blocks)


def test_the_table_of_places_names_files_that_exist():
    table = (DOCS / "extend.md").read_text().split("## Where to change what")[1]
    folder, named = None, []
    for name in re.findall(r"`([\w/]+(?:\.py|/))`", table):
        folder = name.rpartition("/")[0] or folder
        named.append(ROOT / name if "/" in name else ROOT / folder / name)
    assert len(named) > 20 and all(path.exists() for path in named), named
