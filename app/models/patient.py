from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.extensions import Base

if TYPE_CHECKING:
    from app.models.calendar import Calendar
    from app.models.user import User


class Patient(Base):
    __tablename__ = "patients"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), unique=True)
    calendar_id: Mapped[int] = mapped_column(ForeignKey("calendars.id"), unique=True)
    phone: Mapped[str | None] = mapped_column(String(40))
    # Hours before a visit at which to be reminded, instead of the visit type's or the clinic's.
    own_reminders: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True))

    user: Mapped[User] = relationship(back_populates="patient")
    calendar: Mapped[Calendar] = relationship()

    @property
    def name(self) -> str:
        return self.user.name
