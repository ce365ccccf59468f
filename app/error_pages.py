"""Every error as a page, or as a fragment where htmx asked: what happened, and a way on."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from flask import Flask, Response, current_app, make_response, render_template, request
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, SecurityError

from app.errors import Busy, ClinicError
from app.extensions import db
from app.htmx import beside_target, varies, wants_fragment

TITLES = {
    400: "We could not read that",
    401: "Please log in",
    403: "You may not see this page",
    404: "There is nothing here",
    405: "That is not possible here",
    409: "That is not possible now",
    413: "That is too large",
    422: "Something needs putting right",
    429: "Too many tries",
    500: "Something broke on our side",
    503: "We are very busy just now",
}
SENTENCES = {
    400: "The request was not complete, or it was made on a page that has grown old. "
    "Go back, reload the page and try again.",
    403: "You are logged in, but this page belongs to somebody else.",
    404: "The page may have moved, or the address may be mistyped.",
    405: "This address does not take that kind of request.",
    413: "What you sent is larger than we can take. Make it smaller and try again.",
    429: "You have tried this many times in a short while. Wait a minute, then try again.",
    500: "It is not your fault, and nothing you had saved is lost. Please try again.",
    503: Busy.sentence,
}


@dataclass(frozen=True, slots=True)
class WayOn:
    label: str
    href: str


def init(app: Flask) -> None:
    """Answer every kind of error in one place."""
    app.register_error_handler(ClinicError, _clinic_error)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(OperationalError, _database_error)
    app.register_error_handler(PoolTimeout, _database_error)
    app.register_error_handler(Exception, _unexpected)


def _clinic_error(error: ClinicError) -> Response:
    return _answer(error.status, error.sentence)


def http_error(error: HTTPException) -> Response:
    """The page, or the fragment, of an error that has a status."""
    code = error.code or 500
    if code < 400:
        return make_response(error.get_response())
    if isinstance(error, SecurityError):  # an unknown Host: no address can be built for it
        return _plain(code, SENTENCES[400])
    own = error.description if code == 400 and "CSRF" not in str(error.description) else None
    generic = type(error).description
    answer = _answer(code, own if own and own != generic else SENTENCES.get(code, ""))
    if code == 405 and getattr(error, "valid_methods", None):
        answer.headers["Allow"] = ", ".join(error.valid_methods)  # type: ignore[attr-defined]
    return answer


def _database_error(error: Exception) -> Response:
    current_app.logger.error("The database did not serve %s: %s", request.path, error)
    db.session.rollback()
    return _answer(503, Busy.sentence)


def _unexpected(error: Exception) -> Response:
    error_id = secrets.token_hex(4)
    current_app.logger.error(
        "Error %s on %s %s", error_id, request.method, request.path, exc_info=error
    )
    if current_app.testing and current_app.config.get("PROPAGATE_EXCEPTIONS"):
        raise error
    return _answer(500, SENTENCES[500], error_id)


def _answer(code: int, sentence: str, error_id: str | None = None) -> Response:
    template = "errors/_problem.html" if wants_fragment() else "errors/error.html"
    try:
        page = render_template(
            template,
            code=code,
            title=TITLES.get(code, TITLES[500]),
            sentence=sentence,
            way_on=WayOn("Go to the start page", "/"),
            error_id=error_id,
        )
    except SQLAlchemyError:  # every page asks the database for the clinic's name
        return _plain(code if code >= 500 else 503, sentence if code >= 500 else Busy.sentence)
    response = make_response(page, code)
    if wants_fragment():
        beside_target(response)
    return _dressed(response)


def _plain(code: int, sentence: str) -> Response:
    """An error in words alone, where no page can be made."""
    response = make_response(f"{TITLES.get(code, TITLES[500])}\n\n{sentence}\n", code)
    response.mimetype = "text/plain"
    return _dressed(response)


def _dressed(response: Response) -> Response:
    if response.status_code in {429, 503}:
        response.headers["Retry-After"] = "30" if response.status_code == 429 else "2"
    return varies(response)
