"""The page of one visit: who comes and why, what happened so far, and every step as a form."""

from __future__ import annotations

from flask import Response, url_for
from flask_wtf import FlaskForm
from wtforms import HiddenField, TextAreaField
from wtforms.validators import DataRequired, Length

from app.doctor import bp, words
from app.doctor.rows import day_of, row_of
from app.htmx import respond
from app.models import Appointment, Role
from app.scheduling import appointments, openings
from app.scheduling.moves import Actor
from app.security import me, my_doctor, only

LONGEST_REASON = 500


def _stripped(text: str | None) -> str:
    return (text or "").strip()


class CancelForm(FlaskForm):
    """Why the clinic declines or cancels. The patient reads it, so there must be a reason."""

    reason = TextAreaField(
        "Reason for the patient",
        filters=[_stripped],
        validators=[
            DataRequired(message="Write a reason; the patient reads it."),
            Length(max=LONGEST_REASON, message=f"Use at most {LONGEST_REASON} characters."),
        ],
    )
    version = HiddenField()


@bp.get("/board/visit/<ref>/")
@only(Role.DOCTOR, Role.ADMIN)
def visit(ref: str) -> Response:
    """One visit, for its doctor and the clinic's admins."""
    found = visit_of(ref)
    return answer(found, CancelForm(version=found.version))


def visit_of(ref: str) -> Appointment:
    """The visit of that reference, if it is this doctor's, or any for admins. Raises NotFound."""
    if me().role is Role.ADMIN:
        return appointments.appointment_for_staff(ref)
    return appointments.appointment_with(my_doctor(), ref)


def answer(
    found: Appointment,
    form: CancelForm,
    *,
    status: int = 200,
    refusal: str | None = None,
    is_answer: bool = False,
) -> Response:
    """The visit's page, or its row of the board. `is_answer` moves the focus to the row."""
    desk = openings.desk()
    return respond(
        "doctor/visit.html",
        "doctor/_visit.html",
        status=status,
        row=row_of(found, Actor.of(me()).who, desk),
        history=appointments.history_of(found),
        words=words,
        form=form,
        refusal=refusal,
        is_answer=is_answer,
        board_address=board_address(found),
    )


def board_address(found: Appointment, anchor: str | None = None) -> str:
    """Where the visit stands on the board."""
    whose = found.doctor.ref if me().role is Role.ADMIN else None
    return url_for("doctor.board", day=day_of(found), doctor=whose, _anchor=anchor)
