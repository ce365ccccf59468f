from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, Column, ForeignKey, Integer, String, Table, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.extensions import Base
from app.models.reference import new_ref
from app.types import Word

if TYPE_CHECKING:
    from app.models.calendar import Calendar
    from app.models.specialty import Specialty
    from app.models.user import User
    from app.models.visit_type import VisitType

doctor_specialties = Table(
    "doctor_specialties",
    Base.metadata,
    Column("doctor_id", ForeignKey("doctors.id"), primary_key=True),
    Column("specialty_id", ForeignKey("specialties.id"), primary_key=True, index=True),
    **Base.__table_args__,
)

doctor_visit_types = Table(
    "doctor_visit_types",
    Base.metadata,
    Column("doctor_id", ForeignKey("doctors.id"), primary_key=True),
    Column("visit_type_id", ForeignKey("visit_types.id"), primary_key=True, index=True),
    Column("own_minutes", Integer),  # instead of the visit type's
    Column("own_price_cents", Integer),
    **Base.__table_args__,
)


class AgendaMail(StrEnum):
    """When a doctor is sent the visits of a day."""

    NEVER = "never"
    EVENING = "evening"  # before
    MORNING = "morning"


class Doctor(Base):
    """A doctor; shown to the public only when approved by an admin and published."""

    __tablename__ = "doctors"
    shapes_openings = True

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(16), unique=True, default=new_ref)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), unique=True)
    calendar_id: Mapped[int] = mapped_column(ForeignKey("calendars.id"), unique=True)
    title: Mapped[str] = mapped_column(String(20), default="Dr.")
    licence_number: Mapped[str] = mapped_column(String(40), default="")
    about: Mapped[str] = mapped_column(Text, default="")
    portrait: Mapped[str | None] = mapped_column(String(64))  # the name of its file
    approved_at: Mapped[datetime | None]
    agenda_mail: Mapped[AgendaMail] = mapped_column(Word(AgendaMail), default=AgendaMail.NEVER)
    mail_changes: Mapped[bool] = mapped_column(default=True)  # when patients cancel or move
    names_in_feed: Mapped[bool] = mapped_column(default=False)
    is_published: Mapped[bool] = mapped_column(default=False, index=True)
    version: Mapped[int] = mapped_column(default=1)

    user: Mapped[User] = relationship(back_populates="doctor")
    calendar: Mapped[Calendar] = relationship()
    specialties: Mapped[list[Specialty]] = relationship(
        secondary=doctor_specialties, order_by="Specialty.name"
    )
    visit_types: Mapped[list[VisitType]] = relationship(
        secondary=doctor_visit_types, order_by="VisitType.minutes, VisitType.name"
    )
    spoken: Mapped[list[DoctorLanguage]] = relationship(
        cascade="all, delete-orphan", order_by="DoctorLanguage.language"
    )

    @property
    def name(self) -> str:
        return f"{self.title} {self.user.name}".strip()

    @property
    def languages(self) -> list[str]:
        """ISO 639-1 codes, in alphabetical order."""
        return [spoken.language for spoken in self.spoken]


class ProfileChange(Base):
    """What a doctor would like their public page to say; an admin lets it through, or not."""

    __tablename__ = "profile_changes"

    doctor_id: Mapped[int] = mapped_column(ForeignKey("doctors.id"), primary_key=True)
    wanted: Mapped[dict[str, Any]] = mapped_column(JSON)
    asked_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    @property
    def is_declined(self) -> bool:
        return "declined" in self.wanted

    @property
    def key(self) -> str:
        """Another one as soon as something else is wished for, or an admin has answered."""
        return f"{self.doctor_id}:{self.asked_at.isoformat()}:{self.version}"


class DoctorLanguage(Base):
    __tablename__ = "doctor_languages"
    shapes_openings = True

    doctor_id: Mapped[int] = mapped_column(ForeignKey("doctors.id"), primary_key=True)
    language: Mapped[str] = mapped_column(String(8), primary_key=True, index=True)


class OpeningFloor(Base):
    """A tick before which a doctor has no opening: a lower bound that lets the search stop early.

    It holds only while `revision` is the schedule's present one. Whoever frees time lowers it and
    raises `version`, so that the worker, which raises the floor, never overtakes them.
    """

    __tablename__ = "opening_floors"

    doctor_id: Mapped[int] = mapped_column(ForeignKey("doctors.id"), primary_key=True)
    tick: Mapped[int]
    revision: Mapped[int]
    raised_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)
