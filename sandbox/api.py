"""The API: what it takes, what it answers, and how it remembers an idempotency key."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, current_app, request

from sandbox.errors import ApiError, no_such
from sandbox.events import public
from sandbox.forms import tree_of
from sandbox.store import Answer, Thing

if TYPE_CHECKING:
    from sandbox.server import Sandbox

bp = Blueprint("api", __name__, url_prefix="/v1")

LONGEST_PAGE = 100
NAMES = {
    "checkout/sessions": "checkout.session",
    "payment_intents": "payment_intent",
    "charges": "charge",
    "balance_transactions": "balance_transaction",
    "refunds": "refund",
    "disputes": "dispute",
    "events": "event",
}
FILTERS = ("payment_intent", "charge", "status", "type")


@dataclass
class Broken:
    """What goes wrong with requests: `down` answers none; `after` names paths whose work is done
    and whose answer is lost, so many times each."""

    down: bool = False
    slow_seconds: float = 0
    after: dict[str, int] = field(default_factory=dict)

    def loses_answer(self, path: str) -> bool:
        """Whether the answer to a request to this path is lost, and count it."""
        left = self.after.get(path, 0)
        if left:
            self.after[path] = left - 1
        return left > 0


def sandbox() -> Sandbox:
    """The sandbox that serves this request."""
    found: Sandbox = current_app.extensions["sandbox"]
    return found


@bp.before_request
def check() -> Response | None:
    """Be down when told to, and take the secret key only."""
    own = sandbox()
    if own.broken.slow_seconds:
        time.sleep(own.broken.slow_seconds)
    if own.broken.down:
        error = ApiError("The sandbox is switched off.", status=503, kind="api_error")
        return _refused(error)
    sent = request.authorization.token if request.authorization else None
    basic = request.authorization.username if request.authorization else None
    if own.settings.key not in {sent, basic}:
        return _refused(ApiError("Invalid API Key provided.", status=401))
    return None


@bp.post("/checkout/sessions")
def create_session() -> Response:
    """Make a checkout session."""
    own = sandbox()
    return _once(lambda wanted: own.checkout.create(wanted, own.now()))


@bp.post("/checkout/sessions/<number>/expire")
def expire_session(number: str) -> Response:
    """End an open session."""
    own = sandbox()
    return _once(lambda _: own.checkout.expire(_found("checkout.session", number), own.now()))


@bp.post("/refunds")
def create_refund() -> Response:
    """Give money back."""
    own = sandbox()
    return _once(lambda wanted: own.ledger.refund(wanted, own.now()))


@bp.get("/<path:path>")
def read(path: str) -> Response:
    """A page of objects, the newest first, or one object, with what is to be expanded."""
    if path in NAMES:
        return _answered(lambda: _page(NAMES[path], path))
    name, _, number = path.rpartition("/")
    return _answered(lambda: _shown(_found(_kind(name), number), _wanted_expansions()))


def _page(kind: str, name: str) -> Thing:
    things = [thing for thing in sandbox().store.all(kind) if _matches(thing)]
    after = request.args.get("starting_after")
    if after is not None:
        ids = [thing["id"] for thing in things]
        if after not in ids:
            raise no_such(kind, after, "starting_after")
        things = things[ids.index(after) + 1 :]
    limit = max(1, min(request.args.get("limit", 10, int), LONGEST_PAGE))
    below = [path.removeprefix("data.") for path in _wanted_expansions()]
    return {
        "object": "list",
        "url": f"/v1/{name}",
        "has_more": len(things) > limit,
        "data": [_shown(thing, below) for thing in things[:limit]],
    }


def _matches(thing: Thing) -> bool:
    wanted = tree_of(request.args.items(multi=True))
    created = wanted.get("created") or {}
    if isinstance(created, str):
        created = {"gte": created, "lte": created}
    bounds: dict[str, Callable[[int], bool]] = {
        "gte": lambda bound: thing["created"] >= bound,
        "gt": lambda bound: thing["created"] > bound,
        "lte": lambda bound: thing["created"] <= bound,
        "lt": lambda bound: thing["created"] < bound,
    }
    in_time = all(bounds[name](int(bound)) for name, bound in created.items() if name in bounds)
    types = wanted.get("types")
    is_wanted = types is None or thing.get("type") in types
    return (
        in_time
        and is_wanted
        and all(thing.get(name) == wanted[name] for name in FILTERS if name in wanted)
    )


def _kind(name: str) -> str:
    if name not in NAMES:
        raise ApiError(f"Unrecognized request URL (GET: /v1/{name}).", status=404)
    return NAMES[name]


def _found(kind: str, number: str) -> Thing:
    thing = sandbox().store.find(kind, number)
    if thing is None:
        raise no_such(kind, number)
    return thing


def _wanted_expansions() -> list[str]:
    tree = tree_of(request.args.items(multi=True))
    paths = tree.get("expand") or []
    return [paths] if isinstance(paths, str) else list(paths)


def _shown(thing: Thing, expand: list[str]) -> Thing:
    shown = public(thing)
    for path in expand:
        name, _, rest = path.partition(".")
        below = shown.get(name)
        if isinstance(below, str):
            below = sandbox().store.find_any(below)
        if isinstance(below, dict):
            shown[name] = _shown(below, [rest] if rest else [])
    return shown


def _once(work: Callable[[dict[str, Any]], Thing]) -> Response:
    """Do the work of a POST once per idempotency key."""
    own, key = sandbox(), request.headers.get("Idempotency-Key")
    pairs = sorted(request.form.items(multi=True))
    asked = json.dumps([request.path, pairs])
    wanted = tree_of(request.form.items(multi=True))
    expand = wanted.pop("expand", [])
    with own.store.turn():
        known = own.store.answer_to(key) if key else None
        if known is None:
            response = _answered(lambda: _shown(work(wanted), list(expand)))
            if key and response.status_code < 400:
                kept = Answer(asked, response.status_code, response.get_data(as_text=True))
                own.store.remember(key, kept)
        elif known.asked != asked:
            error = ApiError(
                "Keys for idempotent requests can only be used with the same parameters they were "
                f"first used with. Try using a key other than '{key}'.",
                kind="idempotency_error",
            )
            return _refused(error)
        else:
            response = _json(known.body, known.status)
            response.headers["Idempotent-Replayed"] = "true"
    if key:
        response.headers["Idempotency-Key"] = key
    if own.broken.loses_answer(request.path):
        return _refused(ApiError("The answer was lost.", status=500, kind="api_error"))
    return response


def _answered(work: Callable[[], Thing]) -> Response:
    try:
        return _json(json.dumps(work()), 200)
    except ApiError as refused:
        return _refused(refused)


def _refused(error: ApiError) -> Response:
    return _json(json.dumps({"error": error.error}), error.status)


def _json(body: str, status: int) -> Response:
    response = Response(body, status, content_type="application/json")
    response.headers["Request-Id"] = f"req_{secrets.token_hex(7)}"
    return response
