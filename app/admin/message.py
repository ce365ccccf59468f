"""One message: what it says, how it looks, what became of it, and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response, abort, current_app, flash, make_response, request, url_for

from app.admin import bp
from app.clinic import history
from app.errors import Busy, ClinicError, NotFound
from app.headers import FRAMED, FRAMES_OWN, with_headers
from app.htmx import respond, see_other
from app.inputs import a_number
from app.messaging import delivery, letters, mending, sent, told
from app.messaging.letters import Letter
from app.models import MessageState, OutboxMessage, Role
from app.scheduling import openings
from app.security import me, only, signer

LARGEST = 9_999_999_999
UNSENT = {
    MessageState.QUEUED,
    MessageState.SENDING,
    MessageState.FAILED,
    MessageState.DEAD,
    MessageState.SET_ASIDE,
}
NOT_TRUE = "What this message says is no longer true, so nothing would be sent."
UNWRITABLE = "This message cannot be written from what is known now."


@dataclass(frozen=True, slots=True)
class Looks:
    """What a message says: as it was sent, or as it would be now; or why there is nothing."""

    subject: str = ""
    text: str = ""
    html: str = ""
    is_preview: bool = False
    nothing: str = ""


@bp.get("/admin/messages/<number>/")
@only(Role.ADMIN)
@with_headers(FRAMES_OWN)
def message(number: str) -> Response:
    """One message."""
    return _page(_number(number))


@bp.get("/admin/messages/<number>/look/")
@only(Role.ADMIN)
@with_headers(FRAMED)
def message_look(number: str) -> Response:
    """The HTML of a message alone, for the frame on its page: it can do nothing but be seen."""
    looks = _looks_of(sent.message_of(_number(number)), openings.desk().at)
    if not looks.html:
        raise NotFound("There is nothing to see of this message.")
    return make_response(looks.html)


@bp.get("/admin/messages/<number>/files/<position>/")
@only(Role.ADMIN)
def message_file(number: str, position: str) -> Response:
    """A file that went with a message, counted from 1: to be saved and not shown."""
    place = a_number(position, 1, 99)
    if place is None:
        raise NotFound("We could not find that file.")
    found = sent.attachment_of(_number(number), place - 1)
    response = make_response(found.content)
    response.headers["Content-Type"] = "application/octet-stream"
    response.headers.set("Content-Disposition", "attachment", filename=found.name)
    return response


@bp.post("/admin/messages/<number>/again/")
@only(Role.ADMIN)
def send_message_again(number: str) -> Response:
    """Write the same news once more, as it is now."""
    newest = a_number(request.form.get("newest"), 1, LARGEST) or abort(400)
    at = openings.desk().at
    try:
        repeat = mending.send_again(_number(number), newest, me(), at)
    except Busy:
        raise
    except ClinicError as refused:
        return _page(_number(number), refused)
    flash(f"It is on its way to {repeat.recipient} again, as a message of its own.", "success")
    return see_other(url_for("admin.message", number=repeat.number))


@bp.post("/admin/messages/<number>/retry/")
@only(Role.ADMIN)
def retry_message(number: str) -> Response:
    """Try at once a message that failed or was given up."""
    return _changed(number, mending.try_again, "The worker tries it again now.")


@bp.post("/admin/messages/<number>/set-aside/")
@only(Role.ADMIN)
def set_message_aside(number: str) -> Response:
    """Let a message that was given up alarm nobody any more."""
    done = "The message is set aside. It alarms nobody any more; you still find it here."
    return _changed(number, mending.set_aside, done)


def _changed(number: str, change: Callable[[int, Any], None], done: str) -> Response:
    found = _number(number)
    try:
        change(found, me())
    except Busy:
        raise
    except ClinicError as refused:
        return _page(found, refused)
    flash(done, "success")
    return see_other(url_for("admin.message", number=found))


def _number(text: str) -> int:
    number = a_number(text, 1, LARGEST)
    if number is None:
        raise NotFound("We could not find that message.")
    return number


def _page(number: int, refused: ClinicError | None = None) -> Response:
    if refused is not None and refused.status == NotFound.status:
        raise refused
    found, at = sent.message_of(number), openings.desk().at
    config = current_app.config["DOCKET"]
    return respond(
        "admin/message.html",
        "admin/message.html",
        status=refused.status if refused else 200,
        refusal=refused.sentence if refused else None,
        message=found,
        kind=sent.kind_in_words(found.kind),
        looks=_looks_of(found, at),
        files=sent.attachments_of(found),
        family=sent.family_of(found),
        events=history.of("outbox_message", found.id),
        message_id=delivery.message_id(found, config.base_url) if found.tries else None,
        in_brief=told.in_brief,
        may_retry=mending.may_try_again(found),
        may_send_again=mending.may_send_again(found),
        is_link=mending.holds_a_link(found),
        at=at,
    )


def _looks_of(found: OutboxMessage, at: datetime) -> Looks:
    if found.state not in UNSENT:
        return Looks(found.subject, found.text, found.html)
    config = current_app.config["DOCKET"]
    letter: Letter | None
    try:
        letter = letters.preview(found, config.base_url, config.mail_sender, signer(), at)
    except Exception:  # noqa: BLE001 (whatever is wrong with a message, its page has to say so)
        return Looks(nothing=UNWRITABLE)
    if letter is None:
        return Looks(nothing=NOT_TRUE)
    return Looks(letter.subject, letter.text, letter.html, is_preview=True)
