"""The page on which one pays: where in production Stripe's own page is."""

from __future__ import annotations

from flask import Blueprint, Response, abort, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox.api import sandbox
from sandbox.errors import ApiError
from sandbox.store import Thing

bp = Blueprint("hosted", __name__)


@bp.get("/pay/<number>")
def page(number: str) -> Response:
    """Show what is to be paid, and ways to do so or not."""
    return _page(_session(number))


@bp.post("/pay/<number>")
def act(number: str) -> AnyResponse:
    """Pay, be declined, pay with delay, or go back."""
    own = sandbox()
    way = request.form.get("way")
    ways = {
        "card": own.checkout.pay,
        "declined": own.checkout.decline,
        "bank": own.checkout.pay_later,
    }
    if way not in ways:
        return redirect(_session(number)["cancel_url"] or "/", 303)
    try:
        with own.store.turn():
            session = _session(number)
            ways[way](session, own.now())
    except ApiError as refused:
        return _page(_session(number), str(refused), 400)
    if way == "declined":
        return _page(session, "The card was declined. Try another one.", 402)
    return redirect(session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"]), 303)


def _session(number: str) -> Thing:
    session = sandbox().store.find("checkout.session", number)
    return session if session is not None else abort(404)


def _page(session: Thing, problem: str = "", status: int = 200) -> Response:
    return Response(render_template("pay.html", session=session, problem=problem), status)
