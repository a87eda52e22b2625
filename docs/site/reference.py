"""Pages of the Python interface: what each package exports, and what the guide imports besides."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

PACKAGES = ("crhalo.scenarios", "crhalo.maps", "crhalo.maps.data", "crhalo.mc", "crhalo.fields")
_BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
# What methods return; nobody imports these.
RETURNED = {
    "crhalo.mc.uncertainty": ("Estimate",),
    "crhalo.maps.light.sky_model": ("ComponentMaps",),
    "crhalo.mc.result": ("Result",),
}


def pages(docs: Path, root: Path) -> dict[str, bytes]:
    """The page of the interface by the name of its file; Sphinx makes one of each name.

    Parameters
    ----------
    docs, root : Path
        Where the pages of the guide are, and README.md.
    """
    listed = {package: list(getattr(importlib.import_module(package), "__all__", ())) for package in PACKAGES}
    taken = {name for names in listed.values() for name in names}
    texts = [path.read_text("utf-8") for path in (root / "README.md", *sorted(docs.glob("*.md")))]
    sources = [block for text in texts for block in _BLOCK.findall(text)]
    sources += [path.read_text("utf-8") for path in sorted((docs / "gallery").glob("*.py"))]
    besides: dict[str, list[str]] = {}
    for module, names in [*_imports(sources), *RETURNED.items()]:
        there = besides.setdefault(module, [])
        there += [name for name in names if name not in taken and name not in there]
    parts = [
        "# Python interface",
        "Methods are on the page of their class. Functions of your own: [a galaxy of your own](extend.md).",
    ]
    parts += [_section(package, names) for package, names in listed.items() if names]
    parts += ["## Used in the guide", "Imported from where they are:"]
    parts += [_section(module, names, "###") for module, names in sorted(besides.items()) if names]
    return {"reference.md": ("\n\n".join(parts) + "\n").encode()}


def _imports(sources: list[str]) -> list[tuple[str, list[str]]]:
    """Classes and functions that pieces of Python import from crhalo, by module."""
    found = []
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("crhalo"):
                module = importlib.import_module(str(node.module))
                names = [alias.name for alias in node.names if callable(getattr(module, alias.name))]
                found.append((str(node.module), names))
    return found


def _section(module: str, names: list[str], level: str = "##") -> str:
    listed = "\n".join(f"   {name}" for name in sorted(names, key=str.lower))
    table = (
        f".. currentmodule:: {module}\n\n.. autosummary::\n   :toctree: api\n   :nosignatures:\n\n{listed}"
    )
    return f"{level} {module}\n\n```{{eval-rst}}\n{table}\n```"
