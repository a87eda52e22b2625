"""All that is known of numba-cuda; the rest of this folder can be imported without it.

Kernels are the same functions as for the processor: numba-cuda compiles what `fields._jit` has decorated. Of
its flags it takes none, for any fast mathematics would be all of it, and that deletes the checks that catch
a lost particle. What numba-cuda has no translation of is added here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from ...fields.exceptions import UserError
from ..kernels.reference import by_reference, by_value

# numba has a GPU target of its own, which is older and does not compile these kernels.
INSTALLED = find_spec("numba_cuda") is not None
THREADS = 64
"""Threads of a block of threads: few, since a particle needs many registers."""

cuda: Any = None
SIMULATED = False
if INSTALLED:
    from numba import cuda  # type: ignore[no-redef]

    SIMULATED = bool(cuda.config.ENABLE_CUDASIM)


def check_device() -> None:
    """Refuse (`UserError`) a machine on which nothing can be followed on a GPU."""
    if not INSTALLED:
        raise UserError("--device cuda: numba-cuda is not installed; allowed: with the extra crhalo[cuda]")
    if not cuda.is_available():
        raise UserError("--device cuda: no GPU that numba-cuda can use; allowed: where there is one")


def device_name() -> str:
    """The name of the GPU, with its capability; "simulator" without one."""
    if SIMULATED:
        return "simulator"
    device = cuda.get_current_device()
    name = device.name.decode() if isinstance(device.name, bytes) else str(device.name)
    return f"{name} {'.'.join(map(str, device.compute_capability))}"


class _Nothing:
    """Lets kernels have arguments that are None, for which code is not compiled."""

    def prepare_args(self, type_: Any, value: Any, **_: Any) -> tuple[Any, Any]:
        from numba import types

        return (types.CPointer(types.uint8), 0) if value is None else (type_, value)


def launched(function: Callable) -> Any:
    """Decorator of what is launched on a GPU: called as `function[blocks, threads](...)`."""
    if not INSTALLED:
        return function
    return cuda.jit(**({} if SIMULATED else {"extensions": [_Nothing()]}))(function)


def inner(function: Callable) -> Any:
    """Decorator of what launched functions call, beside kernels."""
    return cuda.jit(device=True)(function) if INSTALLED else function


def overloaded(function: Callable) -> Callable[[Callable], Callable]:
    """Decorator of what chooses the code of a function by the types of its arguments, on a GPU alone."""
    if not INSTALLED or SIMULATED:
        return lambda chooses: chooses
    from numba.cuda import extending

    has: Any = extending  # mypy sees the target that comes with numba
    decorate: Callable[[Callable], Callable] = has.overload(function, target="cuda")
    return decorate


@overloaded(by_reference)
@overloaded(by_value)
def _as_it_is(record):  # type: ignore[no-untyped-def]
    return lambda record: record


def on_device(record: Any) -> Any:
    """A record with its arrays copied to the GPU; the simulator takes them as they are."""
    if SIMULATED:
        return record
    return _each(record, lambda part: cuda.to_device(part) if isinstance(part, np.ndarray) else part)


def on_host(record: Any) -> Any:
    """A record with its arrays copied back."""
    return _each(record, lambda part: part.copy_to_host() if hasattr(part, "copy_to_host") else part)


def _each(record: Any, convert: Callable[[Any], Any]) -> Any:
    """A record of the same type, with all that is in it, and in records within it, converted."""
    if isinstance(record, tuple):
        return tuple.__new__(type(record), [_each(part, convert) for part in record])
    return convert(record)


def launch(function: Any, shape: tuple[int, int] | None, particles: int, *arguments: Any) -> None:
    """Launch and wait for the end; in a shape (blocks, threads) if one is given."""
    function[shape or (math.ceil(particles / THREADS), THREADS)](*arguments)
    cuda.synchronize()


def _add_nearest_whole_number() -> None:
    """np.rint, as libdevice has it."""
    from llvmlite import ir
    from numba.core import cgutils
    from numba.cuda import ufuncs

    def loop(name: str, type_: Any) -> Callable:
        def lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            declared = ir.FunctionType(type_, [type_])
            return builder.call(cgutils.get_or_insert_function(builder.module, declared, name), arguments)

        return lower

    loops = {"d->d": loop("__nv_rint", ir.DoubleType()), "f->f": loop("__nv_rintf", ir.FloatType())}
    ufuncs.ufunc_db()[np.rint] = loops


def _leave_out_flags() -> None:
    """Compile what `fields._jit` has decorated without its flags; what others compile is left alone."""
    from numba.cuda import dispatcher

    Dispatcher: Any = dispatcher.CUDADispatcher
    begin = Dispatcher.__init__

    def without_flags(self: Any, function: Callable, targetoptions: dict, *args: Any, **how: Any) -> None:
        # A set of flags is ours: numba-cuda knows none but all or nothing.
        if isinstance(targetoptions.get("fastmath"), set):
            left_out = ("fastmath", "forceinline", "noalias", "no_compile")
            targetoptions = {name: flag for name, flag in targetoptions.items() if name not in left_out}
        begin(self, function, targetoptions, *args, **how)

    Dispatcher.__init__ = without_flags


if INSTALLED and not SIMULATED:
    _add_nearest_whole_number()
    _leave_out_flags()
