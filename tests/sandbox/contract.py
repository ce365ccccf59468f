"""Whether a piece of JSON has the shape that Stripe's OpenAPI description gives it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

DESCRIPTION: dict[str, Any] = json.loads(Path(__file__).with_name("stripe.json").read_text())
TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


def faults_of(thing: Any, kind: str) -> list[str]:
    """What is wrong with an object of a kind; nothing when it is as described."""
    return list(_faults(thing, DESCRIPTION["schemas"][kind], kind))


def faults_of_request(form: dict[str, Any], path: str) -> list[str]:
    """Which parameters of a request (a tree) Stripe does not know, or not so."""
    return list(_faults(form, DESCRIPTION["requests"][path], path, is_form=True))


def _faults(thing: Any, said: dict[str, Any], where: str, *, is_form: bool = False) -> list[str]:
    if "$ref" in said:
        return _faults(thing, DESCRIPTION["schemas"][said["$ref"]], where)
    if thing is None:
        return [] if said.get("nullable") or not said else [f"{where} is null"]
    if "anyOf" in said:
        tried = [_faults(thing, one, where, is_form=is_form) for one in said["anyOf"]]
        return [] if [] in tried else min(tried, key=len)
    if not _is_of_type(thing, said.get("type"), is_form=is_form):
        return [f"{where} is a {type(thing).__name__}, not {said['type']}"]
    if isinstance(thing, list):
        below = said.get("items", {})
        numbered = enumerate(thing)
        return [
            fault
            for number, one in numbered
            for fault in _faults(one, below, f"{where}[{number}]", is_form=is_form)
        ]
    if isinstance(thing, dict):
        return _faults_within(thing, said, where, is_form=is_form)
    is_listed = "enum" not in said or thing in said["enum"]
    is_short = not isinstance(thing, str) or len(thing) <= said.get("maxLength", len(thing))
    return [] if is_listed and is_short else [f"{where} is {thing!r}"]


def _faults_within(
    thing: dict[str, Any], said: dict[str, Any], where: str, *, is_form: bool
) -> list[str]:
    known = said.get("properties")
    if known is None:
        return []
    missing = [name for name in said.get("required", []) if name not in thing]
    faults = [f"{where}.{name} is missing" for name in missing]
    for name, below in thing.items():
        if name not in known:
            faults.append(f"{where}.{name} is unknown")
        else:
            faults += _faults(below, known[name], f"{where}.{name}", is_form=is_form)
    return faults


def _is_of_type(thing: Any, wanted: str | None, *, is_form: bool) -> bool:
    if wanted is None:
        return True
    if is_form and wanted in {"integer", "boolean", "number"}:
        return isinstance(thing, str) and (thing.isdecimal() or thing in {"true", "false"})
    if isinstance(thing, bool):
        return wanted == "boolean"
    return isinstance(thing, TYPES[wanted])
