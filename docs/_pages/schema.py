"""docs/report.schema.json: the JSON Schema of the report, from the model."""

import json
from typing import Any, get_args

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from zeeksmtp.model import Moment, Report, Shape

PAGE = "report.schema.json"
# The serializer by which a time is known for what it is.
_MOMENT = get_args(Moment)[1].func


class _Published(GenerateJsonSchema):
    """Times have the format of times, every key is required, and a version may gain keys."""

    def ser_schema(self, schema: Any) -> JsonSchemaValue | None:
        if schema.get("function") is _MOMENT:
            return {"type": "string", "format": "date-time"}
        return super().ser_schema(schema)

    def field_is_required(self, field: Any, total: bool) -> bool:  # noqa: ARG002 - named by the base class
        return True

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - named by the base class
        return False

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        return _open(super().model_schema(schema))

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])


def _open(shape: JsonSchemaValue) -> JsonSchemaValue:
    """A reader with this schema must go on accepting reports of a later version."""
    return {key: value for key, value in shape.items() if key not in {"additionalProperties", "title"}}


def published(model: type[Shape], title: str) -> dict[str, Any]:
    """Return the schema of a shape as it is written."""
    body = model.model_json_schema(by_alias=True, mode="serialization", schema_generator=_Published)
    return {"$schema": _Published.schema_dialect, "title": title} | body


def shape() -> dict[str, Any]:
    """Return the schema of the report as it is written."""
    return published(Report, "zeeksmtp.report.v2")


def page() -> str:
    """Return the schema as text."""
    return json.dumps(shape(), indent=1, ensure_ascii=False) + "\n"
