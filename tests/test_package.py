"""The package as it is installed: imports, sizes, contents of the wheel, examples, a quick start."""

import ast
import doctest
import importlib
import importlib.util
import pkgutil
import shutil
import subprocess
import sys
import tomllib
import zipfile
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import crhalo

ROOT = Path(__file__).parents[1]
FOLDERS = ("fields", "mc", "maps", "scenarios")
FILES = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
MOST_FILES, MOST_LINES, LONGEST_FUNCTION, MOST_PARAMETERS = 20, 400, 60, 10
# Files ("mc/run.py") and functions ("mc/run.py: run") that are larger, and why; no more than five.
LARGER: dict[str, str] = {
    "fields/medium.py: tabulate": "all the functions that a medium is made of, by keyword, each described",
    "scenarios/commands/main.py: run": "each parameter is an option of the command",
    "scenarios/commands/scan.py: scan": "the same",
}


def name_of(path):
    """Name of the module that a file is, or of the package that a folder is."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    parts = parts if parts[0] == "crhalo" else ("crhalo", *parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in FILES}


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory):
    """Names in a wheel built from a copy of the sources, so that the tree stays clean."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for folder in ("crhalo", *FOLDERS):
        shutil.copytree(ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__"))
    build = f"from setuptools.build_meta import build_wheel; build_wheel({str(out)!r})"
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True, capture_output=True)
    with zipfile.ZipFile(next(out.glob("*.whl"))) as wheel:
        return set(wheel.namelist())


# -- what is installed ---------------------------------------------------------------------


def test_every_folder_of_code_is_listed():
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    folders = {path.parent.relative_to(ROOT) for path in ROOT.glob("[!.]*/**/__init__.py")}
    on_disk = {name_of(ROOT / folder) for folder in folders if folder.parts[0] not in ("build", "tests")}
    assert set(packages) == on_disk and len(packages) == len(set(packages))
    assert {name for name in on_disk if name.count(".") == 1} == {f"crhalo.{folder}" for folder in FOLDERS}
    # Code in a folder without an __init__.py would stay at home.
    assert {path.parent for path in FILES} == {
        ROOT / folder for folder in folders if folder.parts[0] in FOLDERS
    }


def test_wheel_holds_every_module_scenario_and_table(wheel_names):
    kinds = (".py", ".toml", ".ecsv")
    wanted = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in kinds]
    assert all(any(path.suffix == kind for path in wanted) for kind in kinds)
    missing = {f"crhalo/{path.relative_to(ROOT)}" for path in wanted} - wheel_names
    assert not missing and {"crhalo/__init__.py", "crhalo/__main__.py"} <= wheel_names


def test_wheel_is_typed_and_licensed(wheel_names):
    assert {f"crhalo/{folder}/py.typed" for folder in FOLDERS} <= wheel_names
    assert any(name.endswith("licenses/LICENSE") for name in wheel_names)


def test_the_package_runs_and_knows_its_version():
    done = subprocess.run(
        [sys.executable, "-m", "crhalo", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.split()[-1] == crhalo.__version__
    with pytest.raises(AttributeError, match="allowed: crhalo"):
        crhalo.load  # noqa: B018 - asked for


def test_wheel_holds_nothing_else(wheel_names):
    assert {name.split("/")[0] for name in wheel_names if ".dist-info/" not in name} == {"crhalo"}


# -- what may import what ------------------------------------------------------------------


def test_imports_go_down_only():
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command; lint_imports_command()",
    ]
    # Where the package lies in one folder; `make types` has linked it there.
    done = subprocess.run(
        [*command, "--no-cache", "--config", "../pyproject.toml"],
        cwd=ROOT / ".types",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def imported_by(name, path):
    """Modules of ours that a file imports, wherever in it: at the top, within a function, for types only."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom):
            there = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            for alias in node.names:
                # A module, or a name within one.
                found = f"{there}.{alias.name}" if f"{there}.{alias.name}" in MODULES else there
                if found in MODULES and found != name:
                    yield found


def cycle_of(imports):
    """Modules that import each other in a circle, the first one twice; empty if there are none."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def test_no_import_cycle_among_files():
    """Nor one that is hidden in a function: each file can be read with those below it alone."""
    imports = {name: set(imported_by(name, path)) for name, path in MODULES.items()}
    assert sum(map(len, imports.values())) > 2 * len(MODULES)
    cycle = cycle_of(imports)
    assert not cycle, " -> ".join(reversed(cycle))


def test_a_cycle_of_imports_is_found(tmp_path, monkeypatch):
    """The twin: two files, one of which hides its import in a function."""
    sources = {
        "one": "from . import two",
        "two": "def f():\n    from .one import x",
        "three": "from .two import f",
    }
    names = {f"crhalo.mc.{name}": tmp_path / f"{name}.py" for name in sources}
    for name, text in sources.items():
        (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.setattr(sys.modules[__name__], "MODULES", names)
    cycle = cycle_of({name: set(imported_by(name, path)) for name, path in names.items()})
    assert set(cycle) == {"crhalo.mc.one", "crhalo.mc.two"}


# -- sizes ---------------------------------------------------------------------------------


def functions_of(path):
    """(name, lines, parameters) of each function of a file, however deep; self and cls are not counted."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            a = node.args
            names = [each.arg for each in (*a.posonlyargs, *a.args, *a.kwonlyargs, a.vararg, a.kwarg) if each]
            yield node.name, node.end_lineno - node.lineno + 1, len(set(names) - {"self", "cls"})


def larger():
    """Files and functions over the limits, and how large they are."""
    for path in FILES:
        file = str(path.relative_to(ROOT))
        if (lines := len(path.read_text().splitlines())) > MOST_LINES:
            yield file, f"{lines} lines"
        for function, lines, parameters in functions_of(path):
            if lines > LONGEST_FUNCTION or parameters > MOST_PARAMETERS:
                yield f"{file}: {function}", f"{lines} lines, {parameters} parameters"


def test_files_and_functions_can_be_read_in_one_go():
    found = dict(larger())
    too_large = {name: size for name, size in found.items() if name not in LARGER}
    assert not too_large, "\n".join(f"{name}: {size}" for name, size in too_large.items())
    assert len(LARGER) <= 5 and all(LARGER.values())
    assert set(LARGER) <= set(found), "no longer an exception"


def test_no_folder_has_too_many_files():
    counts = {folder: len(list(folder.glob("*.py"))) for folder in {path.parent for path in FILES}}
    assert not {str(folder): count for folder, count in counts.items() if count > MOST_FILES}


# -- examples, a quick start ---------------------------------------------------------------


def test_examples_are_those_of_every_module():
    """The list of modules comes from the disk; Python finds the same."""
    found = {f"crhalo.{folder}" for folder in FOLDERS}
    for folder in FOLDERS:
        package = importlib.import_module(f"crhalo.{folder}")
        found |= {module.name for module in pkgutil.walk_packages(package.__path__, f"crhalo.{folder}.")}
    assert found == set(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name):
    module = importlib.import_module(name)
    assert doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE).failed == 0


def test_help_imports_nothing_heavy():
    script = (
        "import sys; from crhalo.scenarios.commands.main import main; code = main(['--help'])\n"
        "heavy = {'numba', 'scipy', 'astropy', 'healpy', 'matplotlib', 'pydantic'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else code)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "validate" in done.stdout
