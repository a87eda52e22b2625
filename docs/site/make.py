"""The documentation as a site: sources are gathered in build/site/source/, the pages are in build/site/html/.

    .venv/bin/python docs/site/make.py               # what `make docs` does
    .venv/bin/python docs/site/make.py --quick       # without the scripts of the gallery and small runs
    .venv/bin/python docs/site/make.py --linkcheck   # asks whether the external links of links.md answer

The Markdown of docs/ is taken as it is, with what only the site has (pages/), and with pages that are made of
the code: scenarios and their keys, constants, the names of the Python interface. A warning of Sphinx is a
failure.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
DOCS, ROOT = HERE.parent, HERE.parents[1]
sys.path.insert(0, str(HERE))  # those beside this file, which are of no package

import constants  # noqa: E402
import reference  # noqa: E402
import scenario_pages  # noqa: E402

FROM_ROOT = ("CONTRIBUTING.md", "CHANGELOG.md")
# Of the sources: gathered, or made by Sphinx from them.
MADE = ("auto_examples", "api")


def gather(source: Path, quick: bool) -> None:
    """Gather the sources of the site in a folder; files that are the same already keep their time.

    Parameters
    ----------
    source : Path
        Is made if need be.
    quick : bool
        Whether small runs for figures are left out.
    """
    wanted = _copied() | scenario_pages.pages(source.parent / "runs", quick)
    wanted |= constants.pages() | reference.pages(DOCS, ROOT)
    for name, content in wanted.items():
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)
    for path in source.rglob("*"):
        name = path.relative_to(source)
        if path.is_file() and name.parts[0] not in MADE and str(name) not in wanted:
            path.unlink()


def _copied() -> dict[str, bytes]:
    """Pages and figures as they are, by the name that they have in the site."""
    paths = [path for path in DOCS.iterdir() if path.suffix in (".md", ".png")]
    paths += [*(HERE / "pages").iterdir(), *(ROOT / name for name in FROM_ROOT), HERE / "conf.py"]
    found = {path.name: path.read_bytes() for path in paths}
    found |= {
        f"gallery/{path.name}": path.read_bytes() for path in (DOCS / "gallery").iterdir() if path.is_file()
    }
    templates = HERE / "templates"
    found |= {str(path.relative_to(HERE)): path.read_bytes() for path in templates.rglob("*.rst")}
    return {name: moved(page) if name.endswith(".md") else page for name, page in found.items()}


def moved(page: bytes) -> bytes:
    """A page whose links suit the site, where what is above docs/ lies beside it."""
    return re.sub(rb"\]\((?:docs|\.\.)/", b"](", page)


def build(out: Path, quick: bool = False, builder: str = "html") -> int:
    """Build the site, and say how it went.

    Parameters
    ----------
    out : Path
        Folder of the site; `source`, `html` and others are made in it.
    quick : bool
        Whether nothing is run: neither the gallery nor small runs.
    builder : str
        Of Sphinx.

    Returns
    -------
    int
        Exit status of Sphinx: not zero after a warning.
    """
    source = out / "source"
    gather(source, quick)
    options = ["-W", "--keep-going", "-q", "-b", builder, "-d", str(out / "doctrees")]
    options += ["-D", "plot_gallery=0"] if quick else []
    command = [sys.executable, "-m", "sphinx", *options, str(source), str(out / builder)]
    # Scripts of the gallery are the site's: they have no display and no settings of a user.
    settings = {"MPLBACKEND": "agg", "MPLCONFIGDIR": str(out / "matplotlib"), "PYTHONHASHSEED": "0"}
    return subprocess.run(command, env=os.environ | settings).returncode


def main() -> None:
    parser = argparse.ArgumentParser(description="The documentation as a site.")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "site", help="folder of the site")
    parser.add_argument("--quick", action="store_true", help="run neither the gallery nor small runs")
    parser.add_argument("--linkcheck", action="store_true", help="ask whether external links answer")
    parser.add_argument("--anew", action="store_true", help="remove what was built before")
    given = parser.parse_args()
    out = given.out.resolve()
    if given.anew:
        shutil.rmtree(out, ignore_errors=True)
    status = build(out, given.quick or given.linkcheck, "linkcheck" if given.linkcheck else "html")
    if status == 0 and not given.linkcheck:
        print(f"the site is in {out / 'html' / 'index.html'}")
    sys.exit(status)


if __name__ == "__main__":
    main()
