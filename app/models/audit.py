from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app import clock
from app.extensions import Base

if TYPE_CHECKING:
    from app.models.user import User


class AuditEvent(Base):
    """Who changed what, from what to what, when and why. Rows are only ever added."""

    __tablename__ = "audit_events"
    __table_args__ = (
        Index(None, "object_kind", "object_id", "id"),
        Base.__table_args__,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(default=clock.now, index=True)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    action: Mapped[str] = mapped_column(String(60), index=True)
    object_kind: Mapped[str] = mapped_column(String(40))
    object_id: Mapped[int]
    object_name: Mapped[str] = mapped_column(String(160), default="")
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    reason: Mapped[str] = mapped_column(Text, default="")

    actor: Mapped[User | None] = relationship()
