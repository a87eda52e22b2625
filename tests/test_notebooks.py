"""The notebooks: made from the plain Python beside them, run as they stand, kept with their pictures."""

import importlib.util
import json
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "docs" / "notebooks"
LARGEST_BYTES = 300_000


def made_by():
    """docs/notebooks/make.py as a module."""
    spec = importlib.util.spec_from_file_location("make_notebooks", FOLDER / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MAKE = made_by()
NAMES = [source.stem for source in MAKE.sources()]


def kept(name):
    return json.loads((FOLDER / f"{name}.ipynb").read_text())


def test_there_are_three():
    assert len(NAMES) == 3 and {path.stem for path in FOLDER.glob("*.ipynb")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_its_source(name):
    """Where it is not: make notebooks."""
    found = [(cell["cell_type"], "".join(cell["source"])) for cell in kept(name)["cells"]]
    assert found == MAKE.cells((FOLDER / f"{name}.py").read_text())


@pytest.mark.parametrize("name", NAMES)
def test_it_is_small_and_has_pictures_and_no_errors(name):
    assert (FOLDER / f"{name}.ipynb").stat().st_size < LARGEST_BYTES
    outputs = [out for cell in kept(name)["cells"] for out in cell.get("outputs", [])]
    assert sum("image/png" in out.get("data", {}) for out in outputs) >= 2
    assert {out["output_type"] for out in outputs} <= {"stream", "display_data", "execute_result"}
    assert not any("/root/" in text or "/home/" in text for text in map(json.dumps, outputs))


@pytest.mark.parametrize("name", NAMES)
def test_it_runs_and_prints_what_it_has_printed(name, tmp_path):
    for needed in ("nbclient", "nbformat", "ipykernel"):
        pytest.importorskip(needed, reason=f"{needed} is not installed: pip install 'crhalo[notebooks]'")
    again = MAKE.executed(FOLDER / f"{name}.py", tmp_path)
    before = [out for cell in kept(name)["cells"] for out in cell.get("outputs", [])]
    after = [out for cell in again.cells for out in cell.get("outputs", [])]
    assert [out["output_type"] for out in before] == [out["output_type"] for out in after]
