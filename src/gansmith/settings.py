"""The one shape of every configuration: frozen, no unknown fields, errors that offer the nearest name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from gansmith.errors import UsageError, closest


class Settings(BaseModel):
    """Base of all configuration models. A field's description is its help text everywhere."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """Build from plain values (strings are converted); raises UsageError naming each fault."""
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise UsageError("\n".join(_fault(cls, fault) for fault in error.errors())) from None

    def changed(self, **values: Any) -> Self:
        """A copy with some fields replaced, checked again."""
        return type(self).read({**self.model_dump(), **values})


def _fault(cls: type[Settings], fault: Any) -> str:
    name = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        return f"There is no option '{name}'. {closest(name, cls.model_fields)}"
    return f"'{name}' cannot be {fault['input']!r}: {fault['msg']}."
