"""A hook of drf-spectacular that merges django-allauth's OpenAPI document into Roomwire's.

Its components get a prefix, because both documents have a `User`. Its operations get ids, which they lack, and the
problems that the wrapper in api/factors/door.py may answer with.
"""

import json
import re
from typing import Any

from allauth.headless.spec.internal.schema import get_schema

_PREFIX = "/_allauth/app/v1/"
_COMPONENT = re.compile(r'"#/components/(\w+)/(\w+)"')
# Matches the UUIDs of allauth's examples, which are random in each document.
_UUID = re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b")
_SOMEBODY = "01a20586-820e-7cef-863d-93885f4d5a94"
_PROBLEMS = {
    "401": "No access token, or one that is wrong, expired or revoked; or allauth's answer that more has to be proved.",
    "429": "Too many attempts.",
    "503": "The database or Redis did not answer.",
}


def merge(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    theirs = _theirs()
    paths = {
        path: {method: _operation(path, method, each) for method, each in operations.items()}
        for path, operations in theirs["paths"].items()
    }
    for kind, name in _used(paths, theirs["components"]):
        result["components"].setdefault(kind, {})[f"Allauth{name}"] = theirs["components"][kind][name]
    result["paths"] |= paths
    result["tags"].append({"name": "allauth", "description": "Second factors, passkeys and social login."})
    return result


def _theirs() -> dict[str, Any]:
    text = _UUID.sub(_SOMEBODY, json.dumps(get_schema(), default=str))
    document: dict[str, Any] = json.loads(_COMPONENT.sub(r'"#/components/\1/Allauth\2"', text))
    return document


def _used(paths: dict[str, Any], components: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the components that the paths refer to, directly or through other components. The others belong to
    endpoints of allauth that have no URL here."""
    used: set[tuple[str, str]] = set()
    new = _references(paths)
    while new:
        used |= new
        new = _references([components[kind][name] for kind, name in new]) - used
    return sorted(used)


def _references(part: Any) -> set[tuple[str, str]]:
    found = _COMPONENT.findall(json.dumps(part))
    return {(kind, name.removeprefix("Allauth")) for kind, name in found if name.startswith("Allauth")}


def _operation(path: str, method: str, theirs: dict[str, Any]) -> dict[str, Any]:
    words = re.sub(r"\W+", "_", path.removeprefix(_PREFIX))
    reference = {"schema": {"$ref": "#/components/schemas/Problem"}}
    problems = {
        status: {"description": text, "content": {"application/problem+json": reference}}
        for status, text in _PROBLEMS.items()
    }
    return theirs | {
        "operationId": f"allauth_{words}_{method}",
        "tags": ["allauth"],
        "security": [{"bearer": []}, {}],
        "responses": dict(sorted((problems | theirs["responses"]).items())),
    }
