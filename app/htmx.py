"""HTML over the wire: the only file that says "HX-"."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Response, make_response, redirect, render_template, request


def is_htmx() -> bool:
    """Whether htmx asks, for a part of a page or for a whole one."""
    return request.headers.get("HX-Request") == "true"


def wants_fragment() -> bool:
    """Whether htmx will swap the answer into a part of the page that is open."""
    return (
        is_htmx()
        and request.headers.get("HX-Request-Type") != "full"
        and "HX-History-Restore-Request" not in request.headers
    )


def respond(page: str, fragment: str, /, *, status: int = 200, **context: Any) -> Response:
    """The page, or its fragment when that is all that was asked for."""
    template = fragment if wants_fragment() else page
    return varies(make_response(render_template(template, **context), status))


def see_other(address: str) -> Response:
    """Send the browser on after a change, whether a form or htmx has asked."""
    if is_htmx():
        response = make_response("")
        response.headers["HX-Redirect"] = address
    else:
        response = make_response(redirect(address, 303))
    return varies(response)


def varies(response: Response) -> Response:
    """Tell caches that this address answers htmx otherwise."""
    response.vary.add("HX-Request")
    return response


def beside_target(response: Response) -> Response:
    """Show an error in the page's #problem, and leave the part that asked as it is."""
    response.headers["HX-Retarget"] = "#problem"
    response.headers["HX-Reswap"] = "outerMorph"
    return response


def at_address(response: Response, address: str) -> Response:
    """Let the browser's address bar say where a fragment belongs."""
    response.headers["HX-Push-Url"] = address
    return response


def tag_of(*parts: object) -> str:
    """A short tag of what a live fragment is made from: equal parts, equal tag."""
    return hashlib.blake2b(repr(parts).encode(), digest_size=12).hexdigest()


def unchanged(tag: str) -> Response | None:
    """An empty 304 when the browser already shows what `tag` stands for."""
    known = request.headers.get("HX-PTag") == tag or request.if_none_match.contains(tag)
    return tagged(make_response("", 304), tag) if known else None


def tagged(response: Response, tag: str) -> Response:
    """Mark a live fragment with its tag, for the next poll to send back."""
    response.headers["HX-PTag"] = tag
    response.set_etag(tag)
    return varies(response)
