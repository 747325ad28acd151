"""run.json: everything a run was started with, enough to build its networks without the data."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from gansmith.data.options import DataOptions
from gansmith.data.spec import DataSpec
from gansmith.runs.folder import SCHEMA
from gansmith.settings import Settings


class RunConfig(Settings):
    """Written once when a run begins; `images` and `duration` change when it is prolonged."""

    schema_version: int = SCHEMA
    version: str = Field(description="gansmith that wrote it")
    source: str = Field(description="where the data lies")
    options: DataOptions
    spec: DataSpec
    family: str
    settings: dict[str, Any] = Field(description="the family's settings, complete")
    images: int = Field(ge=1, description="images of training in all")
    parts: int = Field(1, ge=1, description="pieces each batch is cut into to save memory")
    duration: str = Field(description="length as it was asked for")
    seed: int = 0
    device: str = "cpu"
    precision: str = "32"
    compile: bool = Field(False, description="whether networks are compiled")
    remedies: Literal["off", "suggest", "auto"] = Field("suggest", description="what is done about findings")
    guard: tuple[str, ...] = Field(default=(), description="ailments treated even where remedies are only suggested")
    facts: dict[str, float] = Field(default_factory=dict, description="what the doctor should know of the data")
    plan: tuple[str, ...] = Field(default=(), description="what was chosen and why")
    machine: dict[str, Any] = Field(default_factory=dict, description="what exactness depends on")
