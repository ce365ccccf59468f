"""The links of letters: each opens one thing, to whoever has the letter, for a while."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from app.extensions import db
from app.messaging import visit_links
from app.models import Appointment, AuditEvent, User
from app.models import AppointmentStatus as Status
from app.signing import Purpose, Signer
from tests.builders import a_doctor, a_patient, at, booked, policy
from tests.conftest import FrozenClock
from tests.pages import HTMX, Visitor

FRIDAY = "2026-11-27"
SEE, MOVE, CANCEL = Purpose.SEE_VISIT, Purpose.MOVE_VISIT, Purpose.CANCEL_VISIT


@pytest.fixture
def visitor(app: Flask, frozen_clock: FrozenClock) -> Visitor:
    """Somebody who has the letter about a visit of Friday at ten, and is not signed in."""
    with app.app_context():
        visit = booked(a_patient("Ines Carvalho"), a_doctor("Ada Berg"), at(f"{FRIDAY} 10:00"))
        visit.reason = "A private matter"
        db.session.commit()
    return Visitor(app.test_client())


def link(app: Flask, purpose: Purpose) -> str:
    with app.app_context():
        key = app.config["DOCKET"].secret_key
        visit = db.session.scalars(select(Appointment)).one()
        return visit_links.path_of(Signer(key), purpose, visit)


def the_visit(app: Flask) -> Appointment:
    with app.app_context():
        return db.session.scalars(select(Appointment)).one()


def test_the_letter_shows_the_visit_without_signing_in(app: Flask, visitor: Visitor) -> None:
    page = visitor.get(link(app, SEE))
    assert page.status == 200
    assert "Dr. Ada Berg" in page.text
    assert "Confirmed" in page.text


def test_the_reason_and_the_history_need_a_sign_in(app: Flask, visitor: Visitor) -> None:
    for purpose in (SEE, MOVE, CANCEL):
        page = visitor.get(link(app, purpose))
        assert "A private matter" not in page.html
        assert "What happened" not in page.text
        assert "Ines Carvalho" not in page.html


def test_nothing_of_it_is_kept_by_a_cache(app: Flask, visitor: Visitor) -> None:
    answer = visitor.client.get(link(app, SEE), base_url="http://127.0.0.1")
    assert answer.headers["Cache-Control"] == "no-store"


def test_opening_the_links_changes_nothing(app: Flask, visitor: Visitor) -> None:
    for purpose in (SEE, MOVE, CANCEL):
        assert visitor.get(link(app, purpose)).status == 200
    assert the_visit(app).status is Status.CONFIRMED
    assert the_visit(app).version == 2


def test_one_button_cancels_and_the_trail_names_the_patient(app: Flask, visitor: Visitor) -> None:
    address = link(app, CANCEL)
    page = visitor.submit(visitor.get(address).form("/cancel/"), reason="Feeling better")
    assert page.status == 200
    assert "Your appointment is cancelled" in page.text
    visit = the_visit(app)
    assert (visit.status, visit.cancel_reason) == (Status.CANCELLED, "Feeling better")
    with app.app_context():
        event = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc())).first()
        assert event is not None
        assert event.actor is not None
        assert event.actor.name == "Ines Carvalho"
    assert "Cancelled" in visitor.get(address).text


def test_one_button_moves(app: Flask, visitor: Visitor) -> None:
    page = visitor.get(f"{link(app, MOVE)}?day={FRIDAY}")
    form = page.form("/move/")
    later = next(value for name, value in form.buttons if name == "opening")
    done = visitor.submit(form, opening=later)
    assert done.status == 200
    assert "Your appointment is now on" in done.text
    assert the_visit(app).starts_at != at(f"{FRIDAY} 10:00")
    assert the_visit(app).status is Status.CONFIRMED


def test_the_days_of_the_strip_keep_the_link(app: Flask, visitor: Visitor) -> None:
    address = link(app, MOVE)
    assert f"{address}?day={FRIDAY}" in visitor.get(address).html
    assert visitor.get(f"{address}?day={FRIDAY}", **HTMX).status == 200


@pytest.mark.parametrize(
    ("made_for", "used_for"),
    [(SEE, MOVE), (SEE, CANCEL), (MOVE, CANCEL), (CANCEL, MOVE), (CANCEL, SEE), (MOVE, SEE)],
)
def test_a_link_for_one_thing_does_no_other(
    app: Flask, visitor: Visitor, made_for: Purpose, used_for: Purpose
) -> None:
    token = Path(link(app, made_for)).parts[2]
    path = visit_links.path_to(token, used_for)
    assert visitor.get(path).status == 410
    assert the_visit(app).status is Status.CONFIRMED


@pytest.mark.parametrize("purpose", [MOVE, CANCEL])
def test_a_link_that_changes_something_is_over_with_the_visit(
    app: Flask, visitor: Visitor, frozen_clock: FrozenClock, purpose: Purpose
) -> None:
    address = link(app, purpose)
    frozen_clock.move_to(the_visit(app).ends_at + timedelta(seconds=1))
    page = visitor.get(address)
    assert page.status == 410
    assert "This link is over" in page.text


def test_a_letter_can_be_read_again_for_a_month(
    app: Flask, visitor: Visitor, frozen_clock: FrozenClock
) -> None:
    address = link(app, SEE)
    frozen_clock.move_to(the_visit(app).ends_at + timedelta(days=29))
    assert visitor.get(address).status == 200
    frozen_clock.advance(days=2)
    assert visitor.get(address).status == 410


def test_the_links_die_with_the_account(app: Flask, visitor: Visitor) -> None:
    address = link(app, CANCEL)
    with app.app_context():
        user = db.session.scalars(select(User).where(User.name == "Ines Carvalho")).one()
        user.is_active = False
        db.session.commit()
    assert visitor.get(address).status == 410


def test_the_cut_off_holds_for_letters_too(app: Flask, visitor: Visitor) -> None:
    form = visitor.get(link(app, CANCEL)).form("/cancel/")
    with app.app_context():
        policy(cancel_cutoff_hours=240)
    assert "can no longer be changed online" in visitor.get(link(app, CANCEL)).text
    assert visitor.submit(form).status == 409
    assert the_visit(app).status is Status.CONFIRMED


def test_two_cancels_by_one_letter_are_one(app: Flask, visitor: Visitor) -> None:
    form = visitor.get(link(app, CANCEL)).form("/cancel/")
    assert visitor.submit(form).status == 200
    assert visitor.submit(form).status == 200
    assert the_visit(app).version == 3


def test_the_patient_who_is_signed_in_sees_their_own_pages(app: Flask, visitor: Visitor) -> None:
    with app.app_context():
        user = db.session.scalars(select(User).where(User.name == "Ines Carvalho")).one()
        visitor.sign_in(user.id)
    assert "A private matter" in visitor.get(link(app, SEE)).text


@pytest.mark.parametrize("token", ["x", "a.b", "%00", "%E2%80%AE", "y" * 2000])
def test_a_made_up_link_is_over(visitor: Visitor, token: str) -> None:
    for path in ("", "move/", "cancel/"):
        assert visitor.get(f"/visit/{token}/{path}").status == 410
