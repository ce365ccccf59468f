"""The money: payments found and summed."""

from __future__ import annotations

from typing import Any

from flask import Response, g, request, url_for

from app.accounts import finding
from app.admin import bp
from app.admin.asked import chosen, searched
from app.billing import attention, sums, takings
from app.billing.attention import Troubles
from app.billing.takings import Asked, Wanted
from app.checkout import reconciled
from app.htmx import respond
from app.inputs import a_day, a_page
from app.models import RefundCause, Role
from app.scheduling import openings
from app.security import only

ASKED_FOR = ("q", "state", "doctor", "cause", "method", "from", "to")


def troubles_now() -> Troubles:
    """What of the money needs an admin, asked once for the page that is being made."""
    if "payment_troubles" not in g:
        g.payment_troubles = attention.troubles()
    found: Troubles = g.payment_troubles
    return found


@bp.get("/admin/payments/")
@only(Role.ADMIN)
def payments() -> Response:
    """The payments of a period, narrowed, summed and paged; the address holds it all."""
    desk = openings.desk()
    wanted = wanted_now()
    names = {facts.id: facts.name for facts in desk.catalogue.doctors}
    return respond(
        "admin/payments.html",
        "admin/_payments.html",
        page=takings.find(wanted, a_page(request.args.get("page"))),
        wanted=wanted,
        sums=sums.of(wanted) if sums.are_for(wanted) else None,
        doctors=desk.catalogue.doctors,
        doctor=request.args.get("doctor"),
        methods=takings.METHODS,
        names=names,
        causes=RefundCause,
        sum_of=sums.of_one,
        troubles=troubles_now(),
        last=reconciled.last(),
        address=_address,
        page_address=lambda number: _address(page=number),
    )


def wanted_now() -> Wanted:
    """What the address asks for."""
    desk = openings.desk()
    zone, search = desk.settings.zoneinfo, searched()
    first, last = takings.period(
        a_day(request.args.get("from")),
        a_day(request.args.get("to")),
        desk.at.astimezone(zone).date(),
    )
    ref = request.args.get("doctor")
    known = desk.catalogue.doctor(ref) if ref else None
    method = request.args.get("method", "")
    return Wanted(
        zone=zone,
        first_day=first,
        last_day=last,
        search=search,
        user_ids=() if not search or takings.is_by_id(search) else finding.ids_matching(search),
        asked=chosen(Asked, request.args.get("state")),
        cause=chosen(RefundCause, request.args.get("cause")),
        doctor_id=known.id if known else None,
        method=method if method in takings.METHODS else "",
    )


def _address(**changed: Any) -> str:
    """This page with some of what was asked for changed; what is empty is left out."""
    endpoint = changed.pop("endpoint", "admin.payments")
    asked: dict[str, Any] = {name: request.args.get(name) or None for name in ASKED_FOR}
    return url_for(endpoint, **(asked | changed))
