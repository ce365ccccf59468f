"""A browser without JavaScript for tests: it reads pages, fills in their forms and submits them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.accounts import sessions
from app.accounts.sessions import Device
from app.extensions import db
from app.models import User

ORIGIN = "http://127.0.0.1"
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


@dataclass
class Form:
    """One form of a page, with the values that it would send as it stands."""

    method: str
    action: str
    values: dict[str, Any] = field(default_factory=dict)  # a list for several ticks of a name
    buttons: list[tuple[str, str]] = field(default_factory=list)


class Page(HTMLParser):
    """A page's forms and text."""

    def __init__(self, response: TestResponse) -> None:
        super().__init__()
        self.status = response.status_code
        self.html = response.text
        self.address = response.request.path
        self.location = response.headers.get("Location", "")
        self.forms: list[Form] = []
        self._textarea: str | None = None
        self._select: str | None = None
        self._words: list[str] = []
        self.feed(self.html)

    @property
    def text(self) -> str:
        """What one reads, in one line."""
        return re.sub(r"\s+", " ", " ".join(self._words)).strip()

    def form(self, action: str) -> Form:
        """The first form whose action ends like this."""
        return next(form for form in self.forms if form.action.endswith(action))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            action = given.get("action") or self.address
            self.forms.append(Form(given.get("method", "get").lower(), action))
        name = given.get("name", "")
        if tag == "option" and self._select and self.forms:
            self._choose(self._select, given)
        if not self.forms or not name:
            return
        form = self.forms[-1]
        if tag == "input" and given.get("type") in {"checkbox", "radio"}:
            if "checked" in given:
                self._tick(name, given.get("value", "on"))
        elif tag == "input":
            form.values[name] = given.get("value", "")
        elif tag == "button":
            form.buttons.append((name, given.get("value", "")))
        elif tag == "textarea":
            self._textarea = name
            form.values[name] = ""
        elif tag == "select":
            self._select = name

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._textarea = None
        elif tag == "select":
            self._select = None

    def _tick(self, name: str, value: str) -> None:
        values = self.forms[-1].values
        known = values.get(name)
        values[name] = (
            value if known is None else [*([known] if isinstance(known, str) else known), value]
        )

    def _choose(self, name: str, option: dict[str, str]) -> None:
        """A list sends its chosen option, or else its first."""
        values = self.forms[-1].values
        if "selected" in option or name not in values:
            values[name] = option.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.forms[-1].values[self._textarea] += data
        self._words.append(data)


class Visitor:
    """Somebody at a browser without JavaScript."""

    def __init__(self, client: FlaskClient, user_id: int | None = None) -> None:
        self.client = client
        if user_id is not None:
            self.sign_in(user_id)

    def sign_in(self, user_id: int) -> None:
        """Be signed in, without going through the login page."""
        with self.client.application.app_context():
            user = db.session.get_one(User, user_id)
            token = sessions.start(user, Device("a test", "127.0.0.1"))
        with self.client.session_transaction(base_url=ORIGIN) as session:
            session["_user_id"] = token

    def get(self, address: str, **headers: str) -> Page:
        return Page(self.client.get(address, base_url=ORIGIN, headers=headers))

    def post(self, address: str, values: dict[str, str], **headers: str) -> Page:
        """Post values as they are, with no help from a page."""
        return Page(self.client.post(address, data=values, base_url=ORIGIN, headers=headers))

    def submit(self, form: Form, *, follow: bool = True, **values: Any) -> Page:
        """Submit a form with some of its values changed; lands where the answer leads."""
        response = self.client.open(
            form.action,
            method=form.method.upper(),
            data=form.values | values,
            base_url=ORIGIN,
            follow_redirects=follow,
        )
        return Page(response)
