from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app import clock
from app.extensions import Base
from app.models.reference import new_ref
from app.models.visit_type import PayWhen, VisitMode
from app.types import Word

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from app.models.doctor import Doctor
    from app.models.location import Location
    from app.models.patient import Patient
    from app.models.user import User
    from app.models.visit_type import VisitType


class AppointmentStatus(StrEnum):
    HELD = "held"
    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    ARRIVED = "arrived"
    IN_CONSULTATION = "in_consultation"
    COMPLETED = "completed"
    NO_SHOW = "no_show"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class PaymentStatus(StrEnum):
    """Where the money of an appointment is; what the ledger says (`app/billing/ledger.py`)."""

    NONE = "none"
    DUE = "due"
    PROCESSING = "processing"
    PAID = "paid"
    FAILED = "failed"
    REFUND_PENDING = "refund_pending"
    PART_REFUNDED = "part_refunded"
    REFUNDED = "refunded"
    DISPUTED = "disputed"


class Appointment(Base):
    """A visit, from the moment its time is held.

    What was agreed (length, price, mode, place) is stored here, so that a later change of the
    visit type never touches it. `busy_from_tick` to `busy_until_tick` (not included) is the time
    taken from the doctor, buffers and all; the claims say the same, tick by tick.
    """

    __tablename__ = "appointments"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="order"),
        CheckConstraint(
            "busy_until_tick > busy_from_tick AND busy_until_tick - busy_from_tick <= 288",
            name="length",
        ),
        CheckConstraint("status != 'held' OR hold_expires_at IS NOT NULL", name="hold_ends"),
        CheckConstraint("status IN ('held', 'expired') OR patient_id IS NOT NULL", name="patient"),
        # Covers the busy time of a doctor, so that openings never touch the rows themselves.
        Index(
            "ix_appointments_busy",
            "doctor_id",
            "busy_from_tick",
            "busy_until_tick",
            "status",
            "hold_expires_at",
            "is_overbooked",
        ),
        Index(None, "doctor_id", "starts_at"),
        Index(None, "patient_id", "starts_at"),
        Index(None, "status", "hold_expires_at"),
        Index(None, "status", "starts_at"),
        Base.__table_args__,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(16), unique=True, default=new_ref)
    doctor_id: Mapped[int] = mapped_column(ForeignKey("doctors.id"))
    patient_id: Mapped[int | None] = mapped_column(ForeignKey("patients.id"))
    visit_type_id: Mapped[int] = mapped_column(ForeignKey("visit_types.id"), index=True)
    location_id: Mapped[int] = mapped_column(ForeignKey("locations.id"), index=True)

    status: Mapped[AppointmentStatus] = mapped_column(Word(AppointmentStatus))
    version: Mapped[int] = mapped_column(default=1)
    starts_at: Mapped[datetime] = mapped_column(index=True)
    ends_at: Mapped[datetime]
    busy_from_tick: Mapped[int]
    busy_until_tick: Mapped[int]
    mode: Mapped[VisitMode] = mapped_column(Word(VisitMode))
    price_cents: Mapped[int] = mapped_column(default=0)
    currency: Mapped[str] = mapped_column(String(3))
    payment_status: Mapped[PaymentStatus] = mapped_column(
        Word(PaymentStatus), default=PaymentStatus.NONE
    )
    # The terms of its money, as they were when it was agreed.
    pay_when: Mapped[PayWhen] = mapped_column(Word(PayWhen), default=PayWhen.AT_CLINIC)
    free_until_hours: Mapped[int] = mapped_column(default=24)
    late_fee_percent: Mapped[int] = mapped_column(default=0)
    no_show_fee_percent: Mapped[int] = mapped_column(default=0)

    reason: Mapped[str] = mapped_column(Text, default="")
    cancel_reason: Mapped[str] = mapped_column(Text, default="")

    booking_key: Mapped[str | None] = mapped_column(String(64), unique=True)
    hold_expires_at: Mapped[datetime | None]
    hold_prolonged: Mapped[bool] = mapped_column(default=False)
    holder_hash: Mapped[str | None] = mapped_column(String(64), index=True)
    # Set only while a browser that is not signed in holds, so that it can hold one time at once.
    held_by_browser: Mapped[str | None] = mapped_column(String(64), unique=True)
    holder_address: Mapped[str | None] = mapped_column(String(64), index=True)

    is_overbooked: Mapped[bool] = mapped_column(default=False)
    overbooked_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    # When the present time was settled: booked, approved or moved. Reminders begin after it.
    arranged_at: Mapped[datetime | None]
    calendar_sequence: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    doctor: Mapped[Doctor] = relationship()
    patient: Mapped[Patient | None] = relationship()
    visit_type: Mapped[VisitType] = relationship()
    location: Mapped[Location] = relationship()
    overbooked_by: Mapped[User | None] = relationship()

    @property
    def zone(self) -> ZoneInfo:
        return self.location.zoneinfo

    @property
    def is_online(self) -> bool:
        return self.mode is VisitMode.ONLINE

    @property
    def is_paid_first(self) -> bool:
        """Whether it is booked by being paid."""
        return self.pay_when is PayWhen.ONLINE and self.price_cents > 0

    @property
    def may_be_paid_online(self) -> bool:
        return self.pay_when is not PayWhen.AT_CLINIC and self.price_cents > 0

    @property
    def minutes(self) -> int:
        return int((self.ends_at - self.starts_at).total_seconds()) // 60
