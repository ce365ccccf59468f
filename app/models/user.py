from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app import clock
from app.extensions import Base
from app.models import doctor as doctor_module
from app.models import patient as patient_module
from app.models.reference import new_ref
from app.types import Word


class Role(StrEnum):
    ADMIN = "admin"
    DOCTOR = "doctor"
    PATIENT = "patient"


class User(Base):
    """Somebody who can sign in.

    `email` is what they typed; `confirmed_email` is set, and unique, once they have shown that it
    is theirs. So registering with a stranger's address neither reveals nor blocks their account.
    A patient whom only the telephone reaches has the address "", which is nobody's.
    """

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(16), unique=True, default=new_ref)
    email: Mapped[str] = mapped_column(String(254), index=True)
    confirmed_email: Mapped[str | None] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(120), index=True)
    role: Mapped[Role] = mapped_column(Word(Role), index=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    is_active: Mapped[bool] = mapped_column(default=True)
    zone: Mapped[str | None] = mapped_column(String(64))
    must_change_password: Mapped[bool] = mapped_column(default=False)
    # Part of the secret address of the calendar feed: a new number makes a new address, 0 none.
    feed_number: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=clock.now, index=True)
    version: Mapped[int] = mapped_column(default=1)

    doctor: Mapped[doctor_module.Doctor | None] = relationship(back_populates="user")
    patient: Mapped[patient_module.Patient | None] = relationship(back_populates="user")

    @property
    def shapes_openings(self) -> bool:
        """A doctor's name and standing decide what the public finds."""
        return self.role is Role.DOCTOR

    @property
    def is_confirmed(self) -> bool:
        return self.confirmed_email is not None
