"""Notebooks from the plain Python beside this file, run, with what they print and draw.

Usage: ``make.py [NAME ...]``, as ``make.py 1_quick_start``; all if none is given. A cell begins at a line
``# %%``; after ``# %% [markdown]`` it is text, each line of it a comment.
"""

import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
LIMIT_S = 600


def sources() -> list[Path]:
    """The files that notebooks are made from, in the order they are read."""
    return sorted(HERE.glob("[0-9]_*.py"))


def cells(text: str) -> list[tuple[str, str]]:
    """(kind, text) of each cell of a source; the kind is "markdown" or "code"."""
    found = []
    for cell in re.split(r"^# %%", text, flags=re.MULTILINE)[1:]:
        kind, _, body = cell.partition("\n")
        if "markdown" in kind:
            lines = [re.sub("^# ?", "", line) for line in body.strip().splitlines()]
            found.append(("markdown", "\n".join(lines)))
        else:
            found.append(("code", body.strip()))
    return found


def notebook(source: Path):
    """A notebook that has not been run; the numbers of its cells make it the same each time."""
    from nbformat import v4

    made = {"markdown": v4.new_markdown_cell, "code": v4.new_code_cell}
    found = [made[kind](text, id=f"cell-{i}") for i, (kind, text) in enumerate(cells(source.read_text()))]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return v4.new_notebook(cells=found, metadata={"kernelspec": kernel})


def executed(source: Path, folder: Path):
    """The notebook of a source after it was run in a folder; without times and versions of this machine."""
    from nbclient import NotebookClient

    book = notebook(source)
    NotebookClient(
        book, timeout=LIMIT_S, record_timing=False, resources={"metadata": {"path": folder}}
    ).execute()
    book.metadata.pop("language_info", None)
    for cell in book.cells:  # what is said of progress and compilation is of this machine
        if cell.cell_type == "code":
            cell.outputs = [each for each in cell.outputs if each.get("name") != "stderr"]
    return book


def main(names: list[str]) -> None:
    import nbformat

    for source in sources():
        if not names or source.stem in names:
            nbformat.write(executed(source, HERE), path := source.with_suffix(".ipynb"))
            print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
