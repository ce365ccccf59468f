"""Who signs in from a browser that the account was never used on before is told about it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from app.accounts import confirmation, invitations, password_reset
from app.accounts.invitations import Newcomer
from app.models import MessageKind, Role, User
from tests.accounts.outbox import mails, token_of
from tests.auth.steps import FRESH, JANE, form_to, is_in, log_in, register
from tests.builders import PASSWORD, a_doctor, a_patient, a_user
from tests.conftest import FrozenClock
from tests.databases import an_app
from tests.pages import ORIGIN, Visitor

Browsers = Callable[[], Visitor]
COOKIE = "docket-known"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
JOHN = "john@example.org"


@pytest.fixture
def jane(clinic: FrozenClock) -> User:
    return a_patient("Jane Doe", JANE).user


def notices(email: str = JANE) -> int:
    return len(mails(MessageKind.NEW_SIGN_IN, email))


def log_out(visitor: Visitor) -> None:
    visitor.submit(visitor.get("/profile/").form("/logout/"))


def come_and_go(visitor: Visitor, email: str = JANE, password: str = PASSWORD) -> None:
    assert log_in(visitor, email, password).status == 303
    log_out(visitor)


def marks_of(visitor: Visitor) -> str:
    cookie = visitor.client.get_cookie(COOKIE, domain="127.0.0.1")
    assert cookie is not None
    return cookie.value


def with_marks(visitor: Visitor, marks: str) -> Visitor:
    visitor.client.set_cookie(COOKIE, marks, domain="127.0.0.1")
    return visitor


def test_a_new_browser_is_told_once_and_then_known(jane: User, visitor: Visitor) -> None:
    for _ in range(3):
        come_and_go(visitor)
    assert notices() == 1


def test_another_browser_is_told_of_on_its_own(
    jane: User, visitor: Visitor, another: Browsers
) -> None:
    come_and_go(visitor)
    come_and_go(another())
    assert notices() == 2


def test_the_notice_says_when_with_what_and_from_where(jane: User, visitor: Visitor) -> None:
    visitor.client.environ_base |= {"HTTP_USER_AGENT": FIREFOX, "REMOTE_ADDR": "192.0.2.7"}
    log_in(visitor, JANE)
    (notice,) = mails(MessageKind.NEW_SIGN_IN)
    assert notice.details == {
        "device": "Firefox on Windows",
        "address": "192.0.2.7",
        "at": "2026-11-24T07:00:00+00:00",
    }


def test_wrong_passwords_tell_nobody(jane: User, visitor: Visitor) -> None:
    for _ in range(3):
        log_in(visitor, JANE, "wrong")
    assert notices() == 0


def test_who_registers_is_not_told_and_is_known_from_then_on(
    clinic: FrozenClock, visitor: Visitor
) -> None:
    register(visitor)
    log_out(visitor)
    confirm(JANE)
    come_and_go(visitor)
    assert notices() == 0


def test_who_accepts_an_invitation_is_not_told_and_is_known_from_then_on(
    clinic: FrozenClock, visitor: Visitor
) -> None:
    invitations.create(Newcomer("Jane Doe", JANE, Role.PATIENT), a_user(Role.ADMIN))
    visitor.get(f"/invitation/{token_of(MessageKind.INVITATION, JANE)}/")
    visitor.submit(visitor.get("/invitation/").form("/invitation/"), password=FRESH)
    log_out(visitor)
    come_and_go(visitor, password=FRESH)
    assert notices() == 0


def test_an_address_that_is_not_confirmed_gets_nothing(
    clinic: FrozenClock, visitor: Visitor, another: Browsers
) -> None:
    register(visitor)
    come_and_go(another())
    assert notices() == 0


def test_after_a_new_password_a_browser_is_new_again(
    jane: User, visitor: Visitor, another: Browsers
) -> None:
    other = another()
    come_and_go(other)
    log_in(visitor, JANE)
    form = visitor.get("/profile/password/").form("/profile/password/")
    visitor.submit(form, current=PASSWORD, password=FRESH)
    assert notices() == 2
    log_out(visitor)
    come_and_go(visitor, password=FRESH)
    assert notices() == 2, "the browser on which it was changed is known"
    come_and_go(other, password=FRESH)
    assert notices() == 3


def test_after_a_reset_every_browser_is_new(jane: User, visitor: Visitor) -> None:
    come_and_go(visitor)
    password_reset.ask(JANE)
    password_reset.choose(token_of(MessageKind.RESET_PASSWORD, JANE), FRESH)
    come_and_go(visitor, password=FRESH)
    assert notices() == 2


def test_the_marks_of_one_account_say_nothing_about_another(
    jane: User, visitor: Visitor, another: Browsers
) -> None:
    a_doctor(email=JOHN)
    come_and_go(visitor, JOHN)
    come_and_go(with_marks(another(), marks_of(visitor)), JANE)
    assert (notices(JOHN), notices(JANE)) == (1, 1)


def test_one_browser_knows_several_accounts(jane: User, visitor: Visitor) -> None:
    a_doctor(email=JOHN)
    for _ in range(2):
        come_and_go(visitor, JANE)
        come_and_go(visitor, JOHN)
    assert (notices(JANE), notices(JOHN)) == (1, 1)


@pytest.mark.parametrize(
    "forged", ["", "x", "A" * 20, ".".join(["A" * 20] * 50), "é.é", "." * 3000]
)
def test_a_forged_cookie_is_no_mark_and_no_fault(jane: User, visitor: Visitor, forged: str) -> None:
    come_and_go(with_marks(visitor, forged))
    assert notices() == 1
    assert len(marks_of(visitor)) < 450


def test_a_browser_keeps_the_marks_of_twenty_accounts_the_latest_first(
    clinic: FrozenClock, visitor: Visitor
) -> None:
    people = [a_user(email=f"p{number}@example.org") for number in range(22)]
    for user in people:
        come_and_go(visitor, user.email)
    marks = marks_of(visitor).split(".")
    assert len(marks) == len(set(marks)) == 20
    come_and_go(visitor, people[-1].email)
    come_and_go(visitor, people[0].email)
    assert (notices(people[-1].email), notices(people[0].email)) == (1, 2)


def test_a_flood_of_new_browsers_makes_three_messages_an_hour(
    clinic: FrozenClock, jane: User, another: Browsers
) -> None:
    for _ in range(6):
        browser = another()
        log_in(browser, JANE)
        assert is_in(browser)
    assert notices() == 3
    clinic.advance(hours=1)
    come_and_go(another())
    assert notices() == 4


def test_scripts_and_other_sites_do_not_see_the_marks(jane: User, visitor: Visitor) -> None:
    form = form_to(visitor.get("/login/"), "/login/")
    values = form.values | {"email": JANE, "password": PASSWORD}
    answer = visitor.client.post("/login/", data=values, base_url=ORIGIN)
    (cookie,) = [one for one in answer.headers.getlist("Set-Cookie") if one.startswith(COOKIE)]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert JANE not in cookie
    assert jane.ref not in cookie


def test_under_https_the_marks_stay_with_this_host_and_on_safe_lines(
    tmp_path: Path,
) -> None:
    secure = an_app(tmp_path, base_url="https://clinic.example")
    with secure.app_context():
        a_patient("Jane Doe", JANE)
    visitor = secure.test_client()
    origin = "https://clinic.example"
    page = visitor.get("/login/", base_url=origin)
    token = page.text.split('name="csrf_token" value="')[1].split('"')[0]
    values = {"email": JANE, "password": PASSWORD, "csrf_token": token}
    answer = visitor.post("/login/", data=values, base_url=origin)
    (cookie,) = [one for one in answer.headers.getlist("Set-Cookie") if "docket-known" in one]
    assert cookie.startswith("__Host-docket-known=")
    assert {"Secure", "HttpOnly", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


def confirm(email: str) -> None:
    """Use the link that was mailed."""
    confirmation.confirm(token_of(MessageKind.CONFIRM_EMAIL, email))
