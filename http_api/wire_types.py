"""The wire protocol's structs as fields of the API's models: declared once, in ``copilot.wire``.

Pydantic passes an instance through and hands it to msgspec to be encoded. In a JSON Schema the
field is marked, and ``http_api.openapi`` puts the struct's own schema there.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from copilot import wire

MARK = "x-wire"
"""Key of the marker in a JSON Schema; its value is the name of the struct."""


class _Struct:
    """Teaches Pydantic one msgspec struct."""

    def __init__(self, struct: type[msgspec.Struct]) -> None:
        self._struct = struct

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.is_instance_schema(
            self._struct,
            serialization=core_schema.plain_serializer_function_ser_schema(msgspec.to_builtins),
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {MARK: self._struct.__name__}


Source = Annotated[wire.Source, _Struct(wire.Source)]
End = Annotated[wire.End, _Struct(wire.End)]
