"""Responses as clients read them: one description of each, as JSON or as XML."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any
from xml.etree import ElementTree

from deejai_core.errors import DeejaiError
from deejai_core.version import __version__

VERSION = "1.16.1"  # the version of the Subsonic API
NAMESPACE = "http://subsonic.org/restapi"
TEXT = "value"  # the key of a response that is an element's text in XML, not an attribute

GENERIC, MISSING, WRONG_LOGIN, NO_TOKEN, NO_SUCH_LOGIN, TWO_LOGINS, WRONG_KEY, FORBIDDEN, NOT_FOUND = (
    0, 10, 40, 41, 42, 43, 44, 50, 70,
)  # fmt: skip

_CALLBACK = re.compile(r"[A-Za-z_$][\w$]*(\.[A-Za-z_$][\w$]*)*", re.ASCII)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class SubsonicError(DeejaiError):
    """A request that fails, with one of the API's error codes; the message is one sentence for the client."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def succeeded(body: Mapping[str, Any]) -> dict[str, Any]:
    return {"status": "ok", **_SERVER, **body}


def failed(code: int, message: str) -> dict[str, Any]:
    return {"status": "failed", **_SERVER, "error": {"code": code, "message": message}}


_SERVER = {"version": VERSION, "type": "deejai", "serverVersion": __version__, "openSubsonic": True}


def encode(answer: Mapping[str, Any], format_: str, callback: str = "") -> tuple[bytes, str]:
    """Return a response's bytes and content type. format_: json, jsonp or xml; callback: for jsonp."""
    if format_ not in ("json", "jsonp"):
        root = _element("subsonic-response", {"xmlns": NAMESPACE, **answer})
        return ElementTree.tostring(root, "utf-8", xml_declaration=True), "text/xml; charset=utf-8"
    text = json.dumps({"subsonic-response": _without_none(answer)}, ensure_ascii=False).encode("utf-8", "replace")
    if format_ == "json":
        return text, "application/json"
    return f"{callback}(".encode() + text + b");", "application/javascript; charset=utf-8"


def is_callback(text: str) -> bool:
    return len(text) <= 100 and _CALLBACK.fullmatch(text) is not None


def iso(seconds: float) -> str:
    """Return a time, in seconds since 1970, as the API writes it; an impossible one becomes that of 1970."""
    try:
        moment = datetime.fromtimestamp(seconds, timezone.utc)
    except (OverflowError, OSError, ValueError):
        moment = datetime.fromtimestamp(0, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _element(name: str, value: Any) -> ElementTree.Element:
    element = ElementTree.Element(name)
    if not isinstance(value, Mapping):
        element.text = _text(value)
        return element
    for key, one in value.items():
        if one is None:
            continue
        if isinstance(one, Mapping):
            element.append(_element(key, one))
        elif isinstance(one, list | tuple):
            element.extend(_element(key, part) for part in one)
        elif key == TEXT:
            element.text = _text(one)
        else:
            element.set(key, _text(one))
    return element


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _NOT_XML.sub("\ufffd", str(value))


def _without_none(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_none(one) for key, one in value.items() if one is not None}
    if isinstance(value, list | tuple):
        return [_without_none(one) for one in value]
    return value
