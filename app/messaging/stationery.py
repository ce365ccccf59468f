"""The paper that letters are written on.

`templates/mail/<language>/<kind>.jinja` holds the words of a kind, once; it is laid out twice, as
text (`letter.txt`) and as HTML (`letter.html`). So the twins cannot differ, and what somebody has
typed is a value in both: it stays in its line, and is never markup.

A template has the blocks `subject`, `preview` (what a mailbox shows after the subject) and `body`,
and may have a `hello` of its own. Its body is made of parts: `{% call p() %}`, `{% call facts() %}`
with `{% call fact("When") %}` inside, `{% call buttons() %}` with `{% call button(address) %}`
inside (`primary=true` for the one that most people will want). A letter ends with `line`s and
`link`s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from app import formats
from app.messaging.plain import one_line, without_gaps

TEMPLATES = Path(__file__).resolve().parent.parent / "templates" / "mail"
FALLBACK = "en"

Caller = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes along with a letter."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Sheet:
    """One letter, written down twice."""

    subject: str
    text: str
    html: str


def fill(kind: str, language: str, values: dict[str, Any]) -> Sheet:
    """The letter of a kind in a language, or in English where nobody has translated it."""
    language = language if language in languages_of(kind) else FALLBACK
    plain, rich = _paper(language, "letter.txt"), _paper(language, "letter.html")
    written = plain.get_template(f"{kind}.jinja").render(values | PLAIN_PARTS)
    subject, _, text = written.partition("\n")
    parts = rich.get_template("parts.html").make_module(values)
    rich_parts = {name: getattr(parts, name) for name in PLAIN_PARTS}
    html = rich.get_template(f"{kind}.jinja").render(values | rich_parts)
    return Sheet(one_line(subject), without_gaps(text), without_gaps(html))


@cache
def languages_of(kind: str) -> frozenset[str]:
    """The languages that a kind of letter can be written in."""
    return frozenset(path.parent.name for path in TEMPLATES.glob(f"*/{kind}.jinja"))


def _paragraph(caller: Caller) -> str:
    return f"{one_line(caller())}\n\n"


def _fact(label: str, caller: Caller) -> str:
    return f"  {label}: {one_line(caller())}\n"


def _facts(caller: Caller) -> str:
    return "\n".join(line for line in caller().split("\n") if line.strip()) + "\n\n"


def _button(address: str, caller: Caller, *, primary: bool = False) -> str:
    return f"{one_line(caller())}:\n{address}\n\n"


def _buttons(caller: Caller) -> str:
    return caller()


def _line(caller: Caller) -> str:
    return f"{one_line(caller())}\n"


def _link(address: str, caller: Caller) -> str:
    return f"{one_line(caller())}:\n{address}\n"


PLAIN_PARTS = {
    "p": _paragraph,
    "fact": _fact,
    "facts": _facts,
    "button": _button,
    "buttons": _buttons,
    "line": _line,
    "link": _link,
}


@cache
def _paper(language: str, layout: str) -> Environment:
    paper = Environment(
        loader=FileSystemLoader([TEMPLATES / language, TEMPLATES]),
        autoescape=layout.endswith(".html"),
        undefined=StrictUndefined,
        finalize=_in_its_line,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    paper.filters.update(formats.EXACT)
    paper.globals.update(layout=layout, language=language)
    return paper


def _in_its_line(value: Any) -> Any:
    return one_line(value) if isinstance(value, str) and not isinstance(value, Markup) else value
