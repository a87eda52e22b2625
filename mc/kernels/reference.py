"""Records that kernels pass to one another by reference: a pointer in place of hundreds of numbers.

numba gives a record to a function entry by entry, and an array is seven of them. A `World` is five hundred,
in each call of two hundred kernels: a good part of the time that an entry took to compile. An entry takes the
record as it is and says `by_reference` once; what reads `record.name` below does not see a difference.
Entries that are records come by reference too, others are read where they are asked for.

References are for code without numba's counting of references, as entries are.
"""

from __future__ import annotations

import hashlib
from typing import Any

from numba import types
from numba.core import cgutils
from numba.core.datamodel.models import PrimitiveModel
from numba.core.imputils import lower_getattr_generic
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.extending import lower_builtin, register_model, type_callable


def by_reference(record: Any) -> Any:
    """In kernels: a record that is passed on as a pointer; it may not be returned."""
    return record


def by_value(record: Any) -> Any:
    """In kernels: the record that a reference points to, entry by entry."""
    return record


class Reference(types.Type):
    """A pointer to a record of the type `of`."""

    def __init__(self, of: Any) -> None:
        self.of = of
        # Its name is a part of the names of all functions that take it, and that of a record is long.
        super().__init__(f"{of.instance_class.__name__}_{hashlib.sha256(of.name.encode()).hexdigest()[:16]}")


@register_model(Reference)
class _Pointer(PrimitiveModel):
    def __init__(self, models: Any, reference: Reference) -> None:
        super().__init__(models, reference, models[reference.of].get_value_type().as_pointer())


def _referred(type_: types.Type) -> types.Type:
    return Reference(type_) if isinstance(type_, types.BaseNamedTuple) else type_


@type_callable(by_reference)
def _type_by_reference(_: Any) -> Any:
    return lambda record: _referred(record)


@lower_builtin(by_reference, types.BaseNamedTuple)
def _stored(_: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    return cgutils.alloca_once_value(builder, arguments[0])


@type_callable(by_value)
def _type_by_value(_: Any) -> Any:
    return lambda record: record.of if isinstance(record, Reference) else record


@lower_builtin(by_value, Reference)
def _loaded(_: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    return builder.load(arguments[0])


@lower_builtin(by_reference, types.Any)
@lower_builtin(by_value, types.Any)
def _as_it_is(_: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    return arguments[0]


@infer_getattr
class _Entries(AttributeTemplate):
    key = Reference

    def generic_resolve(self, reference, attr):  # type: ignore[no-untyped-def, override]
        of = reference.of
        return _referred(of[of.fields.index(attr)]) if attr in of.fields else None


@lower_getattr_generic(Reference)
def _entry(_: Any, builder: Any, reference: Reference, pointer: Any, name: str) -> Any:
    index = reference.of.fields.index(name)
    place = cgutils.gep_inbounds(builder, pointer, 0, index)
    return place if isinstance(reference.of[index], types.BaseNamedTuple) else builder.load(place)
