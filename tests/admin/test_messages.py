"""The admin's outbox: every message found, seen as it looks, and mended."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, insert, select

from app import clock
from app.accounts import links
from app.extensions import db
from app.messaging.delivery import Post
from app.messaging.worker import run_once
from app.models import MessageKind, MessageState, OutboxMessage, Role, TokenPurpose
from app.signing import Signer
from tests.admin.conftest import Office
from tests.builders import a_doctor, a_message, a_patient, a_user, booked, tomorrow_at
from tests.messaging.conftest import text_of
from tests.pages import HTMX, ORIGIN, Visitor
from tests.scheduling.conftest import queries

State = MessageState
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"
LIST = "/admin/messages/"


@pytest.fixture
def numbers(office: Office) -> dict[str, int]:
    """A message to each of three people."""
    with office.app.app_context():
        booked(a_patient("Ines Alva", "ines@alva.example"), a_doctor("Ada Berg"), noon())
        return {
            "ines": last_number(),
            "jonas": a_message(
                user=a_user(name="Jonas Weber", email="jonas.weber@post.example"),
                state=State.DEAD,
                kind=MessageKind.PASSWORD_CHANGED,
                error="The mail server refuses the recipient: 550 no such user",
            ).id,
            "mila": a_message(
                user=a_user(name="Mila Roth", email="mila@post.example"),
                state=State.SENT,
                kind=MessageKind.PASSWORD_CHANGED,
            ).id,
        }


def noon() -> datetime:
    return tomorrow_at("12:00")


def last_number() -> int:
    return db.session.scalars(select(func.max(OutboxMessage.id))).one()


def change(office: Office, number: int, **values: Any) -> None:
    with office.app.app_context():
        message = db.session.get_one(OutboxMessage, number)
        for name, value in values.items():
            setattr(message, name, value)
        db.session.commit()


def listed(office: Office, query: str, **headers: str) -> list[int]:
    html = office.admin.get(f"{LIST}?{query}", **headers).html
    return [int(found) for found in re.findall(r'id="message-(\d+)"', html)]


def state_of(office: Office, number: int) -> MessageState:
    with office.app.app_context():
        return db.session.get_one(OutboxMessage, number).state


def test_the_newest_stands_first_with_what_is_known_of_it(
    office: Office, numbers: dict[str, int]
) -> None:
    page = office.admin.get(LIST)
    assert listed(office, "") == [numbers["mila"], numbers["jonas"], numbers["ines"]]
    assert "Visit confirmed Wed 25 Nov, 12:00 with Dr. Ada Berg" in page.text
    assert "Given up The mail server refuses the recipient" in page.text
    assert "550 no such user" not in page.text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=sent", ["mila"]),
        ("state=dead", ["jonas"]),
        ("state=undelivered", ["jonas"]),
        ("state=queued", ["ines"]),
        ("state=late", []),
        ("kind=password_changed", ["mila", "jonas"]),
        ("kind=password_changed&state=dead", ["jonas"]),
        ("q=post.example", ["mila", "jonas"]),
        ("q=WEBER@post", ["jonas"]),
        ("q=alva", ["ines"]),
        ("q=roth", ["mila"]),
        ("q=%25", []),
        ("q=_", []),
        ("q=!", []),
        ("from=2026-11-24&to=2026-11-24", ["mila", "jonas", "ines"]),
        ("from=2026-11-25", []),
        ("to=2026-11-23", []),
        ("sort=when", ["ines", "jonas", "mila"]),
        ("sort=to", ["ines", "jonas", "mila"]),
        ("sort=-to", ["mila", "jonas", "ines"]),
        ("sort=drop+table&state=nonsense&kind=nothing&page=99", ["mila", "jonas", "ines"]),
    ],
)
def test_messages_are_found(
    office: Office, numbers: dict[str, int], query: str, found: list[str]
) -> None:
    assert listed(office, query) == [numbers[name] for name in found]


def test_the_address_keeps_what_was_asked_for(office: Office, numbers: dict[str, int]) -> None:
    html = office.admin.get(f"{LIST}?q=post&state=dead&kind=password_changed&from=2026-11-01").html
    assert "q=post" in html
    for part in ("state=dead", "kind=password_changed", "from=2026-11-01", "sort=to"):
        assert part in re.findall(r'href="([^"]*sort=to[^"]*)"', html)[0]


def test_a_message_that_should_have_left_is_late(office: Office, numbers: dict[str, int]) -> None:
    office.clock.advance(minutes=11)
    office.admin.sign_in(office.admin_id)
    assert listed(office, "state=late") == [numbers["ines"]]
    assert set(listed(office, "state=undelivered")) == {numbers["ines"], numbers["jonas"]}


def test_a_kind_is_found_however_long_ago_and_on_one_day(
    office: Office, numbers: dict[str, int]
) -> None:
    with office.app.app_context():
        user, before = a_user(), clock.now()
        for days in range(1, 6):
            later = before + timedelta(days=days)
            a_message(user=user, kind=MessageKind.INVITATION, created_at=later)
    assert listed(office, "kind=appointment_confirmed") == [numbers["ines"]]
    assert len(listed(office, "kind=invitation&from=2026-11-26&to=2026-11-27")) == 2


def test_htmx_gets_the_list_alone(office: Office, numbers: dict[str, int]) -> None:
    assert office.admin.get(LIST, **HTMX).html.lstrip().startswith('<div id="messages"')


def test_an_empty_outbox_says_so(office: Office) -> None:
    assert "No messages yet" in office.admin.get(LIST).text
    assert "No message fits" in office.admin.get(f"{LIST}?q=nobody").text


@pytest.mark.parametrize("query", ["", "q=example", "state=sent", "kind=password_changed"])
def test_the_list_takes_as_many_queries_for_hundreds_as_for_three(
    office: Office, numbers: dict[str, int], query: str
) -> None:
    def cost() -> int:
        with office.app.app_context(), queries() as seen:
            assert office.admin.get(f"{LIST}?{query}").status == 200
        return len(seen)

    cost()
    few = cost()
    with office.app.app_context():
        patient, doctor = a_patient("Many Visits"), a_doctor("Busy Doctor")
        for hour in range(9, 16):
            visit = booked(a_patient(), doctor, tomorrow_at(f"{hour:02}:00"))
            a_message(visit, state=State.SENT, kind=MessageKind.PASSWORD_CHANGED)
        rows = [
            {
                "kind": MessageKind.PASSWORD_CHANGED,
                "dedupe_key": f"many {n}",
                "recipient": f"many{n}@example.org",
                "user_id": patient.user_id,
                "details": {},
                "state": State.SENT,
            }
            for n in range(500)
        ]
        db.session.execute(insert(OutboxMessage), rows)
        db.session.commit()
    assert cost() == few <= 8


def test_the_pages_work_on_each_database(database: Flask, frozen_clock) -> None:
    with database.app_context():
        admin = a_user(Role.ADMIN)
        gone = a_message(booked(a_patient(), a_doctor(), noon()), state=State.SENT)
        late = a_message(user=a_user(), next_try_at=clock.now() - timedelta(hours=1))
        number, admin_id = gone.id, admin.id
        assert late.id
    browser = Visitor(database.test_client(), admin_id)
    for query in (
        "",
        "q=example",
        "state=late",
        "state=undelivered",
        "sort=-to",
        "from=2026-11-24",
    ):
        page = browser.get(f"{LIST}?{query}")
        assert page.status == 200
        assert "1 should have left by now" in page.text
    assert browser.get(f"{LIST}{number}/").status == 200
    assert browser.get(f"{LIST}retry/").status == 200


def test_a_message_is_seen_as_it_was_sent(office: Office, numbers: dict[str, int]) -> None:
    page = office.admin.get(f"{LIST}{numbers['mila']}/")
    assert "Your visit is confirmed" in page.text
    assert "mila@post.example" in page.text
    assert f"<outbox-{numbers['mila']}." in page.text
    assert f'<iframe class="letter" src="/admin/messages/{numbers["mila"]}/look/"' in page.html
    assert "sandbox></iframe>" in page.html
    assert "style='color: teal'" not in page.html


def test_the_letter_in_its_frame_can_do_nothing(office: Office, numbers: dict[str, int]) -> None:
    change(office, numbers["mila"], html=f"<p>Hello</p>{HOSTILE}")
    around = office.admin.client.get(f"{LIST}{numbers['mila']}/", base_url=ORIGIN)
    assert around.headers["Content-Security-Policy"].endswith("; frame-src 'self'")
    assert "script-src 'self';" in around.headers["Content-Security-Policy"]
    answer = office.admin.client.get(f"{LIST}{numbers['mila']}/look/", base_url=ORIGIN)
    assert answer.headers.getlist("Content-Security-Policy") == [
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"
    ]
    assert answer.headers.getlist("X-Frame-Options") == ["SAMEORIGIN"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert (
        "frame-src"
        not in office.admin.client.get(LIST, base_url=ORIGIN).headers["Content-Security-Policy"]
    )


def test_a_refusal_at_the_frames_address_has_the_usual_headers(
    office: Office, numbers: dict[str, int]
) -> None:
    answer = office.admin.client.get(f"{LIST}99999/look/", base_url=ORIGIN)
    assert answer.status_code == 404
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_what_waits_is_seen_as_it_would_look_now_without_working_links(
    office: Office, numbers: dict[str, int]
) -> None:
    with office.app.app_context():
        user = a_user(name="Nora Neu")
        token = links.issue(user, TokenPurpose.RESET_PASSWORD)
        number = a_message(user=user, kind=MessageKind.RESET_PASSWORD, details={"token": token}).id
    page = office.admin.get(f"{LIST}{number}/")
    look = office.admin.get(f"{LIST}{number}/look/")
    assert "As it would look now" in page.text
    assert "Choose a new password" in look.text
    assert token not in page.html
    assert token not in look.html
    with office.app.app_context():
        assert links.owner_of(token, TokenPurpose.RESET_PASSWORD) is not None


def test_no_link_of_a_kept_or_waiting_message_works(
    office: Office, numbers: dict[str, int]
) -> None:
    """Of a confirmation: before it is sent, as the mailbox gets it, and as it is kept."""
    mailbox: list[EmailMessage] = []
    signer = Signer(office.app.config["DOCKET"].secret_key)

    def links_of(text: str) -> set[str]:
        return set(re.findall(rf"{ORIGIN}/visit/([^/\"\s<]+)/", text))

    waiting = office.admin.get(f"{LIST}{numbers['ines']}/look/").html
    with office.app.app_context():
        run_once("a worker", Post(ORIGIN, "no-reply@clinic.example", mailbox.append, signer))
    mailed = links_of(text_of(mailbox[-1]))
    kept = office.admin.get(f"{LIST}{numbers['ines']}/").html
    kept += office.admin.get(f"{LIST}{numbers['ines']}/look/").html
    assert len(mailed) >= 1
    stranger = office.app.test_client()
    assert all(stranger.get(f"/visit/{one}/", base_url=ORIGIN).status_code != 404 for one in mailed)
    for shown in (waiting, kept):
        assert not links_of(shown) & mailed
        assert all(len(one) < 10 for one in links_of(shown))


def test_what_is_no_longer_true_says_that_nothing_would_be_sent(
    office: Office, numbers: dict[str, int]
) -> None:
    change(office, numbers["ines"], kind=MessageKind.APPOINTMENT_CANCELLED)
    page = office.admin.get(f"{LIST}{numbers['ines']}/")
    assert "no longer true" in page.text
    assert "<iframe" not in page.html
    assert office.admin.get(f"{LIST}{numbers['ines']}/look/").status == 404


def test_a_message_that_cannot_be_written_says_so(office: Office, numbers: dict[str, int]) -> None:
    change(office, numbers["ines"], kind=MessageKind.APPOINTMENT_MOVED, details={})
    page = office.admin.get(f"{LIST}{numbers['ines']}/")
    assert page.status == 200
    assert "cannot be written" in page.text


def test_attachments_are_saved_and_never_shown(office: Office, numbers: dict[str, int]) -> None:
    change_name = 'Brief ü"; x=<b>.html'
    with office.app.app_context():
        message = db.session.get_one(OutboxMessage, numbers["mila"])
        message.attachments[0].name = change_name
        message.attachments[0].content_type = "text/html"
        message.attachments[0].content = b"<script>alert(1)</script>"
        db.session.commit()
    page = office.admin.get(f"{LIST}{numbers['mila']}/")
    assert f"/admin/messages/{numbers['mila']}/files/1/" in page.html
    answer = office.admin.client.get(f"{LIST}{numbers['mila']}/files/1/", base_url=ORIGIN)
    assert answer.data == b"<script>alert(1)</script>"
    assert answer.mimetype == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert "\n" not in answer.headers["Content-Disposition"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert office.admin.get(f"{LIST}{numbers['mila']}/files/2/").status == 404


def test_names_and_reasons_stay_text(office: Office, numbers: dict[str, int]) -> None:
    with office.app.app_context():
        user = a_user(name=HOSTILE, email="x@y.example")
        number = a_message(
            user=user, state=State.DEAD, kind=MessageKind.PASSWORD_CHANGED, error=f"A b: {HOSTILE}"
        ).id
        gone = a_message(
            user=user,
            state=State.SENT,
            kind=MessageKind.PASSWORD_CHANGED,
            subject=HOSTILE,
            text=HOSTILE,
        ).id
    for address in (LIST, f"{LIST}?q={HOSTILE}", f"{LIST}{number}/", f"{LIST}{gone}/"):
        html = office.admin.get(address).html
        assert "<script>alert" not in html
        assert "<img src=x" not in html
    assert "<script>alert" not in office.admin.get(f"{LIST}{number}/look/").html


def test_opening_a_message_changes_nothing(office: Office, numbers: dict[str, int]) -> None:
    before = len(office.trail("message.retried"))
    office.admin.get(f"{LIST}{numbers['jonas']}/")
    office.admin.get(f"{LIST}{numbers['jonas']}/look/")
    assert state_of(office, numbers["jonas"]) is State.DEAD
    assert len(office.trail("message.retried")) == before


def test_a_dead_message_is_tried_again(office: Office, numbers: dict[str, int]) -> None:
    page = office.admin.get(f"{LIST}{numbers['jonas']}/")
    done = office.admin.submit(page.form(f"{numbers['jonas']}/retry/"))
    assert "tries it again now" in done.text
    assert state_of(office, numbers["jonas"]) is State.QUEUED
    assert "Tried again by Ana Sousa" in done.text
    late = office.admin.submit(page.form(f"{numbers['jonas']}/retry/"))
    assert late.status == 409
    assert "waits to be sent already" in late.text
    assert "to jonas.weber@post.example" in office.admin.get("/admin/audit/").text


def test_a_dead_message_is_set_aside_and_the_alarm_goes(
    office: Office, numbers: dict[str, int]
) -> None:
    assert "1 message has not arrived" in office.admin.get("/admin/users/").text
    page = office.admin.get(f"{LIST}{numbers['jonas']}/")
    done = office.admin.submit(page.form("/set-aside/"))
    assert "is set aside" in done.text
    assert "not arrived" not in office.admin.get("/admin/users/").text
    assert "Message has not arrived" not in office.admin.get("/admin/").text
    assert listed(office, "state=set_aside") == [numbers["jonas"]]


def test_a_message_is_sent_again_as_one_of_its_own(office: Office, numbers: dict[str, int]) -> None:
    page = office.admin.get(f"{LIST}{numbers['mila']}/")
    done = office.admin.submit(page.form("/again/"))
    assert "on its way to mila@post.example again" in done.text
    assert "The same news" in done.text
    again = office.admin.submit(page.form("/again/"))
    assert again.status == 409
    assert "has just sent this again" in again.text


def test_the_link_of_an_account_is_not_offered_again(office: Office) -> None:
    with office.app.app_context():
        user = a_user(name="Nora Neu")
        number = a_message(user=user, state=State.SENT, kind=MessageKind.RESET_PASSWORD).id
        ref = user.ref
    page = office.admin.get(f"{LIST}{number}/")
    assert "cannot be sent again" in page.text
    assert f"/admin/users/{ref}/" in page.html
    assert not [form for form in page.forms if form.action.endswith("/again/")]
    token = page.form("/logout/").values["csrf_token"]
    typed = {"newest": str(number), "csrf_token": token}
    assert office.admin.post(f"{LIST}{number}/again/", typed).status == 409


def test_everything_that_failed_is_retried_once_asked(
    office: Office, numbers: dict[str, int]
) -> None:
    asked = office.admin.get(f"{LIST}retry/")
    assert "1 message has failed" in asked.text
    assert state_of(office, numbers["jonas"]) is State.DEAD
    done = office.admin.submit(asked.form("/retry/"))
    assert "tries 1 message again" in done.text
    assert state_of(office, numbers["jonas"]) is State.QUEUED
    assert "nothing to try again" in office.admin.submit(asked.form("/retry/")).text
    assert "Nothing to try again" in office.admin.get(f"{LIST}retry/").text


@pytest.mark.parametrize(
    "address", ["/admin/", "/admin/users/", "/admin/appointments/", "/admin/audit/", LIST]
)
def test_the_banner_stands_on_admins_pages_while_messages_fail(
    office: Office, numbers: dict[str, int], address: str
) -> None:
    assert "1 message has not arrived" in office.admin.get(address).text
    change(office, numbers["ines"], state=State.FAILED, tries=3)
    page = office.admin.get(address)
    assert "2 messages have not arrived 1 given up. 1 failed and is tried again" in page.text
    assert "/admin/messages/?state=undelivered" in page.html or address == LIST
    change(office, numbers["ines"], state=State.SENT)
    change(office, numbers["jonas"], state=State.SENT)
    assert "not arrived" not in office.admin.get(address).text.replace("Not arrived", "")


def test_the_banner_is_for_admins_alone(office: Office, numbers: dict[str, int]) -> None:
    with office.app.app_context():
        doctor = a_user(Role.PATIENT).id
    for address in ("/", "/view-appointment/"):
        assert "not arrived" not in office.visitor(doctor).get(address).text


def test_the_register_says_who_has_been_told(office: Office, numbers: dict[str, int]) -> None:
    assert "Not told yet" in office.admin.get("/admin/appointments/").text
    change(
        office,
        numbers["ines"],
        state=State.DEAD,
        error="The mail server refuses the recipient: 550",
    )
    text = office.admin.get("/admin/appointments/").text
    assert "Could not be told The mail server refuses the recipient" in text
    change(office, numbers["ines"], state=State.SENT, sent_at=clock.now())
    assert "Told on Tue 24 Nov, 08:00" in office.admin.get("/admin/appointments/").text
