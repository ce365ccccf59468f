"""The whole application with everybody in it, and a way to ask it anything as anybody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import select
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from app.extensions import db
from tests.pages import ORIGIN
from tests.project.cast import Cast, Person

PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}
FORM_SECRET = "what signs the forms of a test"
BOOKKEEPING = {"seen_at"}  # of a session: when somebody was last here


@dataclass(frozen=True, slots=True)
class House:
    app: Flask
    cast: Cast

    def rules(self, method: str | None = None) -> list[Rule]:
        """Every route, or those that answer to a method."""
        found = self.app.url_map.iter_rules()
        wanted = [rule for rule in found if method is None or method in (rule.methods or ())]
        return sorted(wanted, key=lambda rule: rule.endpoint)

    def browser(self, person: Person) -> FlaskClient:
        """A browser on which a person is signed in, with what its forms are signed with."""
        client = self.app.test_client()
        with client.session_transaction(base_url=ORIGIN) as session:
            session["csrf_token"] = FORM_SECRET
            if person is not Person.ANONYMOUS:
                session["_user_id"] = self.cast.tokens[person]
        return client

    def csrf(self) -> str:
        signer = URLSafeTimedSerializer(self.app.secret_key, salt="wtf-csrf-token")  # type: ignore[arg-type]
        return str(signer.dumps(FORM_SECRET))

    def address(self, rule: Rule, arguments: dict[str, Any]) -> str:
        """The path of a route with its arguments, quoted."""
        with self.app.test_request_context(base_url=ORIGIN):
            built = rule.build(arguments, append_unknown=False)
        assert built is not None, f"{rule.endpoint} cannot be built from {arguments}"
        return built[1]

    def ask(
        self,
        person: Person | FlaskClient,
        method: str,
        path: str,
        *,
        query: Any = None,
        form: Any = None,
        headers: dict[str, str] | None = None,
    ) -> TestResponse:
        """What somebody gets who sends this; forms are signed."""
        client = self.browser(person) if isinstance(person, Person) else person
        signed = {**form, "csrf_token": self.csrf()} if form is not None else None
        answer = client.open(
            path,
            method=method,
            query_string=query,
            data=signed,
            headers=headers,
            base_url=ORIGIN,
        )
        answer.get_data()
        answer.close()
        return answer

    def picture(self) -> dict[str, list[Any]]:
        """All rows of all tables, bookkeeping aside."""
        with self.app.app_context(), db.engine.connect() as connection:
            return {
                table.name: [
                    tuple(row)
                    for row in connection.execute(
                        select(*(c for c in table.c if c.name not in BOOKKEEPING)).order_by(
                            *table.primary_key
                        )
                    )
                ]
                for table in db.metadata.sorted_tables
            }


def differences(before: dict[str, list[Any]], after: dict[str, list[Any]]) -> Iterator[str]:
    """The tables that changed, and how."""
    for name, rows in before.items():
        if rows != after[name]:
            gone = [row for row in rows if row not in after[name]]
            come = [row for row in after[name] if row not in rows]
            yield f"{name}: {gone} -> {come}"
