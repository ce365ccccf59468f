from __future__ import annotations

from enum import StrEnum

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.types import Word


class CalendarKind(StrEnum):
    DOCTOR = "doctor"
    PATIENT = "patient"


class Calendar(Base):
    """What can be busy."""

    __tablename__ = "calendars"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[CalendarKind] = mapped_column(Word(CalendarKind))


class Claim(Base):
    """One tick of one calendar, taken by one appointment: the primary key is the promise."""

    __tablename__ = "claims"

    calendar_id: Mapped[int] = mapped_column(
        ForeignKey("calendars.id"), primary_key=True, autoincrement=False
    )
    tick: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointments.id"), index=True)
