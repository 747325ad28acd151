"""The one shape of every configuration: frozen, no unknown fields, errors that offer the nearest name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from gansmith.errors import UsageError, closest


class Settings(BaseModel):
    """Base of all configuration models. A field's description is its help text everywhere.

    prefixes: other spellings of fields, e.g. {"discriminator.": "d_"} lets `discriminator.lr` mean `d_lr`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    prefixes: ClassVar[Mapping[str, str]] = {}

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """Build from plain values (strings are converted); raises UsageError naming each fault."""
        try:
            return cls.model_validate(cls.plain(values))
        except ValidationError as error:
            raise UsageError("\n".join(_fault(cls, fault) for fault in error.errors())) from None

    @classmethod
    def plain(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """The same values by the fields' own names; raises UsageError for a field given under both its names."""
        spellings, known = cls.spellings(), {}
        for spelling, value in values.items():
            name = spellings.get(spelling, spelling)
            if name in known:
                raise UsageError(f"'{spelling}' is given twice.", why=f"it is another name of '{name}'")
            known[name] = value
        return known

    @classmethod
    def spellings(cls) -> dict[str, str]:
        """Every dotted name -> the field it means."""
        return {
            dotted + name.removeprefix(start): name
            for dotted, start in cls.prefixes.items()
            for name in cls.model_fields
            if name.startswith(start)
        }

    def changed(self, **values: Any) -> Self:
        """A copy with some fields replaced, checked again."""
        return type(self).read({**self.model_dump(), **self.plain(values)})


def _fault(cls: type[Settings], fault: Any) -> str:
    name = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        return f"There is no option '{name}'. {closest(name, cls.spellings() if '.' in name else cls.model_fields)}"
    return f"'{name}' cannot be {fault['input']!r}: {fault['msg']}."
