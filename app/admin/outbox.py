"""The outbox: what was sent to whom, what waits, and what did not arrive."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, g, request, url_for

from app import clock
from app.accounts import finding
from app.admin import bp
from app.admin.asked import chosen, searched
from app.htmx import respond, see_other
from app.inputs import a_day, a_page
from app.messaging import mending, sent, told
from app.messaging.search import Asked, Sort, Wanted, find
from app.messaging.troubles import Troubles, troubles
from app.models import MessageKind, Role
from app.scheduling import openings
from app.security import me, only

ASKED_FOR = ("q", "state", "kind", "from", "to", "sort")


@bp.context_processor
def _alarm() -> dict[str, Any]:
    """For every admin's page: what is wrong with the outbox now, asked when it is shown."""
    return {"message_troubles": troubles_now}


def troubles_now() -> Troubles:
    """What is wrong with the outbox, asked once for the page that is being made."""
    if "message_troubles" not in g:
        g.message_troubles = troubles(clock.now())
    found: Troubles = g.message_troubles
    return found


@bp.get("/admin/messages/")
@only(Role.ADMIN)
def messages() -> Response:
    """The messages, searched, narrowed, ordered and paged; the address holds it all."""
    desk = openings.desk()
    search = searched()
    wanted = Wanted(
        zone=desk.settings.zoneinfo,
        search=search,
        user_ids=finding.ids_matching(search) if search else (),
        asked=chosen(Asked, request.args.get("state")),
        kind=chosen(MessageKind, request.args.get("kind")),
        first_day=a_day(request.args.get("from")),
        last_day=a_day(request.args.get("to")),
        sort=chosen(Sort, request.args.get("sort")) or Sort.NEWEST,
    )
    return respond(
        "admin/messages.html",
        "admin/_messages.html",
        page=find(wanted, desk.at, a_page(request.args.get("page"))),
        wanted=wanted,
        kinds=sorted(MessageKind, key=sent.kind_in_words),
        kind_in_words=sent.kind_in_words,
        in_brief=told.in_brief,
        address=_address,
        page_address=lambda number: _address(page=number),
        at=desk.at,
    )


@bp.get("/admin/messages/retry/")
@only(Role.ADMIN)
def retry_messages() -> Response:
    """Ask before everything that failed is tried again."""
    return respond(
        "admin/messages_retry.html",
        "admin/messages_retry.html",
        number=mending.how_many_may_be_tried(),
        at_once=mending.AT_ONCE,
    )


@bp.post("/admin/messages/retry/")
@only(Role.ADMIN)
def retry_messages_now() -> Response:
    """Try again what failed, as much of it as is taken at once."""
    number = mending.try_all_again(me())
    said = f"{number} message{'' if number == 1 else 's'}"
    left = mending.how_many_may_be_tried()
    more = f" {left} more can be tried when these are through." if left else ""
    if number:
        flash(f"The worker tries {said} again now.{more}", "success")
    else:
        flash("There was nothing to try again.", "info")
    return see_other(url_for("admin.messages"))


def _address(**changed: Any) -> str:
    """This page with some of what was asked for changed; what is empty is left out."""
    asked: dict[str, Any] = {name: request.args.get(name) or None for name in ASKED_FOR}
    return url_for("admin.messages", **(asked | changed))
