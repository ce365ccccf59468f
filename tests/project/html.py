"""What is wrong with a page, by the house rules for HTML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

LABELLED = {"input", "select", "textarea"}
NEEDS_NO_LABEL = {"hidden", "submit", "button", "image", "reset"}
ADDRESSES = {"href", "src", "action", "formaction", "hx-get", "hx-post", "poster", "data", "srcset"}
OWN_SCHEMES = {"", "tel", "mailto"}
DATA_ONLY = {"application/json", "application/ld+json"}


@dataclass
class _Form:
    is_post: bool
    has_token: bool = False


@dataclass
class _Control:
    id: str
    what: str
    has_name: bool


@dataclass
class Markup(HTMLParser):
    """Reads a page and remembers what the rules are about."""

    html: str
    faults: list[str] = field(default_factory=list)
    headings: int = 0
    title: str = ""
    ids: Counter[str] = field(default_factory=Counter)
    labels: set[str] = field(default_factory=set)
    controls: list[_Control] = field(default_factory=list)
    forms: list[_Form] = field(default_factory=list)
    referred: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[str] = []
        self.feed(self.html)
        self.faults += self._of_the_whole()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._open.append(tag)
        self.headings += tag == "h1"
        if "id" in given:
            self.ids[given["id"]] += 1
        self._check_attributes(tag, given)
        if tag == "form":
            self.forms.append(_Form(given.get("method", "get").lower() == "post"))
        if tag == "label" and given.get("for"):
            self.labels.add(given["for"])
        if given.get("name") == "csrf_token" and self.forms:
            self.forms[-1].has_token = True
        if tag in LABELLED and given.get("type") not in NEEDS_NO_LABEL:
            named = "aria-label" in given or "aria-labelledby" in given or "label" in self._open
            what = f"<{tag} name={given.get('name')}>"
            self.controls.append(_Control(given.get("id", ""), what, named))
        for name in ("for", "aria-labelledby", "aria-describedby", "aria-controls"):
            self.referred += [(name, target) for target in given.get(name, "").split()]
        if tag in {"input", "meta", "link", "br", "hr", "img", "path", "use", "source"}:
            self._open.pop()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if self._open and self._open[-1] == tag:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "title" and "svg" not in self._open:
            self.title += data.strip()
        if self._open and self._open[-1] == "script" and data.strip():
            self.faults.append(f"inline script: {data.strip()[:60]}")

    def _check_attributes(self, tag: str, given: dict[str, str]) -> None:
        if tag == "style" or "style" in given:
            self.faults.append(f"inline style in <{tag}>")
        for name, value in given.items():
            if name.startswith(("on", "hx-on")) or value.strip().lower().startswith("javascript:"):
                self.faults.append(f"script in an attribute: {name}={value[:40]}")
            if name in ADDRESSES and not _is_own(value):
                self.faults.append(f"another origin: {name}={value[:80]}")
        if tag == "img" and "alt" not in given:
            self.faults.append("a picture without alt")
        if (
            tag == "a"
            and given.get("target") == "_blank"
            and "noopener" not in given.get("rel", "")
        ):
            self.faults.append("target=_blank without rel=noopener")

    def _of_the_whole(self) -> Iterator[str]:
        yield from (f"id {name} is there {n} times" for name, n in self.ids.items() if n > 1)
        for control in self.controls:
            if not control.has_name and control.id not in self.labels:
                yield f"no label for {control.what}"
        for form in self.forms:
            if form.is_post and not form.has_token:
                yield "a form without its token"
        for name, target in self.referred:
            if target not in self.ids:
                yield f"{name} leads to #{target}, which is not there"


def faults_of_page(html: str) -> list[str]:
    """What is wrong with a whole page."""
    markup = Markup(html)
    if markup.headings != 1:
        markup.faults.append(f"{markup.headings} h1 headings")
    if not markup.title:
        markup.faults.append("no title")
    if not html.lstrip().lower().startswith("<!doctype html>") or '<html lang="' not in html:
        markup.faults.append("no doctype or no language")
    return markup.faults


def faults_of_fragment(html: str) -> list[str]:
    """What is wrong with a part of a page; it may refer to ids outside of it."""
    return [fault for fault in Markup(html).faults if "which is not there" not in fault]


def _is_own(address: str) -> bool:
    parts = urlsplit(address.strip())
    is_own_calendar = parts.scheme == "webcal" and parts.path.startswith("/calendar/")
    return is_own_calendar or (parts.scheme in OWN_SCHEMES and not parts.netloc)
