"""The cache of kernels: its key names what is compiled, and an entry of it is one function."""

import math
import pickle
import shutil
import tempfile
from pathlib import Path

import pytest
from crhalo.fields._jit import cache_directory, cache_key, compiled_sources, kernel
from llvmlite.binding import parse_bitcode
from numba import njit
from warm import warm

ROOT = Path(__file__).parents[2]


@pytest.fixture
def package(tmp_path):
    """A copy of the sources, with a kernel in a sub-folder."""
    for folder in ("fields", "mc", "maps", "scenarios"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    deep = tmp_path / "maps" / "deep" / "deeper"
    deep.mkdir(parents=True)
    (deep / "kernel.py").write_text("from ....fields._jit import kernel\nfrom .constants import WIDTH\n")
    (deep / "constants.py").write_text("WIDTH = 1.0\n")
    return tmp_path


def changed(package, name):
    """Whether the key changes with a line more in a file."""
    before = cache_key(package)
    path = package / name
    path.write_text(path.read_text() + "\n# one line more\n")
    return cache_key(package) != before


@pytest.mark.parametrize(
    "name", ["maps/deep/deeper/kernel.py", "maps/deep/deeper/constants.py", "fields/units.py"]
)
def test_key_changes_with_a_kernel_and_with_what_it_imports(package, name):
    assert changed(package, name)


def test_key_stays_where_nothing_compiled_changes(package):
    """All of those files at once: the key takes half a second."""
    before, compiled = cache_key(package), set(compiled_sources(package))
    for folder in ("maps", "mc", "fields", "scenarios"):
        others = [path for path in (package / folder).rglob("*.py") if path not in compiled]
        assert others
        for path in others:
            path.write_text(path.read_text() + "\n# one line more\n")
    assert set(compiled_sources(package)) == compiled and cache_key(package) == before


def test_every_kernel_of_the_package_is_in_the_key():
    """A file that compiles anything says so by a decorator or by joining a vector field."""
    marks = ("@kernel", "@entry", "entry()(", "@vector_field")
    marked = {
        path
        for folder in ("fields", "mc", "maps")
        for path in (ROOT / folder).rglob("*.py")
        if any(line.startswith(marks) for line in path.read_text().splitlines())
    }
    assert marked
    assert marked <= set(compiled_sources(ROOT))


def functions_in(module):
    """Names of the functions defined in a compiled module, without what unpacks their arguments."""
    names = [function.name for function in module if not function.is_declaration]
    return [name for name in names if not name.startswith(("cfunc.", "_ZN7cpython"))]


def test_a_cached_entry_is_one_function():
    """What is not inlined is other code where the entry is compiled than where it is loaded."""
    warm()
    found = {}
    for path in cache_directory().rglob("*.nbc"):
        (_, kind, (_, bitcode)), *_ = pickle.loads(path.read_bytes())
        assert kind == "object"
        found[path.name] = functions_in(parse_bitcode(bitcode).functions)
    assert {name.partition("-")[0] for name in found} >= {"hybrid.run_block", "orbit.run_block"}
    assert {name: functions for name, functions in found.items() if len(functions) != 1} == {}


@pytest.mark.parametrize(("decorator", "functions"), [(kernel, 1), (njit, 2)])
def test_a_long_function_that_is_called_twice_is_one_more_unless_inlined(decorator, functions):
    lines = "".join(f"    x += sin({n}.0 * x)\n" for n in range(200))
    namespace = {"sin": math.sin}
    exec(f"def long(x):\n{lines}    return x", namespace)
    long = decorator(namespace["long"])

    @njit
    def twice(x):
        return long(x) * long(x + 1.0)

    assert math.isfinite(twice(1.0))
    (compiled,) = twice.overloads.values()
    assert len(functions_in(compiled.library.get_defined_functions())) == functions


def test_a_kernel_is_compiled_once_whatever_constants_it_is_called_with():
    @kernel
    def scaled(x, by, twice):
        return x * by * (2.0 if twice else 1.0)

    @njit
    def both(x):
        return scaled(x, 2, True), scaled(x, 3, False)

    assert both(1.5) == (6.0, 4.5)
    assert len(scaled.overloads) == 1


def test_a_kernel_may_hold_a_function():
    """As fields of the user's own may, which are compiled as kernels."""

    @kernel
    def length(x, y):
        def square(number):
            return number * number

        return math.sqrt(square(x) + square(y))

    assert njit(lambda x: length(x, 4.0))(3.0) == 5.0


@pytest.fixture
def places(monkeypatch, tmp_path):
    """No place for a cache but what a test sets; the next call of `cache_directory` looks anew."""
    for name in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/dev/null")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return monkeypatch


@pytest.mark.parametrize("name", ["NUMBA_CACHE_DIR", "XDG_CACHE_HOME"])
def test_the_users_own_place_is_taken(places, tmp_path, name):
    places.setenv(name, str(tmp_path / "mine"))
    assert cache_directory.__wrapped__().is_relative_to(tmp_path / "mine")


def test_an_empty_variable_is_none(places, tmp_path):
    places.setenv("XDG_CACHE_HOME", "")
    places.setenv("HOME", str(tmp_path / "home"))
    assert cache_directory.__wrapped__().is_relative_to(tmp_path / "home" / ".cache")


@pytest.mark.parametrize("home", ["not a folder", "none"])
def test_without_a_home_there_is_a_temporary_cache_and_a_line(places, tmp_path, capsys, home):
    if home == "none":

        def without_a_home():
            raise RuntimeError("Could not determine home directory.")

        places.setattr(Path, "home", without_a_home)
    folder = cache_directory.__wrapped__()
    assert folder.is_dir() and folder.parent == tmp_path
    assert capsys.readouterr().err.count("\n") == 1
