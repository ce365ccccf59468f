"""One tap, one step: legal and illegal, stale, taken back."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.extensions import db
from app.models import AppointmentStatus as Status
from app.models import AuditEvent, MessageKind, OutboxMessage
from tests.builders import a_doctor
from tests.doctor.conftest import TODAY, Practice, tap


def test_a_visit_goes_through_the_day_with_one_tap_each(practice: Practice) -> None:
    for step, status in [
        ("arrive", Status.ARRIVED),
        ("start", Status.IN_CONSULTATION),
        ("complete", Status.COMPLETED),
    ]:
        page = tap(practice.doctor, practice.doctor.get("/board/"), f"/{step}/")
        assert page.status == 200
        assert page.html.lstrip().startswith("<tr")
        assert f'id="visit-{practice.ref}"' in page.html
        assert "is-fresh" in page.html
        assert practice.status is status


def test_without_a_script_the_board_opens_again_at_the_row(practice: Practice) -> None:
    form = practice.doctor.get("/board/").form("/arrive/")
    page = practice.doctor.submit(form, follow=False)
    assert page.status == 303
    assert page.location.endswith(f"/board/?day={TODAY}#visit-{practice.ref}")
    assert "is-fresh" in practice.doctor.get("/board/").html


def test_a_step_from_the_visits_own_page_leads_back_to_it(practice: Practice) -> None:
    form = practice.doctor.get(f"/board/visit/{practice.ref}/").form("/arrive/")
    page = practice.doctor.submit(form)
    assert page.address == f"/board/visit/{practice.ref}/"
    assert "Marked as arrived by you" in page.text


def test_a_request_is_approved_and_the_patient_is_told_after_the_undo(practice: Practice) -> None:
    ref = practice.book("11:00", needs_approval=True)
    assert "1 to answer" in practice.doctor.get("/board/").text
    tap(practice.doctor, practice.doctor.get("/board/"), f"{ref}/approve/")
    assert practice.visit(ref).status is Status.CONFIRMED
    with practice.app.app_context():
        message = db.session.scalars(
            select(OutboxMessage).where(
                OutboxMessage.kind == MessageKind.APPOINTMENT_CONFIRMED,
                OutboxMessage.appointment_id == practice.visit(ref).id,
            )
        ).one()
        assert message.next_try_at > message.created_at


@pytest.mark.parametrize("step", ["approve", "complete", "no-show"])
def test_a_step_that_does_not_fit_is_refused(practice: Practice, step: str) -> None:
    values = practice.doctor.get("/board/").form("/arrive/").values
    page = practice.doctor.post(f"/board/{practice.ref}/{step}/", values)
    assert page.status == 409
    assert practice.status is Status.CONFIRMED


def test_an_admin_may_let_somebody_arrive_but_not_start_the_visit(practice: Practice) -> None:
    admin = practice.admin()
    page = admin.get(f"/board/visit/{practice.ref}/")
    values = page.form("/arrive/").values
    assert not [form for form in page.forms if form.action.endswith("/start/")]
    assert admin.post(f"/board/{practice.ref}/start/", values).status == 403
    assert admin.submit(page.form("/arrive/")).status == 200
    assert practice.status is Status.ARRIVED


def test_a_no_show_is_possible_once_the_time_has_come(practice: Practice) -> None:
    board = practice.doctor.get("/board/")
    assert not [form for form in board.forms if form.action.endswith("/no-show/")]
    practice.wait_until(f"{TODAY} 10:05")
    tap(practice.doctor, practice.doctor.get("/board/"), "/no-show/")
    assert practice.status is Status.NO_SHOW


def test_a_stale_click_is_told_what_happened_meanwhile_and_by_whom(practice: Practice) -> None:
    before = practice.doctor.get("/board/")
    admin = practice.admin()
    admin.submit(admin.get(f"/board/visit/{practice.ref}/").form("/arrive/"))
    page = tap(practice.doctor, before, "/cancel/", reason="Ill")
    assert page.status == 409
    assert "Meanwhile this visit was marked as arrived by Ana Sousa, at 08:00." in page.text
    assert 'data-status="arrived"' in page.html
    assert practice.status is Status.ARRIVED


def test_a_stale_cancellation_keeps_the_reason_that_was_typed(practice: Practice) -> None:
    ref = practice.book("11:00", needs_approval=True)
    before = practice.doctor.get("/board/")
    admin = practice.admin()
    admin.submit(admin.get(f"/board/visit/{ref}/").form("/approve/"))
    page = tap(practice.doctor, before, f"{ref}/cancel/", reason="No theatre is free")
    assert page.status == 409
    assert page.form("/cancel/").values["reason"] == "No theatre is free"


def test_a_stale_click_without_a_script_lands_on_the_visits_page(practice: Practice) -> None:
    before = practice.doctor.get("/board/").form("/arrive/")
    admin = practice.admin()
    admin.submit(
        admin.get(f"/board/visit/{practice.ref}/").form("/cancel/"), reason="The patient called"
    )
    page = practice.doctor.submit(before)
    assert page.status == 409
    assert "cancelled by Ana Sousa" in page.text
    assert "<h1>" in page.html


def test_the_same_tap_twice_is_no_fault(practice: Practice) -> None:
    board = practice.doctor.get("/board/")
    assert tap(practice.doctor, board, "/arrive/").status == 200
    assert tap(practice.doctor, board, "/arrive/").status == 200
    with practice.app.app_context():
        arrivals = select(AuditEvent).where(AuditEvent.object_id == practice.visit().id)
        moved = [e for e in db.session.scalars(arrivals) if e.after == {"status": "arrived"}]
    assert len(moved) == 1


@pytest.mark.parametrize("steps", [["arrive"], ["arrive", "start"], ["arrive", "complete"]])
def test_a_step_can_be_taken_back_where_it_was_made(practice: Practice, steps: list[str]) -> None:
    trail = [practice.status]
    for step in steps:
        tap(practice.doctor, practice.doctor.get("/board/"), f"/{step}/")
        trail.append(practice.status)
    page = tap(practice.doctor, practice.doctor.get("/board/"), "/undo/")
    assert page.status == 200
    assert practice.status is trail[-2]


def test_a_refusal_can_be_taken_back_while_nobody_has_been_told(practice: Practice) -> None:
    page = tap(practice.doctor, practice.doctor.get("/board/"), "/cancel/", reason="Ill")
    assert 'data-status="cancelled"' in page.html
    tap(practice.doctor, practice.doctor.get("/board/"), "/undo/")
    assert practice.status is Status.CONFIRMED


def test_a_refusal_that_was_told_cannot_be_taken_back(practice: Practice) -> None:
    tap(practice.doctor, practice.doctor.get("/board/"), "/cancel/", reason="Ill")
    undo = practice.doctor.get("/board/").form("/undo/")
    practice.clock.advance(seconds=31)
    assert practice.doctor.submit(undo).status == 409
    assert practice.status is Status.CANCELLED


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
def test_a_reason_is_needed_and_asked_for_beside_the_field(practice: Practice, reason: str) -> None:
    page = tap(practice.doctor, practice.doctor.get("/board/"), "/cancel/", reason=reason)
    assert page.status == 422
    assert f'aria-describedby="reason-{practice.ref}-error"' in page.html
    assert page.html.lstrip().startswith("<tr")
    full = practice.doctor.submit(
        practice.doctor.get(f"/board/visit/{practice.ref}/").form("/cancel/"), reason=reason
    )
    assert full.status == 422
    assert "<h1>" in full.html
    assert practice.status is Status.CONFIRMED


def test_declining_keeps_the_reason_in_the_trail(practice: Practice) -> None:
    ref = practice.book("11:00", needs_approval=True)
    tap(practice.doctor, practice.doctor.get("/board/"), f"{ref}/cancel/", reason="Full up")
    with practice.app.app_context():
        last = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc())).first()
        assert last is not None
        assert (last.before, last.after) == ({"status": "requested"}, {"status": "cancelled"})
        assert last.reason == "Full up"


def test_another_doctors_visit_does_not_exist(practice: Practice) -> None:
    values = practice.doctor.get("/board/").form("/arrive/").values
    with practice.app.app_context():
        other = practice.visitor(a_doctor("Otto Other").user_id)
    values["csrf_token"] = other.get("/board/").form("/logout/").values["csrf_token"]
    assert other.get(f"/board/visit/{practice.ref}/").status == 404
    for step in ("arrive", "cancel", "undo"):
        page = other.post(f"/board/{practice.ref}/{step}/", {**values, "reason": "Mine"})
        assert page.status == 404
    assert practice.status is Status.CONFIRMED


@pytest.mark.parametrize("version", ["", "0", "-1", "1e3", "x" * 100, "٣"])
def test_a_version_that_makes_no_sense_is_refused(practice: Practice, version: str) -> None:
    form = practice.doctor.get("/board/").form("/arrive/")
    assert practice.doctor.submit(form, version=version).status == 400


def test_a_step_that_does_not_exist_is_not_found(practice: Practice) -> None:
    values = practice.doctor.get("/board/").form("/arrive/").values
    assert practice.doctor.post(f"/board/{practice.ref}/dance/", values).status == 404
