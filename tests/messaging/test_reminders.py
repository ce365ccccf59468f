"""Reminders: planned once, at the right time, for who wants them; and gone when no longer true."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import event

from app import clock
from app.extensions import db
from app.messaging import reminders
from app.messaging.planning import Planner
from app.messaging.stretch import Stretch
from app.models import Appointment, AuditEvent, MessageKind, MessageState, Patient, VisitType
from app.scheduling import changes, visits
from app.scheduling.moves import Actor
from app.scheduling.visits import Step
from app.transaction import transactional
from tests.builders import (
    a_doctor,
    a_location,
    a_patient,
    a_visit_type,
    at,
    booked,
    policy,
    tick,
)
from tests.messaging.conftest import outbox

FRIDAY = "2026-11-27 10:30"  # three days after the clock's Tuesday morning


@transactional
def own_reminders(row: Patient | VisitType, hours: list[int] | None) -> None:
    db.session.merge(row).own_reminders = hours


def planned() -> list[tuple[int, datetime]]:
    """The leads of the reminders in the outbox and when they are due, in order of time."""
    found = [m for m in outbox() if m.kind is MessageKind.APPOINTMENT_REMINDER]
    return sorted(((m.details["lead"], m.not_before) for m in found), key=lambda pair: pair[1])


def plan_at(clinic, *moments: str) -> None:
    """Let a worker that did not stand still plan at some moments, in Berlin."""
    for moment in moments:
        clinic.move_to(at(moment))
        reminders.plan(clock.now(), clock.now() - timedelta(minutes=2))


def plan_through(clinic, hours: int) -> None:
    """Let a worker plan every nine minutes."""
    planner, until = Planner(), clock.now() + timedelta(hours=hours)
    while clock.now() < until:
        planner.turn()
        clinic.advance(minutes=9)


def test_a_visit_is_reminded_of_at_each_lead_and_at_no_other_time(clinic) -> None:
    booked(a_patient(), a_doctor(), at("2026-12-04 10:30"))
    points = ("2026-11-27 10:25", "2026-12-03 10:25", "2026-12-04 08:25")
    others = ("2026-11-30 10:25", "2026-12-02 10:25", "2026-12-04 06:25", "2026-12-04 09:25")
    plan_at(clinic, *sorted((*points, *others)))
    assert planned() == [
        (168, at("2026-11-27 10:30")),
        (24, at("2026-12-03 10:30")),
        (2, at("2026-12-04 08:30")),
    ]


def test_a_worker_that_plans_on_and_on_plans_each_point_at_its_instant(clinic) -> None:
    policy(reminder_hours=(4, 2, 1))
    booked(a_patient(), a_doctor(), at("2026-11-24 14:00"))
    plan_through(clinic, hours=6)
    assert planned() == [
        (4, at("2026-11-24 10:00")),
        (2, at("2026-11-24 12:00")),
        (1, at("2026-11-24 13:00")),
    ]


def test_a_reminder_waits_in_the_outbox_for_its_instant(visit, clinic, letters) -> None:
    letters.run()
    clinic.move_to(at("2026-11-26 10:22"))
    assert reminders.plan(clock.now()) == 1
    assert letters.run() == 0
    clinic.move_to(at(FRIDAY) - timedelta(hours=24))
    assert letters.run() == 1
    assert letters.sent[-1]["Subject"] == "Reminder: your visit on Friday 27 November, 10:30"


def test_planning_again_and_from_the_beginning_adds_nothing(visit, clinic) -> None:
    clinic.move_to(at("2026-11-26 10:22"))
    assert [reminders.plan(clock.now()) for _ in range(3)] == [1, 0, 0]
    assert Planner().turn() == 0


def test_planners_at_once_plan_each_reminder_once(database: Flask, frozen_clock) -> None:
    with database.app_context():
        doctor, early = a_doctor(), at("2026-11-27 09:00")
        for half_hours in range(8):
            booked(a_patient(), doctor, early + half_hours * timedelta(minutes=30))
        moment = at("2026-11-26 13:00")  # all of them were missed, or come now
    start = threading.Barrier(4)
    counted: list[int] = []

    def work() -> None:
        with database.app_context():
            start.wait()
            counted.append(reminders.plan(moment))

    workers = [threading.Thread(target=work) for _ in range(4)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    with database.app_context():
        assert (sum(counted), len(planned())) == (8, 8)


def test_a_visit_booked_after_a_point_is_not_reminded_of_then(clinic) -> None:
    clinic.move_to(at("2026-11-24 10:00"))
    booked(a_patient(), a_doctor(), at("2026-11-25 09:00"))  # 23 hours ahead
    plan_at(clinic, "2026-11-24 10:00", "2026-11-24 20:50", "2026-11-25 07:00")
    assert planned() == [(2, at("2026-11-24 20:55"))]  # seven is too early in the morning


def test_an_approval_and_a_move_settle_the_time_anew(request_, clinic) -> None:
    actor = Actor.of(request_.doctor.user)
    clinic.move_to(at("2026-11-26 11:00"))
    visits.take(request_, Step.APPROVE, actor, version=request_.version)
    assert request_.arranged_at == clock.now()
    reminders.plan(clock.now())
    assert planned() == []  # the point of a day before has passed when it is approved
    clinic.advance(hours=1)
    changes.move(request_, actor, tick("2026-11-30 10:30"), version=request_.version)
    assert request_.arranged_at == clock.now()
    plan_at(clinic, "2026-11-26 12:00", "2026-11-29 10:25", "2026-11-30 08:25")
    assert [lead for lead, _ in planned()] == [24, 2]


def test_taking_a_later_step_back_leaves_the_time_as_it_was_settled(visit, clinic) -> None:
    settled, actor = visit.arranged_at, Actor.of(visit.doctor.user)
    clinic.advance(hours=1)
    visits.decline(visit, actor, "A mistake.", version=visit.version)
    visits.undo(visit, actor, version=visit.version)
    assert visit.arranged_at == settled


def test_a_request_is_not_reminded_of(request_, clinic) -> None:
    plan_at(clinic, "2026-11-26 10:25", "2026-11-27 08:25")
    assert planned() == []


def test_a_visit_types_own_leads_go_before_the_clinics(clinic) -> None:
    kind = a_visit_type(own_reminders=[48])
    booked(a_patient(), a_doctor(visit_types=[kind]), at(FRIDAY))
    plan_at(clinic, "2026-11-25 10:25", "2026-11-26 10:25", "2026-11-27 08:25")
    assert planned() == [(48, at("2026-11-25 10:30"))]


def test_a_patients_own_leads_go_before_both(clinic) -> None:
    patient, kind = a_patient(), a_visit_type(own_reminders=[])
    reminders.choose(patient, [4, 72])
    booked(patient, a_doctor(visit_types=[kind]), at("2026-11-27 14:00"))
    plan_at(clinic, "2026-11-24 13:55", "2026-11-26 13:55", "2026-11-27 09:55")
    assert planned() == [(72, at("2026-11-24 14:00")), (4, at("2026-11-27 10:00"))]


def test_a_patient_who_wants_none_gets_none(clinic) -> None:
    patient = a_patient()
    reminders.choose(patient, [])
    booked(patient, a_doctor(), at(FRIDAY))
    plan_at(clinic, "2026-11-26 10:25", "2026-11-27 08:25")
    assert planned() == []


def test_what_a_patient_chooses_stands_in_the_trail(clinic) -> None:
    patient = a_patient()
    reminders.choose(patient, [2, 24, 2])
    reminders.choose(patient, [24, 2])
    reminders.choose(patient, None)
    events = db.session.query(AuditEvent).filter_by(action="patient.reminders").all()
    assert [(event.before, event.after) for event in events] == [
        ({"own_reminders": None}, {"own_reminders": [24, 2]}),
        ({"own_reminders": [24, 2]}, {"own_reminders": None}),
    ]
    with pytest.raises(reminders.UnknownLead):
        reminders.choose(patient, [3])


def test_the_end_of_quiet_hours_is_planned_where_the_patient_lives(clinic) -> None:
    patient = a_patient(zone="America/New_York")
    booked(patient, a_doctor(), at("2026-11-27 12:00"))  # six in the morning in New York
    plan_at(clinic, "2026-11-26 08:00", "2026-11-26 13:50", "2026-11-27 02:50", "2026-11-27 08:00")
    assert planned() == [
        (24, at("2026-11-26 14:00")),  # eight in the morning there
        (2, at("2026-11-27 02:55")),
    ]


@pytest.mark.parametrize(
    ("booked_on", "visit_at", "lead", "due"),
    [
        ("2026-03-27 09:00", "2026-03-30 07:30", 24, "2026-03-29 08:00"),
        ("2026-03-27 09:00", "2026-03-29 09:00", 2, "2026-03-28 20:55"),
        ("2026-10-22 09:00", "2026-10-26 07:30", 24, "2026-10-25 08:00"),
        ("2026-10-22 09:00", "2026-10-25 09:00", 2, "2026-10-24 20:55"),
    ],
)
def test_both_nights_on_which_the_clocks_change_are_planned_right(
    clinic, booked_on, visit_at, lead, due
) -> None:
    clinic.move_to(at(booked_on))
    kind = a_visit_type(own_reminders=[lead])
    booked(a_patient(), a_doctor(visit_types=[kind], hours="07:00-17:00"), at(visit_at))
    clinic.move_to(at(due) - timedelta(hours=7))
    plan_through(clinic, hours=8)
    assert planned() == [(lead, at(due))]


def test_of_what_a_worker_missed_only_the_latest_is_said(clinic) -> None:
    kind = a_visit_type(own_reminders=[4, 2, 1])
    booked(a_patient(), a_doctor(visit_types=[kind]), at("2026-11-25 16:00"))
    clinic.move_to(at("2026-11-25 14:30"))  # four and two hours before have passed
    reminders.plan(clock.now())
    assert planned() == [(2, clock.now())]


def test_what_was_missed_waits_for_the_end_of_quiet_hours(clinic) -> None:
    booked(a_patient(), a_doctor(), at(FRIDAY))
    early = at("2026-11-27 08:30")
    clinic.move_to(at("2026-11-26 23:00"))  # the point of a day before was at 10:30
    reminders.plan(clock.now())
    clinic.move_to(early)
    reminders.plan(clock.now())
    assert planned() == [(24, at("2026-11-27 08:00")), (2, early)]


def test_what_was_missed_for_more_than_a_day_and_what_has_begun_stay_unsaid(clinic) -> None:
    week = a_visit_type(own_reminders=[168])
    booked(a_patient(), a_doctor(visit_types=[week]), at("2026-12-03 10:30"))
    booked(a_patient(), a_doctor(), at("2026-11-27 10:30"))
    clinic.move_to(at("2026-11-27 10:31"))
    assert reminders.plan(clock.now()) == 0


def test_a_clock_that_jumps_makes_no_storm(clinic) -> None:
    doctor = a_doctor()
    for days in range(1, 5):
        patient = a_patient()
        for hour in ("10:00", "11:00"):
            booked(patient if hour == "10:00" else a_patient(), doctor,
                   at(f"2026-11-{24 + days} {hour}"))  # fmt: skip
    planner = Planner()
    planner.turn()
    here = clock.now()
    clinic.advance(days=2)
    planner.turn()
    assert len(planned()) == 2  # those of that day
    clinic.move_to(here)
    planner.turn()
    assert len(planned()) == 2
    clinic.advance(hours=2)
    planner.turn()
    assert len(planned()) == 3


def test_no_stretch_is_longer_than_a_day_or_begins_ahead() -> None:
    noon, hour = at("2026-11-24 12:00"), timedelta(hours=1)
    assert Stretch.of(noon, noon - hour).since == noon - hour
    assert Stretch.of(noon, noon - 100 * hour).since == noon - 24 * hour
    assert Stretch.of(noon, noon + hour).since == noon
    assert Stretch.of(noon).since == noon - 24 * hour


@pytest.mark.parametrize("what", ["cancelled", "moved", "begun", "unwanted", "arrived"])
def test_a_reminder_dissolves_when_it_is_no_longer_true(visit, clinic, letters, what) -> None:
    letters.run()
    clinic.move_to(at("2026-11-27 08:25"))
    reminders.plan(clock.now(), clock.now())
    patient = Actor.of(visit.patient.user)
    if what == "cancelled":
        staff = Actor.of(visit.doctor.user)
        changes.cancel(visit, staff, "I am ill.", version=visit.version)
    elif what == "moved":
        changes.move(visit, Actor.of(visit.doctor.user), tick("2026-11-30 10:30"),
                     version=visit.version)  # fmt: skip
    elif what == "unwanted":
        reminders.choose(visit.patient, [24])
    elif what == "arrived":
        visits.take(visit, Step.ARRIVE, patient, version=visit.version)
    clinic.move_to(at(FRIDAY) if what == "begun" else at("2026-11-27 08:30"))
    letters.run()
    states = {m.state for m in outbox() if m.kind is MessageKind.APPOINTMENT_REMINDER}
    assert states == {MessageState.DISSOLVED}


def test_a_reminder_that_could_not_leave_in_time_gives_way_to_the_next(
    visit, clinic, letters
) -> None:
    letters.run()
    for moment in ("2026-11-26 10:30", "2026-11-27 08:30"):
        clinic.move_to(at(moment))
        reminders.plan(clock.now())
    letters.run()  # only now does the mail server answer
    found = [m for m in outbox() if m.kind is MessageKind.APPOINTMENT_REMINDER]
    assert [(m.details["lead"], m.state.value) for m in found] == [(24, "dissolved"), (2, "sent")]


def test_planning_asks_as_often_for_many_visits_as_for_few(clinic) -> None:
    doctor = a_doctor()

    def asked() -> int:
        statements: list[str] = []
        listen = lambda *args: statements.append(args[2])  # noqa: E731
        event.listen(db.engine, "before_cursor_execute", listen)
        try:
            reminders.plan(clock.now())
        finally:
            event.remove(db.engine, "before_cursor_execute", listen)
        return len(statements)

    booked(a_patient(), doctor, at("2026-11-25 09:30"))
    clinic.move_to(at("2026-11-24 10:30"))
    few = asked()
    for half_hours in range(6):
        booked(a_patient(), doctor, at("2026-11-26 12:00") + half_hours * timedelta(minutes=30))
    clinic.move_to(at("2026-11-25 15:00"))
    assert asked() == few
    assert len(planned()) == 7


def test_somebody_without_an_address_is_not_written_to(clinic) -> None:
    patient = a_patient()
    booked(patient, a_doctor(), at(FRIDAY))
    transactional(lambda: setattr(db.session.merge(patient.user), "email", ""))()
    clinic.move_to(at("2026-11-26 10:30"))
    assert reminders.plan(clock.now()) == 0


def test_one_visit_that_cannot_be_planned_does_not_stop_the_rest(clinic, caplog) -> None:
    doctor = a_doctor()
    booked(a_patient(zone="Mars/Olympus"), doctor, at("2026-11-27 10:30"))
    booked(a_patient(), doctor, at("2026-11-27 11:00"))
    clinic.move_to(at("2026-11-26 11:00"))
    assert reminders.plan(clock.now()) == 1
    assert "cannot be planned" in caplog.text


def test_without_quiet_hours_a_reminder_comes_at_night(clinic) -> None:
    policy(quiet_from=8, quiet_until=8)
    kind = a_visit_type(own_reminders=[4])
    booked(a_patient(), a_doctor(visit_types=[kind]), at("2026-11-26 09:00"))
    plan_at(clinic, "2026-11-25 20:50", "2026-11-26 04:55")
    assert planned() == [(4, at("2026-11-26 05:00"))]


def test_an_old_visit_without_an_instant_of_arrangement_counts_from_its_booking(clinic) -> None:
    visit = booked(a_patient(), a_doctor(location=a_location()), at(FRIDAY))
    transactional(lambda: setattr(db.session.get_one(Appointment, visit.id), "arranged_at", None))()
    clinic.move_to(at("2026-11-26 10:30"))
    assert reminders.plan(clock.now()) == 1


def test_a_reminder_that_could_not_leave_in_time_rests_until_the_morning(clinic, letters) -> None:
    booked(a_patient(), a_doctor(), at(FRIDAY))
    plan_at(clinic, "2026-11-26 10:25")
    clinic.move_to(at("2026-11-26 22:10"))
    letters.run()
    (reminder,) = [m for m in outbox() if m.kind is MessageKind.APPOINTMENT_REMINDER]
    assert (reminder.state, reminder.tries) == (MessageState.QUEUED, 0)
    assert reminder.next_try_at == at("2026-11-27 08:00")
    clinic.move_to(at("2026-11-27 08:00"))
    letters.run()
    (reminder,) = [m for m in outbox() if m.kind is MessageKind.APPOINTMENT_REMINDER]
    assert reminder.state is MessageState.SENT


def test_a_reminder_that_was_due_as_quiet_hours_began_may_be_a_little_late(clinic, letters) -> None:
    policy(reminder_hours=(2,))
    booked(a_patient(), a_doctor(), at("2026-11-27 09:30"))
    plan_at(clinic, "2026-11-26 20:50")
    clinic.move_to(at("2026-11-26 21:20"))
    letters.run()
    (reminder,) = [m for m in outbox() if m.kind is MessageKind.APPOINTMENT_REMINDER]
    assert reminder.state is MessageState.SENT


def test_other_news_knows_no_quiet_hours(clinic, letters) -> None:
    clinic.move_to(at("2026-11-24 23:30"))
    booked(a_patient(), a_doctor(), at(FRIDAY))
    letters.run()
    assert {message.state for message in outbox()} == {MessageState.SENT}
