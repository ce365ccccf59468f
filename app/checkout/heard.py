"""Which events of the gateway have been dealt with."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError

from app import clock
from app.checkout.facts import Event
from app.extensions import db
from app.models import StripeEvent
from app.transaction import Overtaken


def is_known(event: Event) -> bool:
    """Whether an event has been dealt with before."""
    return db.session.get(StripeEvent, event.id) is not None


def is_new(event: Event) -> bool:
    """Note an event, in the transaction of its effect; False for one that is known."""
    if is_known(event):
        return False
    db.session.add(StripeEvent(id=event.id, kind=event.kind, received_at=clock.now()))
    try:
        db.session.flush()
    except IntegrityError as fault:
        raise Overtaken from fault  # by a copy that our snapshot does not show
    return True
