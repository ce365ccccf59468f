from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote

import pytest
from flask import Flask

from app.accounts import administration, passwords
from app.models import Role
from tests.auth.steps import JANE, cookie_of, form_to, is_in, log_in, token_in, with_cookie
from tests.builders import PASSWORD, a_doctor, a_patient, a_user
from tests.conftest import FrozenClock
from tests.pages import HTMX, ORIGIN, Visitor

Browsers = Callable[[], Visitor]


def without_tokens(html: str) -> str:
    return re.sub(r'name="csrf_token" value="[^"]*"', "", html)


@pytest.mark.parametrize(
    ("role", "place"),
    [
        (Role.PATIENT, "/view-appointment/"),
        (Role.DOCTOR, "/board/today/"),
        (Role.ADMIN, "/admin/setup/"),
    ],
)
def test_each_role_lands_in_its_own_place(visitor: Visitor, role: Role, place: str) -> None:
    if role is Role.PATIENT:
        a_patient(email=JANE)
    elif role is Role.DOCTOR:
        a_doctor(email=JANE)
    else:
        a_user(Role.ADMIN, email=JANE)
    answer = log_in(visitor, JANE)
    assert (answer.status, answer.location) == (303, place)
    assert visitor.get(place).status == 200


def test_unknown_wrong_and_closed_are_answered_alike_with_equal_work(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_patient(email=JANE)
    a_patient(email="closed@example.org", is_active=False)
    compared: list[str] = []
    really = passwords.matches

    def noting(password: str, password_hash: str | None) -> bool:
        compared.append(password)
        return really(password, password_hash)

    monkeypatch.setattr(passwords, "matches", noting)
    pages = []
    for email, password in (
        (JANE, "wrong"),
        ("nobody@example.org", "wrong"),
        ("closed@example.org", PASSWORD),
    ):
        compared.clear()
        answer = log_in(visitor, email, password)
        pages.append((answer.status, len(compared), without_tokens(answer.html).replace(email, "")))
    assert pages[0][0] == 422
    assert pages[0] == pages[1] == pages[2]


def test_a_refusal_keeps_the_address_and_drops_the_password(visitor: Visitor) -> None:
    answer = log_in(visitor, JANE, "the secret that was typed")
    assert answer.form("/login/").values["email"] == JANE
    assert "the secret that was typed" not in answer.html
    assert "do not belong together" in answer.text


def test_the_sixth_try_is_told_to_wait(visitor: Visitor) -> None:
    a_patient(email=JANE)
    for _ in range(5):
        log_in(visitor, JANE, "wrong")
    answer = log_in(visitor, JANE)
    assert answer.status == 429
    assert "Try again in 30 seconds" in answer.text
    assert not is_in(visitor)


def test_each_login_has_a_new_session_and_the_one_before_it_is_nobody(
    visitor: Visitor, another: Browsers
) -> None:
    a_patient(email=JANE)
    visitor.get("/login/")
    before = cookie_of(visitor)
    log_in(visitor, JANE)
    first = token_in(visitor)
    assert not is_in(with_cookie(another(), before))
    visitor.submit(visitor.get("/profile/").form("/logout/"))
    log_in(visitor, JANE)
    assert token_in(visitor) not in {first, ""}


def test_a_session_that_an_attacker_has_planted_does_not_survive_the_login(
    visitor: Visitor, another: Browsers
) -> None:
    a_patient(email=JANE)
    mallory = another()
    a_patient(email="mallory@example.org")
    log_in(mallory, "mallory@example.org")
    planted = cookie_of(mallory)
    victim = with_cookie(another(), planted)
    victim.submit(victim.get("/profile/").form("/logout/"))
    log_in(victim, JANE)
    assert token_in(victim) != token_in(mallory)
    assert not is_in(mallory)
    assert not is_in(with_cookie(another(), planted))


def test_a_copied_cookie_is_dead_after_logging_out(visitor: Visitor, another: Browsers) -> None:
    a_patient(email=JANE)
    log_in(visitor, JANE)
    copied = cookie_of(visitor)
    assert is_in(with_cookie(another(), copied))
    answer = visitor.client.post(
        "/logout/",
        data=visitor.get("/profile/").form("/logout/").values,
        base_url=ORIGIN,
    )
    assert answer.status_code == 303
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert not is_in(visitor)
    assert not is_in(with_cookie(another(), copied))


def test_a_copied_cookie_is_dead_once_the_account_is_closed_or_its_role_changed(
    visitor: Visitor, another: Browsers
) -> None:
    admin = a_user(Role.ADMIN)
    jane = a_patient(email=JANE).user
    log_in(visitor, JANE)
    copied = cookie_of(visitor)
    administration.set_role(jane, Role.ADMIN, admin, version=jane.version)
    assert not is_in(with_cookie(another(), copied))
    log_in(visitor, JANE)
    copied = cookie_of(visitor)
    administration.set_active(jane, False, admin, version=jane.version)
    assert not is_in(with_cookie(another(), copied))


@pytest.mark.parametrize(("minutes", "stays"), [(29, True), (31, False)])
def test_a_patient_who_does_nothing_is_logged_out_after_half_an_hour(
    clinic: FrozenClock, visitor: Visitor, minutes: int, stays: bool
) -> None:
    a_patient(email=JANE)
    log_in(visitor, JANE)
    clinic.advance(minutes=minutes)
    assert is_in(visitor) is stays


def test_no_session_outlives_twelve_hours(clinic: FrozenClock, visitor: Visitor) -> None:
    a_patient(email=JANE)
    log_in(visitor, JANE)
    for _ in range(12 * 3 - 1):
        clinic.advance(minutes=20)
        assert is_in(visitor)
    clinic.advance(minutes=20)
    assert not is_in(visitor)


def test_logging_out_by_a_link_is_not_possible(visitor: Visitor) -> None:
    a_patient(email=JANE)
    log_in(visitor, JANE)
    assert visitor.get("/logout/").status == 405
    assert is_in(visitor)


@pytest.mark.parametrize("address", ["/login/", "/register/", "/forgot-password/", "/logout/"])
def test_a_form_without_its_token_is_refused(visitor: Visitor, address: str) -> None:
    values = {"email": JANE, "password": PASSWORD, "name": "Jane"}
    assert visitor.post(address, values).status == 400


def test_another_sessions_token_is_refused(visitor: Visitor, another: Browsers) -> None:
    a_patient(email=JANE)
    token = another().get("/login/").form("/login/").values["csrf_token"]
    visitor.get("/login/")
    values = {"email": JANE, "password": PASSWORD, "csrf_token": token}
    assert visitor.post("/login/", values).status == 400
    assert not is_in(visitor)


def test_who_is_in_already_is_sent_on(visitor: Visitor) -> None:
    a_patient(email=JANE)
    log_in(visitor, JANE)
    for address in ("/login/", "/register/", "/register/doctor/"):
        assert visitor.get(address).location == "/view-appointment/"


@pytest.mark.parametrize(
    "address",
    [
        "//evil.example",
        "///evil.example",
        "https:evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "javascript:alert(1)",
        "evil.example",
        " //evil.example",
        "/" + "a" * 10_000,
    ],
)
def test_nobody_is_sent_to_another_site(visitor: Visitor, address: str) -> None:
    a_patient(email=JANE)
    evil = f"/login/?next={quote(address, safe='')}"
    form = form_to(visitor.get(evil), "/login/")
    assert "evil" not in form.action
    form.action = evil
    answer = visitor.submit(form, follow=False, email=JANE, password=PASSWORD)
    assert answer.location == "/view-appointment/"
    assert visitor.get(evil).location == "/view-appointment/"


@pytest.mark.parametrize(
    "address",
    ["/%252f/evil.example", "/no-such-page/", "/logout/", "/admin/users/", "/board/", "/%00/"],
)
def test_what_somebody_could_not_open_is_not_where_they_land(
    visitor: Visitor, address: str
) -> None:
    a_patient(email=JANE)
    answer = log_in(visitor, JANE, at=f"/login/?next={quote(address)}")
    assert answer.location == "/view-appointment/"


def test_the_page_that_was_wanted_comes_after_the_login(visitor: Visitor) -> None:
    a_patient(email=JANE)
    first = visitor.get("/profile/sessions/")
    assert first.location == "/login/?next=/profile/sessions/"
    assert log_in(visitor, JANE, "wrong", at=first.location).status == 422
    assert log_in(visitor, JANE, at=first.location).location == "/profile/sessions/"


def test_a_part_of_a_page_leads_to_the_login_page_as_a_whole(visitor: Visitor) -> None:
    answer = visitor.client.get("/profile/", base_url=ORIGIN, headers=HTMX)
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/login/"


def test_one_connection_cannot_try_for_ever(limited_app: Flask) -> None:
    visitor = Visitor(limited_app.test_client())
    form = visitor.get("/login/").form("/login/")
    answers = [visitor.submit(form, email=f"{n}@example.org").status for n in range(41)]
    assert answers == [422] * 40 + [429]
