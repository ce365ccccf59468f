from __future__ import annotations

from enum import StrEnum

from sqlalchemy import JSON, CheckConstraint, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.reference import new_ref
from app.types import Word


class VisitMode(StrEnum):
    IN_PERSON = "in_person"
    ONLINE = "online"


class WhoMayBook(StrEnum):
    """Whom a visit type is open to. Staff may book any for anybody."""

    ANYBODY = "anybody"
    NEW = "new"  # who has had no visit with the doctor yet
    RETURNING = "returning"
    STAFF = "staff"


class PayWhen(StrEnum):
    """How a visit is paid."""

    AT_CLINIC = "at_clinic"
    ONLINE = "online"  # before it is booked
    EITHER = "either"


class VisitType(Base):
    """What can be booked. Lengths are in minutes and whole ticks; prices in cents."""

    __tablename__ = "visit_types"
    __table_args__ = (
        CheckConstraint("minutes BETWEEN 5 AND 480 AND minutes % 5 = 0", name="minutes"),
        CheckConstraint("buffer_before BETWEEN 0 AND 120 AND buffer_before % 5 = 0", name="before"),
        CheckConstraint("buffer_after BETWEEN 0 AND 120 AND buffer_after % 5 = 0", name="after"),
        CheckConstraint("step IN (5, 10, 15, 20, 30, 60)", name="step"),
        CheckConstraint("price_cents >= 0", name="price"),
        Base.__table_args__,
    )
    shapes_openings = True

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(16), unique=True, default=new_ref)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    minutes: Mapped[int]
    buffer_before: Mapped[int] = mapped_column(default=0)
    buffer_after: Mapped[int] = mapped_column(default=0)
    step: Mapped[int] = mapped_column(default=15)
    mode: Mapped[VisitMode] = mapped_column(Word(VisitMode), default=VisitMode.IN_PERSON)
    needs_approval: Mapped[bool] = mapped_column(default=False)
    price_cents: Mapped[int] = mapped_column(default=0)
    currency: Mapped[str] = mapped_column(String(3), default="EUR")
    pay_when: Mapped[PayWhen] = mapped_column(Word(PayWhen), default=PayWhen.AT_CLINIC)
    # Hours before a visit at which its patient is reminded, instead of the clinic's.
    own_reminders: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True))
    preparation: Mapped[str] = mapped_column(Text, default="")
    who_may_book: Mapped[WhoMayBook] = mapped_column(Word(WhoMayBook), default=WhoMayBook.ANYBODY)
    is_active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)

    @property
    def is_online(self) -> bool:
        return self.mode is VisitMode.ONLINE
