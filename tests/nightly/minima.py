"""The quick tests with the oldest versions that pyproject.toml allows, in a venv of their own.

Where there is no wheel of such a version for this Python, that is said, and a newer one is taken. naima and
gammapy ask for newer ones than that: tests that compare with them are skipped.
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
VENV = ROOT / "build" / "minima"
LEFT_OUT = ("naima", "gammapy", "regions")


def pip(*arguments: str, **options) -> subprocess.CompletedProcess:
    command = [str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet"]
    return subprocess.run([*command, *arguments], text=True, **options)


def oldest(requirement: str) -> str:
    """The lower bound of a requirement as a version, or the requirement if there is no such wheel here."""
    pinned = requirement.replace(">=", "==")
    asked = ("download", "--no-deps", "--only-binary=:all:", "--dest", str(VENV / "wheels"), pinned)
    if pip(*asked, capture_output=True).returncode == 0:
        return pinned
    print(
        f"no wheel of {pinned} for Python {sys.version_info[0]}.{sys.version_info[1]}: a newer one",
        flush=True,
    )
    return requirement


def main() -> int:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    used = [oldest(each) for each in (*project["dependencies"], *extras["dask"])]
    tools = [each for each in extras["test"] if re.match(r"[\w-]+", each)[0] not in LEFT_OUT]
    others = [each for each in extras["dev"] if each.startswith(("setuptools", "import-linter"))]
    pip("install", "--only-binary=:all:", *used, *tools, *others, check=True)
    pip("install", "--no-deps", "--editable", str(ROOT), check=True)
    tests = ["-n", "auto", "--maxprocesses", "4", "--dist", "loadfile"]
    return subprocess.run([VENV / "bin" / "python", "-m", "pytest", *tests], cwd=ROOT).returncode


if __name__ == "__main__":
    if not VENV.exists():
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
    sys.exit(main())
