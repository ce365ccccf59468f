"""What every answer carries, whoever asks and however it ends."""

from __future__ import annotations

import pytest
from werkzeug.test import TestResponse

from tests.project.cast import Person
from tests.project.house import PARTIAL, House
from tests.project.matrix import EVERYBODY, ROUTES, filled

WANTED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


# A letter in its frame may be styled by itself and framed by us, and can do nothing at all.
LETTER = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"


def check(answer: TestResponse, where: str) -> None:
    policies = answer.headers.getlist("Content-Security-Policy")
    assert len(policies) == 1, where
    policy = policies[0]
    if policy == LETTER:
        assert "GET /admin/messages/" in where or "HEAD /admin/messages/" in where
        assert where.endswith("/look/")
        assert answer.headers.getlist("X-Frame-Options") == ["SAMEORIGIN"], where
        assert answer.headers.get("X-Content-Type-Options") == "nosniff", where
        return
    assert "default-src 'none'" in policy, where
    assert "script-src 'self'" in policy, where
    assert "unsafe" not in policy, where
    assert "frame-ancestors 'none'" in policy, where
    for name, value in WANTED.items():
        assert answer.headers.get(name) == value, f"{where}: {name}"


@pytest.mark.parametrize("endpoint", sorted(set(ROUTES) - {"static"}))
def test_every_answer_carries_the_headers(house: House, endpoint: str) -> None:
    row = ROUTES[endpoint]
    for method in ("GET", "HEAD", "POST"):
        for rule in house.rules(method):
            if rule.endpoint != endpoint:
                continue
            path = house.address(rule, filled(row.path, house.cast.of))
            for person in Person:
                form: dict[str, str] | None = {} if method == "POST" else None
                answer = house.ask(person, method, path, form=form)
                check(answer, f"{person}: {method} {path}")
                is_private = row.may != EVERYBODY and Person.ANONYMOUS not in row.may
                if 300 <= answer.status_code < 400 or endpoint == "site.portrait":
                    continue
                if person is not Person.ANONYMOUS or is_private or answer.status_code >= 400:
                    assert answer.headers["Cache-Control"] == "no-store", (person, method, path)


def test_errors_carry_the_headers_too(house: House) -> None:
    for method, path in (
        ("GET", "/no-such-page/"),
        ("POST", "/no-such-page/"),
        ("DELETE", "/appointment/"),
        ("GET", "/static/no-such-file.css"),
        ("GET", "/appointment-details/none/"),
        ("GET", "/appointment"),
    ):
        for person in Person:
            answer = house.ask(person, method, path, headers=PARTIAL)
            assert 300 <= answer.status_code < 500
            check(answer, f"{person}: {method} {path}")


def test_what_varies_by_htmx_says_so(house: House) -> None:
    for rule in house.rules("GET"):
        row = ROUTES[rule.endpoint]
        path = house.address(rule, filled(row.path, house.cast.of))
        person = min(row.may)
        query = filled(row.query, house.cast.of)
        whole = house.ask(person, "GET", path, query=query)
        if whole.mimetype != "text/html":
            continue
        part = house.ask(person, "GET", path, query=query, headers=PARTIAL)
        is_other = whole.text.startswith("<!doctype") != part.text.startswith("<!doctype")
        if is_other:
            assert "HX-Request" in whole.headers.get("Vary", ""), path
            assert "HX-Request" in part.headers.get("Vary", ""), path


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "127.0.0.1@evil.example", "", "127.0.0.2"]
)
def test_an_unknown_host_is_refused(house: House, host: str) -> None:
    client = house.app.test_client()
    for path in ("/", "/login/", "/appointment/", "/no-such-page/"):
        answer = client.get(path, headers={"Host": host})
        assert answer.status_code == 400, path
        assert "evil" not in answer.text


def test_a_forwarded_host_changes_no_link(house: House) -> None:
    forged = {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    for rule in house.rules("GET"):
        row = ROUTES[rule.endpoint]
        path = house.address(rule, filled(row.path, house.cast.of))
        answer = house.ask(min(row.may), "GET", path, headers=forged)
        assert b"evil.example" not in answer.data, path
        assert "evil.example" not in answer.headers.get("Location", ""), path


def test_cookies_are_kept_from_scripts_and_other_sites(house: House) -> None:
    answer = house.app.test_client().get("/login/", base_url="http://127.0.0.1")
    for cookie in answer.headers.getlist("Set-Cookie"):
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
