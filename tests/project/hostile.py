"""What people send who mean harm, or whose browser is broken."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable
from typing import Any

LONG = "9" * 10_000
PARTS = [
    "-1",
    "0",
    "2147483648",
    "9223372036854775808",
    "1e3",
    "0x1",
    "１",
    " 1",
    "1;--",
    "' OR 1=1--",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}",
    "..",
    "%2e%2e%2fetc%2fpasswd",
    "\u202etfel ot thgir",
    "🙂",
    "a" * 5000,
]
VALUES = [
    *PARTS,
    "",
    "true",
    "null",
    "[]",
    "01.02.2027",
    "0001-01-01",
    "9999-12-31",
    "1969-12-31",
    "2027-02-29",
    "2027-03-28T02:30",
    "2026-10-25T02:30",
    "24:00",
    "\x00",
    "a\x00b",
    "e\u0301" * 500,
    "\u200b",
    "a@x\r\nBcc: b@y",
    "=HYPERLINK(1)",
    "//evil.example",
    "https:evil.example",
    "/\\evil.example",
    "javascript:alert(1)",
    "Etc/../../passwd",
    "europe/berlin",
    "name desc,(select 1)",
    "%",
    "_",
    "!",
    LONG,
]
ALWAYS = {"page", "next", "q", "day", "ref", "version", "status", "role", "user_id", "sort"}
NAMES = re.compile(
    r"""(?:args|form|values)(?:\.get\(|\[)\s*["'](\w+)["']"""
    r"""|^\s+(\w+)\s*=\s*\w*Field\(""",
    re.MULTILINE,
)


def fields_of(view: Callable[..., Any]) -> list[str]:
    """The fields that the module of a view reads, and some that none should."""
    source = inspect.getsource(sys.modules[inspect.unwrap(view).__module__])
    found = {name for pair in NAMES.findall(source) for name in pair if name}
    return sorted(found | ALWAYS)
