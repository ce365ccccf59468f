"""One tap, one step: each answers with the row as it is afterwards."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, abort, request, url_for

from app.doctor import bp, words
from app.doctor.visit import CancelForm, answer, board_address, visit_of
from app.errors import Busy, ClinicError, NotFound
from app.htmx import see_other, wants_fragment
from app.inputs import a_number
from app.models import Appointment, Role
from app.scheduling import appointments, openings, visits
from app.scheduling.moves import Actor
from app.scheduling.visits import Step
from app.security import me, only

LARGEST_VERSION = 1_000_000


@bp.post("/board/<ref>/<step>/")
@only(Role.DOCTOR, Role.ADMIN)
def take(ref: str, step: str) -> Response:
    """Take one step with a visit."""
    if step not in set(Step):
        raise NotFound
    found, version = visit_of(ref), _version()
    return _after(
        found, version, lambda actor: visits.take(found, Step(step), actor, version=version)
    )


@bp.post("/board/<ref>/undo/")
@only(Role.DOCTOR, Role.ADMIN)
def undo(ref: str) -> Response:
    """Take the last step back."""
    found, version = visit_of(ref), _version()
    return _after(found, version, lambda actor: visits.undo(found, actor, version=version))


@bp.post("/board/<ref>/cancel/")
@only(Role.DOCTOR, Role.ADMIN)
def cancel(ref: str) -> Response:
    """Decline a request, or cancel a visit for the clinic, with a reason."""
    found, version, form = visit_of(ref), _version(), CancelForm()
    if not form.validate_on_submit():
        return answer(found, form, status=422)
    reason = form.reason.data
    return _after(
        found, version, lambda actor: visits.decline(found, actor, reason, version=version)
    )


def _version() -> int:
    version = a_number(request.form.get("version"), 1, LARGEST_VERSION)
    return version if version is not None else abort(400)


def _after(found: Appointment, version: int, change: Callable[[Actor], None]) -> Response:
    """Make the change; show the visit as it then is, or what happened to it meanwhile."""
    ref, actor = found.ref, Actor.of(me())
    try:
        change(actor)
    except Busy:
        raise
    except ClinicError as refused:
        return _refused(visit_of(ref), version, refused)
    found = visit_of(ref)
    if wants_fragment():
        return answer(found, CancelForm(formdata=None, version=found.version), is_answer=True)
    if request.form.get("from") == "visit":
        return see_other(url_for("doctor.visit", ref=ref))
    return see_other(board_address(found, anchor=f"visit-{ref}"))


def _refused(found: Appointment, version: int, refused: ClinicError) -> Response:
    sentence = refused.sentence
    if found.version != version:
        last = appointments.history_of(found)[-1]
        sentence = words.meanwhile(last, found, me(), openings.desk().at)
    # A typed reason stays, in a form that knows the visit as it is now.
    form = CancelForm(
        formdata=None, version=found.version, reason=request.form.get("reason", "").strip()
    )
    return answer(found, form, status=refused.status, refusal=sentence, is_answer=True)
