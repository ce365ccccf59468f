"""Which messages each step in an appointment's life leaves behind, by whom it is taken: the right
ones, and no others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from app.clock import tick_of
from app.messaging import agendas
from app.models import Appointment, HoursExceptionKind, Role, User
from app.scheduling import changes, closures, overbooking, staff_bookings, time_off, visits
from app.scheduling.closures import Times
from app.scheduling.hits import Answer, Choice
from app.scheduling.moves import Actor
from app.scheduling.staff_bookings import Wanted
from app.scheduling.visits import Step
from app.scheduling.wishes import Wish
from tests.builders import a_doctor, a_patient, a_user, a_visit_type, at, booked, tick
from tests.conftest import FrozenClock
from tests.messaging.conftest import Letters, outbox

FRIDAY = date(2026, 11, 27)
WHEN, LATER = "2026-11-27 10:30", "2026-11-27 14:00"
ASKED = ["patient: appointment_requested", "doctor: doctor_request"]
BOOKED = ["patient: appointment_confirmed"]


@dataclass
class Scene:
    """A visit that was asked for or booked and told of, and all who may do something with it."""

    visit: Appointment
    admin: User
    clock: FrozenClock
    letters: Letters

    @property
    def patient(self) -> Actor:
        assert self.visit.patient is not None
        return Actor.of(self.visit.patient.user)

    @property
    def doctor(self) -> Actor:
        return Actor.of(self.visit.doctor.user)

    @property
    def staff(self) -> Actor:
        return Actor.of(self.admin)

    def cancel(self, actor: Actor) -> Scene:
        changes.cancel(self.visit, actor, "A reason.", version=self.visit.version)
        return self

    def move(self, actor: Actor, to: str = LATER) -> Scene:
        changes.move(self.visit, actor, tick(to), version=self.visit.version)
        return self

    def take(self, step: Step, actor: Actor) -> Scene:
        visits.take(self.visit, step, actor, version=self.visit.version)
        return self

    def undo(self, actor: Actor) -> Scene:
        visits.undo(self.visit, actor, version=self.visit.version)
        return self

    def wait(self) -> Scene:
        """Let the worker send all that waits, once nothing can be taken back."""
        self.clock.advance(seconds=31)
        self.letters.run()
        return self

    def told(self) -> list[str]:
        """What has gone out since, to whom, and nothing that dissolved."""
        self.wait()
        assert all(message.state.value in {"sent", "dissolved"} for message in outbox())
        sent = [message for message in outbox() if message.state.value == "sent"]
        return [
            f"{message.user.role.value if message.user else None}: {message.kind.value}"
            for message in sent
        ]


def scene_of(clinic, letters, *, needs_approval: bool) -> Scene:
    kind = a_visit_type("Check", needs_approval=needs_approval)
    visit = booked(a_patient("Ines Alva"), a_doctor("Ada Berg", visit_types=[kind]), at(WHEN))
    return Scene(visit, a_user(Role.ADMIN, "Olga Office"), clinic, letters)


def a_closure_hits(scene: Scene, choice: Choice) -> None:
    """The place is closed over the visit, and its admin says what becomes of it."""
    times = Times(FRIDAY, FRIDAY)
    answer = Answer(choice, "A storm.", frozenset({scene.visit.ref}))
    closures.add([scene.visit.location], times, "A storm", scene.admin, answer=answer)


def time_off_hits(scene: Scene, choice: Choice) -> None:
    """The doctor takes the day off, and says what becomes of the visit."""
    wish = Wish(HoursExceptionKind.TIME_OFF, scene.visit.zone, FRIDAY, FRIDAY)
    answer = Answer(choice, "I am away.", frozenset({scene.visit.ref}))
    time_off.add(scene.visit.doctor, wish, scene.visit.doctor.user, answer=answer)


MOVED, CANCELLED, DECLINED = (
    f"patient: appointment_{what}" for what in ("moved", "cancelled", "declined")
)
CHANGED = "doctor: doctor_change"

STEPS: dict[str, tuple[Callable[[Scene], Any], list[str], list[str]]] = {
    # what is done: what a request then leaves, and what a confirmed visit does
    "nothing": (lambda s: None, [], []),
    "the patient cancels": (
        lambda s: s.cancel(s.patient),
        [CANCELLED, CHANGED],
        [CANCELLED, CHANGED],
    ),
    "the doctor cancels": (lambda s: s.cancel(s.doctor), [DECLINED], [CANCELLED]),
    "staff cancels": (lambda s: s.cancel(s.staff), [DECLINED], [CANCELLED]),
    "the patient moves": (lambda s: s.move(s.patient), [MOVED, CHANGED], [MOVED, CHANGED]),
    "the doctor moves": (lambda s: s.move(s.doctor), [MOVED], [MOVED]),
    "staff moves": (lambda s: s.move(s.staff), [MOVED], [MOVED]),
    "a closure cancels": (lambda s: a_closure_hits(s, Choice.CANCEL), [DECLINED], [CANCELLED]),
    "a closure keeps": (lambda s: a_closure_hits(s, Choice.KEEP), [], []),
    "time off cancels": (lambda s: time_off_hits(s, Choice.CANCEL), [DECLINED], [CANCELLED]),
    "time off keeps": (lambda s: time_off_hits(s, Choice.KEEP), [], []),
    "the doctor cancels and takes it back": (
        lambda s: (s.cancel(s.doctor), s.undo(s.doctor)),
        [],
        [],
    ),
    "staff cancels and the doctor takes it back": (
        lambda s: (s.cancel(s.staff), s.undo(s.doctor)),
        [],
        [],
    ),
    "the doctor cancels, takes it back and cancels": (
        lambda s: (s.cancel(s.doctor), s.undo(s.doctor), s.cancel(s.doctor)),
        [DECLINED],
        [CANCELLED],
    ),
    "the patient moves twice": (
        lambda s: (s.move(s.patient), s.move(s.patient, "2026-11-27 15:00")),
        [MOVED, CHANGED],
        [MOVED, CHANGED],
    ),
    "the patient moves and cancels": (
        lambda s: (s.move(s.patient), s.cancel(s.patient)),
        [CANCELLED, CHANGED],
        [CANCELLED, CHANGED],
    ),
    "the patient moves and the doctor cancels": (
        lambda s: (s.move(s.patient), s.cancel(s.doctor)),
        [DECLINED],
        [CANCELLED],
    ),
    "a doctor who does not want to hear": (
        lambda s: (agendas.mail_changes(s.visit.doctor, False), s.cancel(s.patient)),
        [CANCELLED],
        [CANCELLED],
    ),
}

OF_REQUESTS: dict[str, tuple[Callable[[Scene], Any], list[str]]] = {
    "the doctor approves": (lambda s: s.take(Step.APPROVE, s.doctor), BOOKED),
    "staff approves": (lambda s: s.take(Step.APPROVE, s.staff), BOOKED),
    "approved and taken back": (lambda s: (s.take(Step.APPROVE, s.doctor), s.undo(s.doctor)), []),
    "approved, taken back and approved": (
        lambda s: (
            s.take(Step.APPROVE, s.doctor),
            s.undo(s.doctor),
            s.take(Step.APPROVE, s.doctor),
        ),
        BOOKED,
    ),
    "approved, taken back and declined": (
        lambda s: (s.take(Step.APPROVE, s.doctor), s.undo(s.doctor), s.cancel(s.doctor)),
        [DECLINED],
    ),
    "approved and then cancelled": (
        lambda s: (s.take(Step.APPROVE, s.doctor), s.wait(), s.cancel(s.doctor)),
        [*BOOKED, CANCELLED],
    ),
    "approved and cancelled before it was told": (
        lambda s: (s.take(Step.APPROVE, s.doctor), s.cancel(s.doctor)),
        [CANCELLED],
    ),
}

ON_THE_DAY = {
    "arrives": [Step.ARRIVE],
    "starts": [Step.ARRIVE, Step.START],
    "completes": [Step.ARRIVE, Step.START, Step.COMPLETE],
    "does not come": [Step.NO_SHOW],
}


@pytest.mark.parametrize("what", STEPS)
@pytest.mark.parametrize("needs_approval", [True, False], ids=["request", "confirmed"])
def test_each_change_is_told_to_whom_it_concerns(clinic, letters, needs_approval, what) -> None:
    scene = scene_of(clinic, letters, needs_approval=needs_approval)
    first = ASKED if needs_approval else BOOKED
    assert scene.told() == first
    step, of_request, of_visit = STEPS[what]
    step(scene)
    assert scene.told() == first + (of_request if needs_approval else of_visit)


@pytest.mark.parametrize("what", OF_REQUESTS)
def test_each_answer_to_a_request_is_told_once(clinic, letters, what) -> None:
    scene = scene_of(clinic, letters, needs_approval=True)
    assert scene.told() == ASKED
    step, told = OF_REQUESTS[what]
    step(scene)
    assert scene.told() == ASKED + told


@pytest.mark.parametrize("what", ON_THE_DAY)
@pytest.mark.parametrize("is_taken_back", [False, True])
def test_what_happens_on_the_day_is_not_told_by_mail(clinic, letters, what, is_taken_back) -> None:
    scene = scene_of(clinic, letters, needs_approval=False)
    scene.wait()
    clinic.move_to(at(WHEN))
    for step in ON_THE_DAY[what]:
        scene.take(step, scene.doctor)
    if is_taken_back:
        scene.undo(scene.doctor)
    assert scene.told() == BOOKED


@pytest.mark.parametrize("needs_approval", [True, False])
def test_a_visit_that_the_clinic_books_is_confirmed_at_once(
    clinic, letters, needs_approval
) -> None:
    scene = scene_of(clinic, letters, needs_approval=False)
    scene.wait()
    kind = a_visit_type("Staff", needs_approval=needs_approval)
    doctor, patient = a_doctor(visit_types=[kind]), a_patient()
    wanted = Wanted(doctor.ref, kind.ref, tick(WHEN), "a key")
    visit = staff_bookings.book(scene.admin, patient, wanted)
    assert visit.arranged_at is not None
    assert scene.told() == BOOKED * 2


def test_a_visit_booked_over_another_is_told_to_its_patient_only(clinic, letters) -> None:
    scene = scene_of(clinic, letters, needs_approval=False)
    scene.wait()
    visit, patient = scene.visit, a_patient()
    wanted = Wanted(visit.doctor.ref, visit.visit_type.ref, tick_of(visit.starts_at), "a key")
    with pytest.raises(overbooking.OtherClash):
        overbooking.overbook(visit.doctor.user, patient, wanted, "Urgent", frozenset())
    seen = frozenset({visit.ref, "taken"})
    over = overbooking.overbook(visit.doctor.user, patient, wanted, "Urgent", seen)
    assert (over.is_overbooked, over.arranged_at) == (True, over.created_at)
    assert scene.told() == BOOKED * 2
    assert letters.sent[-1]["To"] == patient.user.email
