"""The package as it is installed: direction of imports, contents of the wheel, examples, a quick start."""

import doctest
import importlib
import pkgutil
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("fields", "mc", "maps", "scenarios")
MODULES = [
    f"crhalo.{folder}{dot}{module}"
    for folder in FOLDERS
    for dot, module in [
        ("", ""),
        *((".", found.name) for found in pkgutil.iter_modules([str(ROOT / folder)])),
    ]
]


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory):
    """Names in a wheel built from a copy of the sources, so that the tree stays clean."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for path in ROOT.glob("*/__init__.py"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(path.parent, source / path.parent.name, ignore=ignored)
    build = f"from setuptools.build_meta import build_wheel; build_wheel({str(out)!r})"
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True, capture_output=True)
    with zipfile.ZipFile(next(out.glob("*.whl"))) as wheel:
        return set(wheel.namelist())


def test_every_folder_of_code_is_listed():
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    folders = {path.parent.relative_to(ROOT) for path in ROOT.glob("[!.]*/**/__init__.py")}
    on_disk = {
        ".".join(("crhalo", *folder.parts)) for folder in folders if folder.parts[0] not in ("build", "tests")
    }
    assert set(packages) == on_disk == {f"crhalo.{folder}" for folder in FOLDERS}


def test_wheel_holds_every_module_and_scenario(wheel_names):
    wanted = [
        path for folder in FOLDERS for path in (ROOT / folder).glob("*") if path.suffix in (".py", ".toml")
    ]
    missing = {f"crhalo/{path.relative_to(ROOT)}" for path in wanted} - wheel_names
    assert not missing


def test_wheel_is_typed_and_licensed(wheel_names):
    assert {f"crhalo/{folder}/py.typed" for folder in FOLDERS} <= wheel_names
    assert any(name.endswith("licenses/LICENSE") for name in wheel_names)


def test_wheel_holds_nothing_else(wheel_names):
    assert {name.split("/")[0] for name in wheel_names if ".dist-info/" not in name} == {"crhalo"}


def test_imports_go_down_only():
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command; lint_imports_command()",
    ]
    done = subprocess.run([*command, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name):
    module = importlib.import_module(name)
    assert doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE).failed == 0


def test_help_imports_nothing_heavy():
    script = (
        "import sys; from crhalo.scenarios.cli import main; code = main(['--help'])\n"
        "heavy = {'numba', 'scipy', 'astropy', 'healpy', 'matplotlib', 'pydantic'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else code)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "validate" in done.stdout
