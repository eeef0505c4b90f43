"""Answers of an OpenSubsonic server, held against the published schema where somebody has it.

DEEJAI_TEST_OPENSUBSONIC names the folder `openapi` of https://github.com/opensubsonic/open-subsonic-api.
"""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

SCHEMA = os.environ.get("DEEJAI_TEST_OPENSUBSONIC")


def check(endpoint: str, answer: dict[str, Any]) -> None:
    """Raises jsonschema's ValidationError if this is no answer of that endpoint."""
    if SCHEMA:
        _validator(endpoint).validate(answer)


@cache
def _validator(endpoint: str):
    import jsonschema
    from referencing import Registry, Resource
    from referencing.jsonschema import DRAFT7

    def retrieve(uri: str) -> Resource:
        text = Path(uri.removeprefix("file://")).read_text()
        return DRAFT7.create_resource(json.loads(text))

    description = Path(SCHEMA).absolute() / "endpoints" / f"{endpoint}.json"
    content = json.loads(description.read_text())["get"]["responses"]["200"]
    if "$ref" in content:
        description = (description.parent / content["$ref"]).resolve()
        content = json.loads(description.read_text())
    schema = content["content"]["application/json"]["schema"]["$ref"]
    wanted = {"$ref": f"file://{(description.parent / schema).resolve()}"}
    return jsonschema.Draft7Validator(wanted, registry=Registry(retrieve=retrieve))
