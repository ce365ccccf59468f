"""A patient whose hold runs out is told that the time is free again; at most once an hour."""

from __future__ import annotations

import itertools
from datetime import datetime

from app.clock import tick_of
from app.models import Appointment, Doctor, MessageKind, Patient
from app.scheduling import bookings, hits, holds
from app.scheduling.holders import Holder
from app.transaction import transactional
from tests.builders import a_doctor, a_patient, at, booked
from tests.messaging.conftest import BASE_URL, outbox

MORNING, LATER = at("2026-11-25 10:00"), at("2026-11-25 11:00")
_keys = itertools.count()


def holder_of(patient: Patient | None) -> Holder:
    return Holder("a browser", patient, "192.0.2.1")


def held(patient: Patient | None, doctor: Doctor, starts_at: datetime = MORNING) -> Appointment:
    kind = doctor.visit_types[0]
    key = f"a key {next(_keys)}"
    return holds.hold(holder_of(patient), doctor.ref, kind.ref, tick_of(starts_at), key)


def released() -> list[str]:
    """The states of the messages about times that are free again."""
    return [m.state.value for m in outbox() if m.kind is MessageKind.TIME_RELEASED]


def test_a_hold_that_runs_out_is_told_two_minutes_later_with_a_way_on(clinic, letters) -> None:
    patient, doctor = a_patient(), a_doctor("Ada Berg")
    held(patient, doctor)
    clinic.advance(minutes=10)
    holds.sweep()
    assert letters.run() == 0
    clinic.advance(minutes=2)
    assert letters.run() == 1
    assert letters.sent[0]["Subject"] == "The time you had chosen is free again"
    assert "Wednesday 25 November, 10:00" in letters.last_text
    assert f"{BASE_URL}/appointment/?doctor={doctor.ref}" in letters.last_text


def test_a_hold_that_somebody_else_meets_when_it_has_run_out_is_told_too(clinic) -> None:
    doctor = a_doctor()
    held(a_patient(), doctor)
    clinic.advance(minutes=10)
    held(a_patient(), doctor)
    assert released() == ["queued"]


def test_who_leaves_or_chooses_another_time_is_told_nothing(clinic) -> None:
    patient, doctor = a_patient(), a_doctor()
    first = held(patient, doctor)
    holds.release(holder_of(patient), first.ref)
    held(patient, doctor)
    held(patient, doctor, LATER)
    clinic.advance(minutes=10)  # the last one has run out, and is exchanged for another
    held(patient, doctor, MORNING)
    assert released() == []


def test_a_browser_that_nobody_is_signed_in_on_is_told_nothing(clinic) -> None:
    held(None, a_doctor())
    clinic.advance(minutes=10)
    holds.sweep()
    assert released() == []


def test_who_has_chosen_again_meanwhile_is_told_nothing(clinic, letters) -> None:
    patient, doctor = a_patient(), a_doctor()
    held(patient, doctor)
    clinic.advance(minutes=10)
    holds.sweep()
    again = held(patient, doctor, LATER)
    clinic.advance(minutes=1)
    bookings.book(holder_of(patient), patient, again.ref, "")
    clinic.advance(minutes=1)
    letters.run()
    assert released() == ["dissolved"]


def test_a_visit_booked_before_does_not_count(clinic, letters) -> None:
    patient, doctor = a_patient(), a_doctor()
    booked(patient, doctor, LATER)
    held(patient, doctor)
    clinic.advance(minutes=10)
    holds.sweep()
    clinic.advance(minutes=2)
    letters.run()
    assert released() == ["sent"]


def test_a_patient_is_told_at_most_once_an_hour(clinic, letters) -> None:
    patient, doctor = a_patient(), a_doctor()
    told = []
    for _ in range(5):
        held(patient, doctor)
        clinic.advance(minutes=10)
        holds.sweep()
        clinic.advance(minutes=5)
        letters.run()
        told.append(len(released()))
    assert told == [1, 1, 1, 1, 2]


def test_a_message_that_dissolved_does_not_count_for_the_hour(clinic, letters) -> None:
    patient, doctor = a_patient(), a_doctor()
    for _ in range(2):
        held(patient, doctor)
        clinic.advance(minutes=10)
        holds.sweep()
        held(patient, doctor, LATER)
        clinic.advance(minutes=2)
        letters.run()
        clinic.advance(minutes=8)
        holds.sweep()
    assert released()[0] == "dissolved"
    assert "queued" in released()


def test_a_held_time_that_a_change_of_hours_takes_away_is_not_told_as_run_out(clinic) -> None:
    doctor = a_doctor()
    visit = held(a_patient(), doctor)
    hit = hits.Hit.of(visit)
    answer = hits.Answer(seen=frozenset({hit.ref}))
    transactional(hits.settle)([hit], answer, doctor.user)
    assert released() == []
