"""Switches for whoever tests: what goes wrong, what banks decide, and the sandbox's own records.
The server listens on this machine alone."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, jsonify, request

from sandbox.api import Broken, sandbox
from sandbox.errors import ApiError
from sandbox.events import Mischief, body_of, public, signature
from sandbox.store import Thing

bp = Blueprint("switches", __name__, url_prefix="/sandbox")

RECORDS = ("checkout.session", "payment_intent", "charge", "refund", "dispute")


@bp.errorhandler(ApiError)
def refused(error: ApiError) -> tuple[Response, int]:
    """Say why something cannot be done."""
    return jsonify(error=error.error), error.status


@bp.post("/switches")
def switch() -> Response:
    """Set what goes wrong: `events` (lose, twice, reorder, delay_seconds), `requests` (down,
    slow_seconds, after), `refunds_fail`, `skew_seconds`. What is not named is in order."""
    own, wanted = sandbox(), request.get_json()
    own.events.mischief = Mischief(**wanted.get("events", {}))
    own.broken = Broken(**wanted.get("requests", {}))
    own.ledger.refunds_fail = bool(wanted.get("refunds_fail"))
    own.skew_seconds = int(wanted.get("skew_seconds", 0))
    return jsonify(done=True)


@bp.post("/sessions/<number>/<way>")
def decide(number: str, way: str) -> Response:
    """Do to a session what its page or a bank would: card, declined, bank, succeeds, fails."""
    own = sandbox()
    with own.store.turn():
        session = _found("checkout.session", number)
        if way in {"succeeds", "fails"}:
            own.checkout.settle(session, own.now(), succeeds=way == "succeeds")
        elif way == "card":
            own.checkout.pay(session, own.now())
        elif way == "declined":
            own.checkout.decline(session, own.now())
        elif way == "bank":
            own.checkout.pay_later(session, own.now())
        else:
            abort(404)
    return jsonify(public(session))


@bp.post("/refunds/<number>/fail")
def fail_refund(number: str) -> Response:
    """Let a refund come back."""
    own = sandbox()
    with own.store.turn():
        refund = _found("refund", number)
        own.ledger.fail_refund(refund, own.now())
    return jsonify(public(refund))


@bp.post("/charges/<number>/dispute")
def dispute(number: str) -> Response:
    """Let the payer's bank take the money of a charge back."""
    own = sandbox()
    with own.store.turn():
        charge = _found("charge", number)
        return jsonify(public(own.ledger.dispute(charge, own.now())))


@bp.post("/disputes/<number>/<way>")
def close_dispute(number: str, way: str) -> Response:
    """Decide a dispute: won or lost."""
    own = sandbox()
    with own.store.turn():
        found = _found("dispute", number)
        own.ledger.close_dispute(found, own.now(), won=way == "won")
    return jsonify(public(found))


@bp.get("/records")
def records() -> Response:
    """All that the sandbox knows of money, for a comparison with somebody's ledger."""
    own = sandbox()
    return jsonify({kind: [public(thing) for thing in own.store.all(kind)] for kind in RECORDS})


@bp.get("/events")
def events() -> Response:
    """Every event as the webhook would get it, oldest first: raw body and fresh signature."""
    own = sandbox()
    told: list[dict[str, Any]] = []
    for event in reversed(own.store.all("event")):
        body = body_of(event)
        signed = signature(body, own.settings.webhook_secret, own.now())
        told.append({"type": event["type"], "body": body.decode(), "signature": signed})
    return jsonify(told)


def _found(kind: str, number: str) -> Thing:
    thing = sandbox().store.find(kind, number)
    return thing if thing is not None else abort(404)
