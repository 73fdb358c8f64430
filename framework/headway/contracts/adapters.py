"""Types as pydantic reads and writes them; building that is a hundred times slower than using it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import TypeAdapter


@lru_cache(maxsize=512)
def adapter_of(hint: Any) -> TypeAdapter[Any]:
    """The adapter of a type; the same object for the same type.

    Args:
        hint: A class, or another type that can be hashed.
    """
    from pydantic import TypeAdapter

    return TypeAdapter(hint)
