"""E-mail headers as the standard library writes them, in half of the time.

It parses each header of each e-mail, although most say the same in all of them, and makes a class
for each one. Here a class is made once for each name, and what was seen lately is not parsed again.

And a long address in a header stays whole.
"""

from __future__ import annotations

from email.headerregistry import BaseHeader, HeaderRegistry, UnstructuredHeader
from email.policy import SMTP
from functools import lru_cache
from typing import Any


class _AddressOfPage(UnstructuredHeader):
    """The standard library would fold a long address into encoded words, which mailboxes do not
    read in these headers (RFC 2369)."""

    name: str

    def fold(self, *, policy: Any) -> str:
        return f"{self.name}: {self}{policy.linesep}"


class _Headers(HeaderRegistry):
    def __init__(self) -> None:
        super().__init__()
        self.registry["list-unsubscribe"] = _AddressOfPage
        self._kind_of = lru_cache(maxsize=64)(super().__getitem__)
        self._parsed = lru_cache(maxsize=256)(super().__call__)

    def __getitem__(self, name: str) -> type[BaseHeader]:
        return self._kind_of(name)

    def __call__(self, name: str, value: Any) -> BaseHeader:
        return (
            self._parsed(name, value) if isinstance(value, str) else super().__call__(name, value)
        )


POLICY = SMTP.clone(header_factory=_Headers())
