"""Markdown into HTML that can do no harm, whoever wrote it.

Twice safe: the parser takes no HTML and only links that lead somewhere known, and what comes out
passes an allow-list. So this is the one place whose text a template shows without escaping it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

SCHEMES = {"http", "https", "mailto", "tel"}
TAGS = {
    "a", "blockquote", "br", "code", "em", "h2", "h3", "h4", "hr", "li", "ol", "p", "pre",
    "strong", "ul",
}  # fmt: skip
ATTRIBUTES = {"a": {"href"}, "ol": {"start"}}
SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
# The page has its own h1, so a text begins one level below.
HEADINGS = {"h1": "h2", "h2": "h2", "h3": "h3", "h4": "h4", "h5": "h4", "h6": "h4"}


@dataclass(frozen=True, slots=True)
class Html:
    """Markup that is safe to show as it is."""

    markup: str

    def __html__(self) -> str:
        return self.markup

    def __bool__(self) -> bool:
        return bool(self.markup)


def render(text: str) -> Html:
    """The text as HTML; pictures and what could do harm are left out."""
    parser = _parser()
    tokens = parser.parse(text)
    for token in tokens:
        token.tag = HEADINGS.get(token.tag, token.tag)
    return Html(
        nh3.clean(
            parser.renderer.render(tokens, parser.options, {}),
            tags=TAGS,
            attributes=ATTRIBUTES,
            url_schemes=SCHEMES,
            url_relative=_own_address,
            link_rel="noopener noreferrer",
        ).strip()
    )


def has_pictures(text: str) -> bool:
    """Whether the text asks for a picture."""
    return any(token.type == "image" for token in _all(_parser().parse(text)))


def may_link_to(address: str) -> bool:
    """Whether a text may lead there: the web, a mailbox, a telephone, or a page of this site."""
    scheme = SCHEME.match(address)
    if scheme:
        return scheme[1].lower() in SCHEMES
    return not address.startswith(("//", "/\\", "\\"))


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False})
    parser.validateLink = may_link_to  # type: ignore[method-assign, assignment]
    return parser


def _own_address(address: str) -> str | None:
    return address if may_link_to(address) else None


def _all(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _all(token.children or [])
