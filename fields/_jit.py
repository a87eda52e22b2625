"""The one place with numba flags and the cache policy.

Inner functions are `kernel`s: they are inlined into their callers and never cached alone, so that an `entry`
is one function. What is not inlined would be called as it was compiled for whoever called it first in a
process that compiles, and as it was compiled for this caller in one that loads from the cache: other code,
that rounds otherwise.
Only the outermost `entry` is cached on disk, in a directory named by a hash of the sources that are compiled
and of numba's version, because numba's own cache does not see an edit in an imported file.

For debugging, the environment variable CRHALO_FASTMATH=0 compiles without regrouping of floating-point
operations: results then do not depend on how the compiler inlines functions.
"""

from __future__ import annotations

import atexit
import gc
import hashlib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any
from weakref import WeakKeyDictionary

import llvmlite.binding
import numba
from llvmlite import ir
from numba.core import types
from numba.core.cgutils import get_item_pointer, get_or_insert_function, unpack_tuple
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import register_pass
from numba.core.cpu import CPUTargetOptions
from numba.core.options import TargetOptions
from numba.core.typed_passes import NativeLowering, NopythonRewrites
from numba.core.untyped_passes import InlineClosureLikes
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

# 'nnan' and 'ninf' stay out: they would delete the checks that catch a lost particle.
_FAST = os.environ.get("CRHALO_FASTMATH", "1") != "0"
_FLAGS: dict[str, Any] = {
    "fastmath": {"reassoc", "contract", "arcp", "nsz"} if _FAST else False,
    "error_model": "numpy",
    "_nrt": False,
}
INLINED: Any = {"forceinline": True}
# numba knows these flags, but has no options of a decorator for them.
CPUTargetOptions.noalias = TargetOptions.Mapping("noalias")
CPUTargetOptions.no_compile = TargetOptions.Mapping("no_compile")


def _use_wide_vectors() -> None:
    """Let LLVM use vectors of 512 bits where there are any; it prefers 256, as suits code that seldom does.

    Sums over plane waves are 1.5 to 2 times faster. It holds for all that numba compiles in
    this process; settings in the environment stand.
    """
    config: Any = numba.config
    if config.CPU_NAME is None and config.CPU_FEATURES is None and config.ENABLE_AVX:
        try:
            features = llvmlite.binding.get_host_cpu_features()
        except RuntimeError:  # a processor that LLVM does not know
            return
        if features.get("avx512f"):
            config.CPU_NAME = llvmlite.binding.get_host_cpu_name()
            config.CPU_FEATURES = features.flatten() + ",-prefer-256-bit"


_use_wide_vectors()


class _PartsOfEntries(JITCodeLibrary):
    """The code of a function that is only ever compiled as a part of others: no machine code of its own."""

    def _optimize_functions(self, ll_module: Any) -> None:
        """Left to `finalize`."""
        ll_module.data_layout = self._codegen._data_layout

    def finalize(self) -> None:
        for library in dict.fromkeys(self._linking_libraries):
            self._final_module.link_in(library._get_module_for_linking(), preserve=True)
        # Enough for callers to take in little; the rest is done once, in entries.
        passes = llvmlite.binding.create_new_module_pass_manager()
        passes.add_always_inliner_pass()
        passes.add_global_dead_code_eliminate_pass()
        passes.add_sroa_pass()
        passes.add_simplify_cfg_pass()
        passes.add_instruction_combine_pass()
        tuning = llvmlite.binding.create_pipeline_tuning_options()
        passes.run(self._final_module, llvmlite.binding.create_pass_builder(self._codegen._tm, tuning))
        # Nobody calls it where it is: so that many may take it in, numba would change a copy.
        for function in self._final_module.functions:
            if not function.is_declaration and function.linkage == llvmlite.binding.Linkage.external:
                function.linkage = "linkonce_odr"
        self._shared_module = self._final_module
        self._finalized = True


@register_pass(mutates_CFG=True, analysis_only=False)
class _LowerToParts(NativeLowering):
    """Makes the code of a kernel, for its callers to take in."""

    _name = "lower_to_parts"

    def run_pass(self, state: Any) -> bool:
        state.library = _PartsOfEntries(state.targetctx.codegen(), state.func_id.func_qualname)
        super().run_pass(state)
        lowered = state.cr
        # Callers find the code by an object that stands for it.
        key = object()
        state.targetctx.insert_user_function(key, lowered.fndesc, [state.library])
        state.cr = lowered._replace(cfunc=key)
        return True


class _CompilerOfParts(CompilerBase):
    """Of kernels, which are inlined into entries.

    numba would optimise each and make machine code of it, down to the last inner function: two thirds of the
    time that an entry takes to compile.
    """

    def define_pipelines(self) -> list[Any]:
        passes = DefaultPassBuilder.define_nopython_pipeline(self.state)
        # What numba does to expressions of whole arrays, and to functions within a function, takes its time
        # where there are none.
        idle: set[Any] = {NopythonRewrites}
        if not any(isinstance(constant, CodeType) for constant in self.state.func_id.code.co_consts):
            idle.add(InlineClosureLikes)
        passes.passes = [
            (_LowerToParts, name) if step is NativeLowering else (step, name)
            for step, name in passes.passes
            if step not in idle
        ]
        passes._finalized = False
        passes.finalize()
        return [passes]


def _remember_types_of_operations() -> None:
    """Let numba find the type of an operation on numbers once, and not anew wherever there is one.

    Each takes it through a hundred candidates: a tenth of the time that an entry took to compile.
    """
    functions: Any = types.functions.BaseFunction
    find, found = functions.get_call_type, WeakKeyDictionary[Any, dict[Any, Any]]()

    def get_call_type(self: Any, context: Any, args: Any, kws: Any) -> Any:
        if kws or not all(isinstance(type_, (types.Number, types.Boolean)) for type_ in args):
            return find(self, context, args, kws)
        known, key = found.setdefault(self, {}), (context, tuple(args))
        if key in known:
            return known[key]
        signature = find(self, context, args, kws)
        # An operation that is a function itself is compiled for whoever calls it, by its flags too.
        if self.get_impl_key(signature) is self.typing_key:
            known[key] = signature
        return signature

    functions.get_call_type = get_call_type


_remember_types_of_operations()


def kernel(function: Callable) -> Any:
    """Decorator of a function that is compiled into its callers.

    It is compiled without the code that unpacks its arguments from Python: where they are records of many
    arrays that is half of what there would be to compile. Called from Python, as tests do, it is compiled
    into another function that does nothing but call it.
    """
    return _inlined(function, {})


def over_lanes(function: Callable) -> Any:
    """Decorator of a `kernel` that is a loop without branches over the histories that are side by side.

    No two arrays of its arguments may overlap: the compiler is told so, for else it could not read tables for
    several histories at once. Records are to be given to it by value (`mc.kernels.reference`).
    """
    return _inlined(function, {"noalias": True})


def _inlined(function: Callable, flags: dict[str, Any]) -> Any:
    bare: Any = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "no_compile": True}
    bare |= {"pipeline_class": _CompilerOfParts, **INLINED, **_FLAGS, **flags}
    inner: Any = numba.njit(**bare)(function)

    @numba.njit(**_FLAGS)
    def from_python(*arguments):  # type: ignore[no-untyped-def]
        return inner(*arguments)

    def add_overload(compiled: Any) -> None:
        # Kernels find it here. What Python looks up is left alone, for there is nothing it could call.
        inner.overloads[tuple(compiled.signature.args)] = compiled

    def for_any_value(args: Any, kws: Any) -> Any:
        of_keywords = {name: types.unliteral(type_) for name, type_ in kws.items()}
        return template([types.unliteral(type_) for type_ in args], of_keywords)

    if inner is not function:  # as it is where numba is told to compile nothing
        inner.add_overload, inner._compile_for_args = add_overload, lambda *arguments: from_python
        # numba would compile it once more for each constant that it is called with.
        template, inner.get_call_template = inner.get_call_template, for_any_value
    return inner


# What makes a file one that is compiled: it imports one of these.
_COMPILES = {"kernel", "over_lanes", "entry", "vector_field"}
_PACKAGE = Path(__file__).resolve().parent.parent


# To parse files takes ten times as long, at every start.
_IMPORT = re.compile(r"^from (\.+)([\w.]*) import (\([^)]*\)|[^\n]*)", re.MULTILINE)


def _imports(source: Path) -> Iterator[tuple[Path, str]]:
    """(file or folder, name) for each name that a file imports from its own package, at its top level."""
    for dots, module, names in _IMPORT.findall(source.read_text(encoding="utf-8")):
        where = source.parents[len(dots) - 1].joinpath(*module.split("."))
        yield from ((where, name) for name in re.findall(r"\w+", re.sub(r"#.*|\bas \w+", "", names)))


def compiled_sources(package: Path = _PACKAGE) -> list[Path]:
    """The files whose functions are compiled, and what they import: all that a compiled kernel depends on.

    Found in the whole tree below the folders `fields`, `mc` and `maps`; only these may hold kernels that are
    cached.
    """
    files = (path for folder in ("fields", "mc", "maps") for path in (package / folder).rglob("*.py"))
    # Most mention none of it.
    mentioned = (path for path in files if re.search(rb"(_jit|vectors) import", path.read_bytes()))
    found = {path for path in mentioned if any(name in _COMPILES for _, name in _imports(path))}
    waiting = list(found)
    while waiting:
        for where, name in _imports(waiting.pop()):
            for imported in (where.with_suffix(".py"), where / f"{name}.py"):
                if imported.is_file() and imported not in found:
                    found.add(imported)
                    waiting.append(imported)
    return sorted(found)


def cache_key(package: Path = _PACKAGE) -> str:
    """Hash of all that compiled kernels depend on: their sources, numba's version and its flags."""
    digest = hashlib.sha256(f"numba {numba.__version__} fast {_FAST}".encode())
    for source in compiled_sources(package):
        digest.update(str(source.relative_to(package)).encode() + source.read_bytes())
    return digest.hexdigest()[:16]


@cache
def cache_directory() -> Path:
    """Where compiled kernels are kept: one directory per `cache_key`, in the first place that can be written.

    In $NUMBA_CACHE_DIR, $XDG_CACHE_HOME, or ~/.cache; else in a temporary folder of this process.
    """
    for base in _cache_bases():
        folder = base / "crhalo" / _kernels()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return folder
        except OSError:
            continue
    print(
        "crhalo: there is no folder to keep compiled kernels in, so that every start compiles them anew; set "
        "XDG_CACHE_HOME to one that can be written",
        file=sys.stderr,
    )
    temporary = Path(tempfile.mkdtemp(prefix="crhalo-"))
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    return temporary


def _cache_bases() -> Iterator[Path]:
    """Where the user, or the system, wants caches to be."""
    for name in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME"):
        if os.environ.get(name):
            yield Path(os.environ[name])
    with suppress(RuntimeError):  # of a user without a home
        yield Path.home() / ".cache"


def _kernels() -> str:
    return f"kernels-{cache_key()}"


def _without_collection(entry: Any) -> Any:
    """An entry that is compiled without looking for garbage: a sixth of the time, and there is little."""
    compile_for = getattr(entry, "_compile_for_args", None)
    if compile_for is None:  # where numba is told to compile nothing
        return entry

    def compiled(*arguments: Any, **keywords: Any) -> Any:
        collects = gc.isenabled()
        gc.disable()
        try:
            return compile_for(*arguments, **keywords)
        finally:
            if collects:
                gc.enable()

    entry._compile_for_args = compiled
    return entry


def entry(cached: bool = True) -> Callable[[Callable], Callable]:
    """Decorator of an outermost kernel: compiled without the GIL and cached on disk.

    Parameters
    ----------
    cached : bool
        False for a kernel that takes records of the user's own: numba's index of what is cached names their
        types, and breaks for all where those cannot be imported.
    """

    def decorate(function: Callable) -> Callable:
        if not cached:
            return _without_collection(numba.njit(nogil=True, **_FLAGS)(function))
        config: Any = numba.config
        before, config.CACHE_DIR = config.CACHE_DIR, str(cache_directory())
        try:
            return _without_collection(numba.njit(cache=True, nogil=True, **_FLAGS)(function))
        finally:
            config.CACHE_DIR = before

    return decorate


def _prefetch(_: Any, array: Any, index: Any) -> Any:
    """In kernels: ask memory for an element of an array, by unsigned indices, and wait for nothing."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        values, at = arguments
        source = make_array(array)(context, builder, values)
        place = get_item_pointer(context, builder, array, source, unpack_tuple(builder, at))
        pointer, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [pointer, number, number, number])
        function = get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        # To be read, and kept near.
        builder.call(function, [builder.bitcast(place, pointer), number(0), number(3), number(1)])
        return context.get_dummy_value()

    return types.void(array, index), generate


prefetch: Any = intrinsic(_prefetch)


@cache
def machine() -> dict[str, str]:
    """What the last bits of a result depend on besides its scenario: processor and versions."""
    import platform
    from importlib.metadata import version

    from numba.core.registry import cpu_target

    config: Any = numba.config
    # What numba compiles for: the environment may tell it otherwise than the processor is.
    _, processor, features = cpu_target.target_context.codegen().magic_tuple()
    how = f"{features} opt {config.OPT} svml {config.USING_SVML} jit {not config.DISABLE_JIT}"
    return {
        "processor": f"{platform.machine()} {processor}",
        "features": hashlib.sha256(how.encode()).hexdigest()[:16],
        "kernels": _kernels(),
        **{name: version(name) for name in ("numba", "llvmlite", "numpy", "scipy", "aafragpy")},
    }
