"""The package as others get it: sdist and wheel, installed in bare environments outside the source tree.

Usage: ``wheel.py [VERSION ...]``, as ``wheel.py 3.11 3.14``; all that are found if none is given. Each runs
the main scenario and the quick tests, with the tests from here and the package from the wheel.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
# Those that need no source tree and no long run: files, fields, measurements.
QUICK = ("fields", "maps/data", "scenarios/file")
OF_THE_SOURCE = "fields/test_jit.py"  # changes copies of the source tree


def interpreter(version: str) -> str | None:
    """A Python of this version that runs: on the PATH, or pyenv's."""
    kept = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    for command in (shutil.which(f"python{version}"), *map(str, kept)):
        if command and subprocess.run([command, "-c", "import venv"], capture_output=True).returncode == 0:
            return command
    return None


def build(out: Path) -> Path:
    """Build sdist and wheel, the wheel from the sdist, and check what they say of themselves; the wheel."""
    subprocess.run(
        [sys.executable, "-m", "build", "--outdir", out, ROOT], check=True, stdout=subprocess.DEVNULL
    )
    files = sorted(map(str, out.iterdir()))
    subprocess.run([sys.executable, "-m", "twine", "check", "--strict", *files], check=True)
    return next(out.glob("*.whl"))


def check(version: str, wheel: Path, folder: Path) -> None:
    """Install the wheel for one version of Python, run the main scenario and the quick tests."""
    command = interpreter(version)
    if command is None:
        print(f"Python {version}: none is here", flush=True)
        return
    began, bare = time.monotonic(), {**os.environ, "PYTHONNOUSERSITE": "1"}
    bare.pop("PYTHONPATH", None)
    python = folder / "venv" / "bin" / "python"
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    ask = "import crhalo, crhalo.fields as f; print(crhalo.__version__, f.__path__[0])"
    tests = [f"tests/{each}" for each in QUICK]
    for line in (
        (command, "-m", "venv", folder / "venv"),
        (*pip, wheel),
        (python, "-c", ask),
        (python.with_name("crhalo"), "run", "circumgalactic", "--particles", "272", "--out", "run"),
        (*pip, "pytest>=8", "pytest-xdist>=3.6", "hypothesis>=6"),
        (python, "-m", "pytest", "-n", "0", f"--ignore=tests/{OF_THE_SOURCE}", *tests),
    ):
        subprocess.run(list(map(str, line)), cwd=folder, env=bare, check=True)
    print(f"Python {version}: {(time.monotonic() - began) / 60:.1f} minutes", flush=True)


def main(versions: list[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="crhalo-wheel-") as there:
        wheel = build(Path(there) / "dist")
        for version in versions or VERSIONS:
            folder = Path(there) / version
            folder.mkdir()
            shutil.copytree(ROOT / "tests", folder / "tests")
            shutil.copy(ROOT / "pyproject.toml", folder)  # how pytest is set up
            check(version, wheel, folder)


if __name__ == "__main__":
    main(sys.argv[1:])
