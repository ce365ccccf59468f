"""Who somebody is: registering, logging in and out, links from mails, one's own account."""

from flask import Blueprint

bp = Blueprint("auth", __name__)

from app.auth import (  # noqa: E402, F401
    confirming,
    invited,
    own_account,
    own_feed,
    own_messages,
    own_sessions,
    registering,
    resetting,
    signing_in,
    unsubscribing,
)
