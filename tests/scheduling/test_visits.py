"""The doctor's day: steps, and taking them back."""

from __future__ import annotations

import pytest

from app.errors import ChangedMeanwhile, NotAllowed
from app.models import Appointment, MessageKind
from app.models import AppointmentStatus as Status
from app.scheduling import changes, openings, overbooking, refusals, time_off, visits
from app.scheduling.moves import Actor
from app.scheduling.staff_bookings import Wanted
from app.scheduling.states import Who
from app.scheduling.visits import Step
from app.scheduling.why import Reason
from app.scheduling.wishes import TIME_OFF, Wish
from tests.builders import a_doctor, a_patient, a_user, a_visit_type, at, booked, tick
from tests.scheduling.test_bookings import messages
from tests.scheduling.test_holds import claimed


@pytest.fixture
def visit(clinic):
    """Confirmed, for ten o'clock today."""
    return booked(a_patient(), a_doctor(), at("2026-11-24 10:00"))


@pytest.fixture
def request_(clinic):
    """A request for Friday at ten."""
    doctor = a_doctor(visit_types=[a_visit_type(needs_approval=True)])
    return booked(a_patient(), doctor, at("2026-11-27 10:00"))


def doctor_of(visit: Appointment) -> Actor:
    return Actor.of(visit.doctor.user)


def take(visit: Appointment, *steps: Step, actor: Actor | None = None) -> None:
    for step in steps:
        visits.take(visit, step, actor or doctor_of(visit), version=visit.version)


def undo(visit: Appointment, actor: Actor | None = None) -> None:
    visits.undo(visit, actor or doctor_of(visit), version=visit.version)


def decline(visit: Appointment) -> None:
    visits.decline(visit, doctor_of(visit), "Another specialty", version=visit.version)


def offered(visit: Appointment, who: Who = Who.DOCTOR) -> list[Step]:
    return visits.steps_of(visit, who, openings.desk())


def test_a_visit_goes_from_arrival_to_its_end(clinic, visit):
    clinic.move_to(at("2026-11-24 10:00"))
    take(visit, Step.ARRIVE, Step.START, Step.COMPLETE)
    assert visit.status is Status.COMPLETED


def test_the_end_keeps_the_time_claimed(clinic, visit):
    take(visit, Step.ARRIVE, Step.START, Step.COMPLETE)
    assert claimed(visit) == 12


def test_a_no_show_is_not_possible_before_its_time(clinic, visit):
    with pytest.raises(refusals.NotNow, match="once its time has come"):
        take(visit, Step.NO_SHOW)


def test_a_no_show_is_possible_once_its_time_has_come(clinic, visit):
    clinic.move_to(at("2026-11-24 10:00"))
    take(visit, Step.NO_SHOW)
    assert visit.status is Status.NO_SHOW


def test_staff_do_not_start_a_consultation(visit):
    with pytest.raises(NotAllowed):
        take(visit, Step.START, actor=Actor(a_user(), Who.STAFF))


def test_before_its_time_a_confirmed_visit_offers_arrival_and_start(visit):
    assert offered(visit) == [Step.ARRIVE, Step.START]


def test_after_its_time_a_confirmed_visit_offers_the_no_show_too(clinic, visit):
    clinic.move_to(at("2026-11-24 10:00"))
    assert offered(visit) == [Step.ARRIVE, Step.START, Step.NO_SHOW]


def test_staff_are_offered_what_staff_may_do(visit):
    assert offered(visit, Who.STAFF) == [Step.ARRIVE]


def test_a_request_offers_approval(request_):
    assert offered(request_) == [Step.APPROVE]


def test_a_completed_visit_offers_nothing(visit):
    take(visit, Step.ARRIVE, Step.COMPLETE)
    assert offered(visit) == []


def test_a_stale_click_is_told_what_happened(visit):
    seen = visit.version
    take(visit, Step.ARRIVE)
    with pytest.raises(ChangedMeanwhile):
        visits.take(visit, Step.START, doctor_of(visit), version=seen)


@pytest.mark.parametrize(
    ("steps", "back_to"),
    [
        ([Step.ARRIVE], Status.CONFIRMED),
        ([Step.START], Status.CONFIRMED),
        ([Step.NO_SHOW], Status.CONFIRMED),
        ([Step.ARRIVE, Step.START], Status.ARRIVED),
        ([Step.ARRIVE, Step.COMPLETE], Status.ARRIVED),
        ([Step.ARRIVE, Step.START, Step.COMPLETE], Status.IN_CONSULTATION),
    ],
)
def test_a_step_is_taken_back_to_the_state_before(clinic, visit, steps, back_to):
    clinic.move_to(at("2026-11-24 10:00"))
    take(visit, *steps)
    undo(visit)
    assert visit.status is back_to


def test_a_step_can_be_taken_back_hours_later(clinic, visit):
    take(visit, Step.ARRIVE)
    clinic.advance(hours=5)
    undo(visit)
    assert visit.status is Status.CONFIRMED


def test_a_step_taken_back_can_be_taken_again(visit):
    take(visit, Step.ARRIVE)
    undo(visit)
    take(visit, Step.ARRIVE)
    assert visit.status is Status.ARRIVED


def test_what_was_taken_back_offers_no_further_undo(visit):
    take(visit, Step.ARRIVE, Step.START)
    undo(visit)
    with pytest.raises(refusals.NotNow):
        undo(visit)


def test_staff_take_the_doctors_step_back(visit):
    take(visit, Step.ARRIVE)
    undo(visit, Actor(a_user(), Who.STAFF))
    assert visit.status is Status.CONFIRMED


def test_a_patient_takes_nothing_back(visit):
    take(visit, Step.ARRIVE)
    with pytest.raises(refusals.NotNow):
        undo(visit, Actor.of(visit.patient.user))


def test_a_stale_undo_is_told_what_happened(visit):
    take(visit, Step.ARRIVE)
    seen = visit.version
    take(visit, Step.START)
    with pytest.raises(ChangedMeanwhile):
        visits.undo(visit, doctor_of(visit), version=seen)


def test_an_untouched_booking_offers_no_undo(visit):
    assert visits.undo_of(visit, Who.DOCTOR, openings.desk()) is None


def test_an_approved_request_is_confirmed(request_):
    take(request_, Step.APPROVE)
    assert request_.status is Status.CONFIRMED


def test_an_approval_is_mailed_to_the_patient(request_):
    take(request_, Step.APPROVE)
    assert MessageKind.APPOINTMENT_CONFIRMED in {kind for kind, _ in messages(request_)}


def test_an_approval_is_taken_back_while_its_message_waits(clinic, request_):
    take(request_, Step.APPROVE)
    clinic.advance(seconds=29)
    undo(request_)
    assert request_.status is Status.REQUESTED


def test_an_approval_is_not_taken_back_once_its_message_may_be_out(clinic, request_):
    take(request_, Step.APPROVE)
    clinic.advance(seconds=30)
    with pytest.raises(refusals.NotNow):
        undo(request_)


def test_a_declined_request_gives_its_time_back(request_):
    decline(request_)
    assert (request_.status, claimed(request_)) == (Status.CANCELLED, 0)


def test_a_declined_request_is_mailed_as_declined(request_):
    decline(request_)
    assert MessageKind.APPOINTMENT_DECLINED in {kind for kind, _ in messages(request_)}


def test_a_patient_declines_nothing(request_):
    with pytest.raises(NotAllowed):
        visits.decline(request_, Actor.of(request_.patient.user), "", version=request_.version)


def test_a_refusal_taken_back_has_its_time_again(request_):
    decline(request_)
    undo(request_)
    assert (request_.status, claimed(request_)) == (Status.REQUESTED, 12)


def test_a_refusal_taken_back_forgets_its_reason(request_):
    decline(request_)
    undo(request_)
    assert request_.cancel_reason == ""


def test_a_refusal_whose_time_has_gone_stays(request_):
    decline(request_)
    booked(a_patient(), request_.doctor, at("2026-11-27 10:15"))
    with pytest.raises(refusals.OpeningTaken):
        undo(request_)
    assert (request_.status, claimed(request_)) == (Status.CANCELLED, 0)


def test_a_refusal_whose_patient_is_elsewhere_by_now_stays(request_):
    decline(request_)
    booked(request_.patient, a_doctor(), at("2026-11-27 10:15"))
    with pytest.raises(refusals.OwnOverlap):
        undo(request_)
    assert request_.status is Status.CANCELLED


def test_a_refusal_stays_when_nobody_works_at_its_time_any_more(request_):
    decline(request_)
    friday = at("2026-11-27 10:00").date()
    doctor = request_.doctor
    time_off.add(doctor, Wish(TIME_OFF, request_.zone, friday, friday), doctor.user)
    with pytest.raises(refusals.OutsideHours):
        undo(request_)
    assert (request_.status, claimed(request_)) == (Status.CANCELLED, 0)


def test_what_was_booked_outside_the_hours_on_purpose_comes_back_there(clinic):
    doctor = a_doctor()
    evening = Wanted(
        doctor.ref, doctor.visit_types[0].ref, tick("2026-11-27 20:00"), "a-key-of-its-own"
    )
    seen = frozenset({Reason.OUTSIDE_HOURS.value})
    visit = overbooking.overbook(doctor.user, a_patient(), evening, "A favour", seen)
    decline(visit)
    undo(visit)
    assert visit.status is Status.CONFIRMED


def test_the_patients_own_cancellation_is_not_taken_back(request_):
    changes.cancel(request_, Actor.of(request_.patient.user), "", version=request_.version)
    with pytest.raises(refusals.NotNow):
        undo(request_)


def test_the_clinics_cancellation_of_a_confirmed_visit_is_taken_back(visit):
    decline(visit)
    undo(visit)
    assert (visit.status, claimed(visit)) == (Status.CONFIRMED, 12)
