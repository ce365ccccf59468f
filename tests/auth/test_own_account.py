from __future__ import annotations

from collections.abc import Callable

import pytest

from app.models import MessageKind, User
from tests.accounts.outbox import mails
from tests.auth.steps import FRESH, JANE, cookie_of, is_in, log_in, see_again, token_in, with_cookie
from tests.builders import PASSWORD, a_doctor, a_patient
from tests.pages import ORIGIN, Page, Visitor

Browsers = Callable[[], Visitor]

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def jane(clinic: object) -> User:
    return a_patient("Jane Doe", JANE).user


def signed_in(visitor: Visitor) -> Visitor:
    assert log_in(visitor, JANE).status == 303
    return visitor


def change_password(visitor: Visitor, current: str, new: str) -> Page:
    form = visitor.get("/profile/password/").form("/profile/password/")
    return visitor.submit(form, current=current, password=new)


def test_name_telephone_and_zone_are_kept(jane: User, visitor: Visitor) -> None:
    form = signed_in(visitor).get("/profile/").form("/profile/")
    page = visitor.submit(form, name="Jane  Roe", phone="+49 30 901820", zone="Europe/Lisbon")
    assert "Your profile is saved" in page.text
    see_again(jane)
    assert jane.patient is not None
    assert (jane.name, jane.patient.phone) == ("Jane Roe", "+49 30 901820")
    assert jane.zone == "Europe/Lisbon"
    assert 'value="Europe/Lisbon"' in page.html
    visitor.submit(page.form("/profile/"), phone="", zone="")
    see_again(jane)
    assert {jane.patient.phone, jane.zone} == {None}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "Jane\nDoe"),
        ("name", ""),
        ("phone", "call me"),
        ("zone", "Europe/Nowhere"),
        ("zone", "Etc/../../passwd"),
        ("zone", "europe/berlin"),
        ("zone", "UTC+99"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_typed_is_lost(
    jane: User, visitor: Visitor, field: str, value: str
) -> None:
    form = signed_in(visitor).get("/profile/").form("/profile/")
    form.values |= {"name": "Jane Roe", field: value}
    page = visitor.submit(form)
    assert page.status == 422
    assert f'id="{field}-error"' in page.html
    if field != "name":
        assert page.form("/profile/").values["name"] == "Jane Roe"
    see_again(jane)
    assert jane.name == "Jane Doe"


def test_a_profile_that_was_open_elsewhere_overwrites_nothing(jane: User, visitor: Visitor) -> None:
    stale = signed_in(visitor).get("/profile/").form("/profile/")
    visitor.submit(visitor.get("/profile/").form("/profile/"), name="Jane Roe", zone="")
    page = visitor.submit(stale, name="Jane Poe", zone="")
    assert page.status == 409
    assert page.form("/profile/").values["name"] == "Jane Poe"
    see_again(jane)
    assert jane.name == "Jane Roe"


def test_nobody_makes_themselves_an_admin(jane: User, visitor: Visitor) -> None:
    form = signed_in(visitor).get("/profile/").form("/profile/")
    visitor.submit(form, zone="", role="admin", email="x@example.org", is_active="0", user_id="1")
    see_again(jane)
    assert (jane.role.value, jane.email, jane.is_active) == ("patient", JANE, True)


def test_doctors_have_a_profile_too(visitor: Visitor) -> None:
    a_doctor("Ada Byron", email=JANE)
    page = signed_in(visitor).get("/profile/")
    assert page.status == 200
    assert 'name="phone"' not in page.html
    assert visitor.submit(page.form("/profile/"), name="Ada King", zone="").status == 200


def test_a_changed_password_logs_out_all_others_and_renews_this_session(
    jane: User, visitor: Visitor, another: Browsers
) -> None:
    other = signed_in(another())
    signed_in(visitor)
    before, copied = token_in(visitor), cookie_of(visitor)
    page = change_password(visitor, PASSWORD, FRESH)
    assert "Your password is changed" in page.text
    assert is_in(visitor)
    assert token_in(visitor) != before
    assert not is_in(other)
    assert not is_in(with_cookie(another(), copied))
    assert len(mails(MessageKind.PASSWORD_CHANGED, JANE)) == 1
    assert log_in(other, JANE, PASSWORD).status == 422
    assert log_in(other, JANE, FRESH).status == 303


@pytest.mark.parametrize(
    ("current", "new", "field"),
    [
        ("wrong", FRESH, "current"),
        ("", FRESH, "current"),
        (PASSWORD, "short", "password"),
        (PASSWORD, JANE, "password"),
        (PASSWORD, "password123", "password"),
    ],
)
def test_a_password_that_may_not_be_changed_so_stays(
    jane: User, visitor: Visitor, another: Browsers, current: str, new: str, field: str
) -> None:
    other = signed_in(another())
    page = change_password(signed_in(visitor), current, new)
    assert page.status == 422
    assert f'id="{field}-error"' in page.html
    assert FRESH not in page.html
    assert is_in(other)
    assert mails(MessageKind.PASSWORD_CHANGED) == []


def test_devices_are_listed_in_words_and_can_be_logged_out_one_by_one(
    jane: User, visitor: Visitor, another: Browsers
) -> None:
    laptop = another()
    laptop.client.environ_base["HTTP_USER_AGENT"] = FIREFOX
    signed_in(laptop)
    page = signed_in(visitor).get("/profile/sessions/")
    assert "Firefox on Windows" in page.text
    assert page.text.count("This device") == 1
    visitor.submit(page.form("/profile/sessions/end/"))
    assert not is_in(laptop)
    assert is_in(visitor)
    assert "Firefox on Windows" not in visitor.get("/profile/sessions/").text


def test_logging_out_everywhere_else_leaves_this_device_in(
    jane: User, visitor: Visitor, another: Browsers
) -> None:
    others = [signed_in(another()) for _ in range(3)]
    page = signed_in(visitor).get("/profile/sessions/")
    page = visitor.submit(page.form("/profile/sessions/end-others/"))
    assert "You are logged out everywhere else" in page.text
    assert [is_in(other) for other in others] == [False] * 3
    assert is_in(visitor)
    assert "end-others" not in page.html


def test_nobody_logs_another_persons_device_out(
    jane: User, visitor: Visitor, another: Browsers
) -> None:
    a_patient(email="mallory@example.org")
    victim, mallory = signed_in(visitor), another()
    foreign = another()
    signed_in(foreign)
    number = victim.get("/profile/sessions/").form("/profile/sessions/end/").values["session"]
    log_in(mallory, "mallory@example.org")
    token = mallory.get("/profile/").form("/logout/").values["csrf_token"]
    values = {"csrf_token": token, "session": number}
    assert mallory.post("/profile/sessions/end/", values).status == 303
    assert is_in(foreign)


@pytest.mark.parametrize("number", ["", "0", "-1", "1e3", "１", "x", "9" * 30])
def test_a_device_that_is_no_number_is_refused(jane: User, visitor: Visitor, number: str) -> None:
    token = signed_in(visitor).get("/profile/").form("/logout/").values["csrf_token"]
    values = {"csrf_token": token, "session": number}
    assert visitor.post("/profile/sessions/end/", values).status == 400
    assert is_in(visitor)


@pytest.mark.parametrize("path", ["/profile/", "/profile/password/", "/profile/sessions/"])
def test_pages_of_an_account_are_kept_by_no_cache(jane: User, visitor: Visitor, path: str) -> None:
    answer = signed_in(visitor).client.get(path, base_url=ORIGIN)
    assert answer.headers["Cache-Control"] == "no-store"
