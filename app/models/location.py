from __future__ import annotations

from zoneinfo import ZoneInfo

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base


class Location(Base):
    """A place where the clinic sees people. Working hours are wall-clock times in its zone."""

    __tablename__ = "locations"
    shapes_openings = True

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    address: Mapped[str] = mapped_column(String(200))
    city: Mapped[str] = mapped_column(String(80))
    zone: Mapped[str] = mapped_column(String(64))
    directions: Mapped[str] = mapped_column(Text, default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    accessibility: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int] = mapped_column(default=1)

    @property
    def zoneinfo(self) -> ZoneInfo:
        return ZoneInfo(self.zone)
