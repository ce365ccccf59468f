"""A mailed link's token: out of the address at once, so that no history or log keeps it."""

from __future__ import annotations

from flask import Response, redirect, session, url_for

from app.accounts import links
from app.models import TokenPurpose

KEYS = {purpose: f"{purpose.value}_token" for purpose in TokenPurpose}


def keep(purpose: TokenPurpose, token: str, endpoint: str) -> Response:
    """Keep the token of an address in the session and go on without it."""
    session[KEYS[purpose]] = token[: links.LONGEST]
    return redirect(url_for(endpoint), 303)  # type: ignore[return-value]


def kept(purpose: TokenPurpose) -> str:
    """The token that this browser came with; empty when it has none."""
    return str(session.get(KEYS[purpose], ""))


def drop(purpose: TokenPurpose) -> None:
    """Forget the token."""
    session.pop(KEYS[purpose], None)
