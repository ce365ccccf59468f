"""Stripe's form encoding: `line_items[0][price_data][currency]=eur` is a tree."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

PART = re.compile(r"\[([^\[\]]*)\]")


def tree_of(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The tree that pairs of names and values spell; lists where the keys are numbers."""
    tree: dict[str, Any] = {}
    for name, value in pairs:
        head, _, rest = name.partition("[")
        path = [head, *PART.findall("[" + rest)] if rest else [head]
        here = tree
        for position, part in enumerate(path[:-1]):
            key = part or str(len(here))
            below = here.setdefault(key, {})
            if not isinstance(below, dict):
                below = here[key] = {}
            here = below
            del position
        here[path[-1] or str(len(here))] = value
    return {key: _listed(value) for key, value in tree.items()}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value and all(key.isdecimal() for key in value):
        return [_listed(value[key]) for key in sorted(value, key=int)]
    return {key: _listed(below) for key, below in value.items()}
