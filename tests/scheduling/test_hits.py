"""Which visits a change of hours hits, and what becomes of them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from app.clinic import revision
from app.extensions import db
from app.models import (
    Appointment,
    AuditEvent,
    Doctor,
    HoursException,
    HoursExceptionKind,
    OutboxMessage,
    User,
    WorkingHours,
)
from app.models import AppointmentStatus as Status
from app.scheduling import changes, hits, holds
from app.scheduling.hits import Answer, Choice, Hit, NoReason, Unanswered
from app.scheduling.holders import Holder
from app.scheduling.moves import Actor
from app.transaction import transactional
from tests.builders import (
    a_doctor,
    a_location,
    a_patient,
    a_visit_type,
    at,
    booked,
    tick,
    works,
)
from tests.scheduling.conftest import queries
from tests.scheduling.test_openings import closure, exception

KEEP = Choice.KEEP
MORNING = "2026-11-25 09:00", "2026-11-25 12:00"
QUERIES_A_VISIT = 8


@transactional
def away(
    doctor: Doctor, begins: str, ends: str, answer: Answer = hits.NO_ANSWER, by: User | None = None
) -> tuple[Hit, ...]:
    """Take a time off, as an answer allows."""
    revision.bump()

    def change() -> None:
        exception(doctor, at(begins), at(ends))

    found = hits.of_timetable(doctor, change)
    hits.settle(found, answer, by or doctor.user)
    return found


def told(found: Unanswered) -> list[tuple[str, str]]:
    return [(hit.patient, f"{hit.starts_at.astimezone(hit.zone):%H:%M}") for hit in found.hits]


def hit_by(doctor: Doctor, begins: str, ends: str) -> list[tuple[str, str]]:
    with pytest.raises(Unanswered) as refused:
        away(doctor, begins, ends)
    return told(refused.value)


def test_the_visits_that_a_time_off_covers_are_hit_and_nothing_is_saved(clinic):
    doctor = a_doctor()
    for name, when in (("Ann", "09:30"), ("Bob", "10:00"), ("Cas", "11:00")):
        booked(a_patient(name), doctor, at(f"2026-11-25 {when}"))
    found = hit_by(doctor, "2026-11-25 09:45", "2026-11-25 11:00")
    assert found == [("Ann", "09:30"), ("Bob", "10:00")]
    assert db.session.scalars(select(HoursException)).all() == []


def test_nobody_is_hit_where_nobody_comes(clinic):
    doctor = a_doctor()
    booked(a_patient(), doctor, at("2026-11-25 09:30"))
    assert away(doctor, "2026-11-25 10:00", "2026-11-25 12:00") == ()


def test_a_visit_that_did_not_fit_before_is_not_hit(clinic):
    doctor = a_doctor()
    booked(a_patient(), doctor, at("2026-11-25 09:30"))
    exception(doctor, at("2026-11-25 09:00"), at("2026-11-25 12:00"))
    assert away(doctor, "2026-11-25 09:00", "2026-11-25 17:00") == ()


def test_visits_that_are_past_or_cancelled_or_of_others_are_not_hit(clinic):
    doctor = a_doctor()
    booked(a_patient(), doctor, at("2026-11-24 10:00"))
    booked(a_patient(), a_doctor(), at("2026-11-24 14:00"))
    gone = booked(a_patient(), doctor, at("2026-11-24 15:00"))
    changes.cancel(gone, Actor.of(doctor.user), "Ill", version=gone.version)
    clinic.move_to(at("2026-11-24 12:00"))
    assert away(doctor, "2026-11-24 09:00", "2026-11-24 17:00") == ()


def test_a_time_that_is_held_is_hit_until_the_hold_ends(clinic):
    doctor = a_doctor()
    holder = Holder("a browser", address="an address")
    kind = doctor.visit_types[0].ref
    held = holds.hold(holder, doctor.ref, kind, tick("2026-11-25 10:00"), "key").ref
    with pytest.raises(Unanswered) as refused:
        away(doctor, "2026-11-25 09:00", "2026-11-25 17:00")
    assert [(hit.ref, hit.is_held) for hit in refused.value.hits] == [(held, True)]
    clinic.advance(minutes=11)
    assert away(doctor, "2026-11-25 09:00", "2026-11-25 17:00") == ()


def test_kept_visits_stand_and_the_change_is_made(clinic):
    doctor = a_doctor()
    visit = booked(a_patient(), doctor, at("2026-11-25 09:30"))
    answer = Answer(KEEP, seen=frozenset({visit.ref}))
    assert len(away(doctor, "2026-11-25 09:00", "2026-11-25 12:00", answer)) == 1
    assert visit.status is Status.CONFIRMED
    assert len(db.session.scalars(select(HoursException)).all()) == 1


def test_cancelled_visits_free_their_time_and_their_patients_are_told_why(clinic):
    doctor = a_doctor()
    visit = booked(a_patient(), doctor, at("2026-11-25 09:30"))
    answer = Answer(Choice.CANCEL, "I am at a congress.", frozenset({visit.ref}))
    away(doctor, "2026-11-25 09:00", "2026-11-25 12:00", answer)
    assert visit.status is Status.CANCELLED
    assert visit.cancel_reason == "I am at a congress."
    mails = db.session.scalars(select(OutboxMessage.kind)).all()
    assert "appointment_cancelled" in [kind.value for kind in mails]
    last = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc())).first()
    assert last is not None
    assert (last.after, last.actor_id) == ({"status": "cancelled"}, doctor.user_id)


def test_a_time_that_is_held_goes_without_a_message(clinic):
    doctor = a_doctor()
    holder = Holder("a browser", address="an address")
    kind = doctor.visit_types[0].ref
    held = holds.hold(holder, doctor.ref, kind, tick("2026-11-25 10:00"), "key")
    answer = Answer(Choice.CANCEL, seen=frozenset({held.ref}))
    away(doctor, "2026-11-25 09:00", "2026-11-25 17:00", answer)
    assert held.status is Status.EXPIRED


def test_a_time_that_is_held_is_given_up_whatever_becomes_of_the_appointments(clinic):
    doctor = a_doctor()
    kind = doctor.visit_types[0].ref
    holder = Holder("a browser", address="an address")
    held = holds.hold(holder, doctor.ref, kind, tick("2026-11-25 10:00"), "key")
    visit = booked(a_patient(), doctor, at("2026-11-25 09:30"))
    with pytest.raises(Unanswered, match="one appointment and one held time"):
        away(doctor, *MORNING)
    away(doctor, *MORNING, Answer(KEEP, seen=frozenset({held.ref, visit.ref})))
    assert (held.status, visit.status) == (Status.EXPIRED, Status.CONFIRMED)


def test_to_cancel_needs_a_word_to_the_patients(clinic):
    doctor = a_doctor()
    visit = booked(a_patient(), doctor, at("2026-11-25 09:30"))
    with pytest.raises(NoReason):
        away(
            doctor,
            "2026-11-25 09:00",
            "2026-11-25 12:00",
            Answer(Choice.CANCEL, "  ", frozenset({visit.ref})),
        )
    db.session.rollback()
    assert db.session.get_one(Appointment, visit.id).status is Status.CONFIRMED
    assert db.session.scalars(select(HoursException)).all() == []


def test_an_answer_for_other_visits_than_those_that_are_hit_is_asked_again(clinic):
    doctor = a_doctor()
    seen = booked(a_patient("Ann"), doctor, at("2026-11-25 09:30")).ref
    booked(a_patient("Bob"), doctor, at("2026-11-25 10:30"))
    with pytest.raises(Unanswered) as refused:
        away(doctor, "2026-11-25 09:00", "2026-11-25 12:00", Answer(KEEP, seen=frozenset({seen})))
    assert told(refused.value) == [("Ann", "09:30"), ("Bob", "10:30")]


def test_each_visit_can_have_an_answer_of_its_own(clinic):
    doctor = a_doctor()
    stays = booked(a_patient("Ann"), doctor, at("2026-11-25 09:30"))
    goes = booked(a_patient("Bob"), doctor, at("2026-11-25 10:30"))
    seen = frozenset({stays.ref, goes.ref})
    each = {stays.ref: KEEP, goes.ref: Choice.CANCEL}
    with pytest.raises(NoReason):
        away(doctor, *MORNING, Answer(Choice.EACH, "", seen, each))
    away(doctor, *MORNING, Answer(Choice.EACH, "I am ill.", seen, each))
    assert (stays.status, goes.status) == (Status.CONFIRMED, Status.CANCELLED)
    assert goes.cancel_reason == "I am ill."


def test_while_one_of_them_has_no_answer_nothing_is_saved(clinic):
    doctor = a_doctor()
    first = booked(a_patient("Ann"), doctor, at("2026-11-25 09:30"))
    second = booked(a_patient("Bob"), doctor, at("2026-11-25 10:30"))
    answer = Answer(
        Choice.EACH, "Ill.", frozenset({first.ref, second.ref}), {first.ref: Choice.CANCEL}
    )
    with pytest.raises(Unanswered, match="2 appointments") as refused:
        away(doctor, *MORNING, answer)
    assert "One has no answer yet." in refused.value.complaint
    assert {visit.status for visit in (first, second)} == {Status.CONFIRMED}
    assert db.session.scalars(select(HoursException)).all() == []


def test_what_is_said_of_each_counts_only_where_they_are_decided_one_by_one(clinic):
    doctor = a_doctor()
    visit = booked(a_patient(), doctor, at("2026-11-25 09:30"))
    each = {visit.ref: Choice.CANCEL}
    away(doctor, *MORNING, Answer(KEEP, "Ill.", frozenset({visit.ref}), each))
    assert visit.status is Status.CONFIRMED


def test_to_cancel_many_reads_the_catalogue_and_the_settings_as_often_as_to_cancel_one(clinic):
    asked = {}
    for day, times in ((25, ["09:30"]), (26, ["09:30", "10:30", "11:30", "13:30", "14:30"])):
        doctor = a_doctor()
        refs = {booked(a_patient(), doctor, at(f"2026-11-{day} {time}")).ref for time in times}
        answer = Answer(Choice.CANCEL, "I am ill.", frozenset(refs))
        with queries() as seen:
            away(doctor, f"2026-11-{day} 09:00", f"2026-11-{day} 17:00", answer)
        asked[len(refs)] = seen
    assert (len(asked[5]) - len(asked[1])) / 4 <= QUERIES_A_VISIT
    for table in ("FROM doctors", "FROM locations", "FROM settings", "FROM revisions"):
        of_one, of_many = (sum(table in said for said in asked[n]) for n in (1, 5))
        assert (table, of_many) == (table, of_one)


def test_hours_that_are_left_to_other_visit_types_hit_too(clinic):
    check_up, vaccination = a_visit_type(), a_visit_type()
    doctor = a_doctor(hours=None, visit_types=[check_up, vaccination])
    row = works(doctor, a_location(), 3, "09:00-12:00")
    booked(a_patient("Ann"), doctor, at("2026-11-25 09:30"), check_up)
    booked(a_patient("Bob"), doctor, at("2026-11-25 10:30"), vaccination)

    @transactional
    def reserve() -> tuple[Hit, ...]:
        revision.bump()
        return hits.of_timetable(doctor, lambda: row.visit_types.append(vaccination))

    assert [hit.patient for hit in reserve()] == ["Ann"]


def test_hours_that_move_to_another_place_hit(clinic):
    doctor = a_doctor(hours=None)
    row = works(doctor, a_location(), 3, "09:00-12:00")
    other = a_location("Elsewhere").id
    booked(a_patient("Ann"), doctor, at("2026-11-25 09:30"))

    @transactional
    def elsewhere() -> tuple[Hit, ...]:
        revision.bump()

        def change() -> None:
            db.session.execute(delete(WorkingHours).where(WorkingHours.id == row.id))
            works(doctor, db.session.get_one(type(a_location()), other), 3, "09:00-12:00")

        return hits.of_timetable(doctor, change)

    assert [hit.location for hit in elsewhere()] == ["Main Street Practice"]


def test_a_closure_hits_the_visits_of_all_doctors_at_its_place(clinic):
    place, elsewhere = a_location(), a_location("Elsewhere")
    ada, bo, cy = a_doctor("Ada"), a_doctor("Bo"), a_doctor("Cy", location=elsewhere)
    for name, doctor, when in (
        ("Ann", ada, "09:30"),
        ("Bob", bo, "11:45"),
        ("Cas", cy, "10:00"),
        ("Dan", ada, "14:00"),
    ):
        booked(a_patient(name), doctor, at(f"2026-11-25 {when}"))
    span = at("2026-11-25 09:00"), at("2026-11-25 12:00")
    assert [hit.patient for hit in hits.of_closure(place, *span)] == ["Ann", "Bob"]


def test_a_closure_hits_nobody_whom_one_hits_already(clinic):
    booked(a_patient("Ann"), a_doctor(), at("2026-11-25 09:30"))
    span = at("2026-11-25 09:00"), at("2026-11-25 12:00")
    closure(a_location(), *span)
    assert hits.of_closure(a_location(), *span) == ()


def test_the_hits_of_many_cost_as_many_queries_as_those_of_one(clinic):
    place = a_location()

    def asked() -> int:
        db.session.expire_all()
        revision.forget()
        with queries() as seen:
            span = at("2026-11-25 00:00"), at("2026-12-25 00:00")
            found = hits.of_closure(db.session.merge(place), *span)
            assert [hit.patient for hit in found]
        return len(seen)

    booked(a_patient(), a_doctor(), at("2026-11-25 09:30"))
    one = asked()
    for day in range(5):
        doctor = a_doctor()
        booked(a_patient(), doctor, at("2026-11-25 09:30") + timedelta(day))
        booked(a_patient(), doctor, at("2026-11-25 10:30") + timedelta(day))
    assert asked() == one


def test_an_answer_is_read_from_what_was_sent():
    sent = {"hits_choice": "cancel", "hits_reason": " Ill. ", "hits_seen": "a b"}
    assert Answer.of(sent) == Answer(Choice.CANCEL, "Ill.", frozenset("ab"))
    each = {"hit_a": "keep", "hit_b": "each", "hit_c": "cancel"}
    assert Answer.of(sent | each).each == {"a": KEEP}
    assert Answer.of({"hits_choice": "burn"}) == hits.NO_ANSWER


def test_extra_hours_that_go_hit(clinic):
    doctor = a_doctor(hours=None)
    begins, ends = at("2026-11-25 18:00"), at("2026-11-25 20:00")
    exception(doctor, begins, ends, HoursExceptionKind.EXTRA_HOURS, a_location())
    booked(a_patient("Ann"), doctor, at("2026-11-25 18:30"))

    @transactional
    def gone() -> tuple[Hit, ...]:
        revision.bump()
        row = db.session.scalars(select(HoursException)).one()
        return hits.of_timetable(doctor, lambda: db.session.delete(row))

    assert [hit.patient for hit in gone()] == ["Ann"]
