"""What every answer says to the browser beside its content: where from it may load what, and
whether it may be kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, request, session

from app.security import BROWSER
from config import Config

View = TypeVar("View", bound=Callable[..., Any])
Headers = Sequence[tuple[str, str]]

CSP = "Content-Security-Policy"
PAYING = "form-action 'self' {}"
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
)
FOR_ALL = [
    (CSP, CONTENT_SECURITY_POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()"),
]
# Of a page with a frame of ours in it, and of a letter in such a frame: it may do nothing at all.
FRAMES_OWN = [(CSP, f"{CONTENT_SECURITY_POLICY}; frame-src 'self'")]
FRAMED = [
    (
        CSP,
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'",
    ),
    ("X-Frame-Options", "SAMEORIGIN"),
]
ONLY_TLS = ("Strict-Transport-Security", "max-age=31536000; includeSubDomains")


def with_headers(headers: Headers) -> Callable[[View], View]:
    """Where this view succeeds, its answers carry these headers instead of the usual ones."""

    def decorate(view: View) -> View:
        view.own_headers = headers  # type: ignore[attr-defined]
        return view

    return decorate


def init(app: Flask) -> None:
    """Put the headers on every answer of `app`."""
    app.after_request(_headers)


@lru_cache(maxsize=4)
def _for_all(config: Config) -> Headers:
    if not config.takes_payments:
        return FOR_ALL
    # The form that leads to the page on which one pays.
    own = CONTENT_SECURITY_POLICY.replace("form-action 'self'", PAYING.format(config.payment_page))
    return [(name, own if name == CSP else value) for name, value in FOR_ALL]


def _headers(response: Response) -> Response:
    response.headers.extend(_for_all(current_app.config["DOCKET"]))
    if response.status_code == 200:
        view = current_app.view_functions.get(request.endpoint or "")
        response.headers.update(getattr(view, "own_headers", ()))
    if current_app.config["SESSION_COOKIE_SECURE"]:
        response.headers.add(*ONLY_TLS)
    if request.endpoint != "static" and "is_the_same_for_all" not in g:
        private = g.get("is_private", False) or "_user_id" in session or BROWSER in session
        if private or response.status_code >= 400:
            response.headers["Cache-Control"] = "no-store"
        else:
            response.headers.setdefault("Cache-Control", "private, no-cache")
    return response
