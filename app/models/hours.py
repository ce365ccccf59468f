from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, Table
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.extensions import Base
from app.types import Word

if TYPE_CHECKING:
    from app.models.location import Location
    from app.models.visit_type import VisitType


working_hours_visit_types = Table(
    "working_hours_visit_types",
    Base.metadata,
    Column(
        "working_hours_id", ForeignKey("working_hours.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("visit_type_id", ForeignKey("visit_types.id"), primary_key=True, index=True),
    **Base.__table_args__,
)


class WorkingHours(Base):
    """One interval of a doctor's week, in wall-clock minutes of the location's day (0 to 1440).

    `weekday` is ISO (Monday = 1). Both `valid_from` and `valid_until` are included. Only
    `visit_types` are seen in it; without any, all of the doctor's are.
    """

    __tablename__ = "working_hours"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 1 AND 7", name="weekday"),
        CheckConstraint("starts_minute >= 0 AND ends_minute <= 1440", name="in_day"),
        CheckConstraint("starts_minute < ends_minute", name="order"),
        CheckConstraint("starts_minute % 5 = 0 AND ends_minute % 5 = 0", name="ticks"),
        Base.__table_args__,
    )
    shapes_openings = True

    id: Mapped[int] = mapped_column(primary_key=True)
    doctor_id: Mapped[int] = mapped_column(ForeignKey("doctors.id"), index=True)
    location_id: Mapped[int] = mapped_column(ForeignKey("locations.id"), index=True)
    weekday: Mapped[int]
    starts_minute: Mapped[int]
    ends_minute: Mapped[int]
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]

    location: Mapped[Location] = relationship()
    visit_types: Mapped[list[VisitType]] = relationship(secondary=working_hours_visit_types)


class HoursExceptionKind(StrEnum):
    TIME_OFF = "time_off"
    EXTRA_HOURS = "extra_hours"


class HoursException(Base):
    """Time off, or extra hours at a location: a dated exception to the weekly pattern.

    Those that were made together, as a repeating one, have the same `series`.
    """

    __tablename__ = "hours_exceptions"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="order"),
        CheckConstraint("kind = 'time_off' OR location_id IS NOT NULL", name="place"),
        Index(None, "doctor_id", "ends_at"),
        Base.__table_args__,
    )
    shapes_openings = True

    id: Mapped[int] = mapped_column(primary_key=True)
    doctor_id: Mapped[int] = mapped_column(ForeignKey("doctors.id"))
    kind: Mapped[HoursExceptionKind] = mapped_column(Word(HoursExceptionKind))
    location_id: Mapped[int | None] = mapped_column(ForeignKey("locations.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    note: Mapped[str] = mapped_column(String(200), default="")
    series: Mapped[str | None] = mapped_column(String(16), index=True)

    location: Mapped[Location | None] = relationship()


class Closure(Base):
    """A time in which a whole location is closed, with the reason that the public reads."""

    __tablename__ = "closures"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="order"),
        Index(None, "location_id", "ends_at"),
        Base.__table_args__,
    )
    shapes_openings = True

    id: Mapped[int] = mapped_column(primary_key=True)
    location_id: Mapped[int] = mapped_column(ForeignKey("locations.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(120))

    location: Mapped[Location] = relationship()
