"""What was said in messages is kept for a while, and then forgotten."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, or_, select, update

from app import clock
from app.extensions import db
from app.models import MessageAttachment, MessageState, OutboxMessage
from app.transaction import rows_changed, transactional

KEPT = timedelta(days=2 * 365)
LOOKED_BACK = timedelta(days=60)  # so that what has been forgotten is not looked at for ever
AT_ONCE = 500


@transactional
def forget_contents() -> int:
    """Empty some of the messages that were sent two years ago: text, HTML and attachments go, the
    row that says who was told of what stays; how many were emptied."""
    since, until = clock.now() - KEPT - LOOKED_BACK, clock.now() - KEPT
    old = (
        select(OutboxMessage.id)
        .where(
            OutboxMessage.state == MessageState.SENT,
            OutboxMessage.next_try_at.between(since, until),
            or_(OutboxMessage.text != "", OutboxMessage.html != ""),
        )
        .limit(AT_ONCE)
    )
    numbers = db.session.scalars(old).all()
    of_these = MessageAttachment.message_id.in_(numbers)
    rows_changed(delete(MessageAttachment).where(of_these))
    emptied = update(OutboxMessage).where(OutboxMessage.id.in_(numbers))
    return rows_changed(emptied.values(text="", html=""))
