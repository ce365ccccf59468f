"""How dates, times and money look on a page and in a message. Plain functions, also filters."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from app import clock

SYMBOLS = {"EUR": "€", "GBP": "£", "USD": "$"}
WITHOUT_CENTS = {"JPY", "KRW"}


def clock_time(instant: datetime, zone: ZoneInfo) -> str:
    """`10:30` on the wall of a zone."""
    return instant.astimezone(zone).strftime("%H:%M")


def short_day(day: date) -> str:
    """`Tue 24 Nov`."""
    return f"{day:%a} {day.day} {day:%b}"


def near_day(day: date, today: date) -> str:
    """`Today`, `Tomorrow`, or else `Tue 24 Nov`."""
    return {0: "Today", 1: "Tomorrow"}.get((day - today).days, short_day(day))


def long_day(day: date) -> str:
    """`Tuesday 24 November`, with the year when it is not the present one."""
    year = "" if day.year == clock.now().year else f" {day.year}"
    return f"{day:%A} {day.day} {day:%B}{year}"


def long_time(instant: datetime, zone: ZoneInfo) -> str:
    """`Tuesday 24 November, 10:30` on the wall of a zone."""
    local = instant.astimezone(zone)
    return f"{long_day(local.date())}, {local:%H:%M}"


def exact_clock(instant: datetime, zone: ZoneInfo) -> str:
    """`10:30`; in the hour that a wall shows twice when the clocks go back, `02:30 (UTC+2)`."""
    local = instant.astimezone(zone)
    is_shown_twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return f"{local:%H:%M}" + (f" ({offset_name(zone, instant)})" if is_shown_twice else "")


def exact_time(instant: datetime, zone: ZoneInfo) -> str:
    """`long_time`, which can be told from every other instant of that day."""
    return f"{long_day(instant.astimezone(zone).date())}, {exact_clock(instant, zone)}"


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """The date on the wall of a zone."""
    return instant.astimezone(zone).date()


def zone_name(zone: ZoneInfo | str, instant: datetime | None = None) -> str:
    """`Berlin time (UTC+1)`: the zone's city and, at an instant, its distance from UTC."""
    zone = ZoneInfo(zone) if isinstance(zone, str) else zone
    city = zone.key.rsplit("/", 1)[-1].replace("_", " ")
    return f"{city} time ({offset_name(zone, instant or clock.now())})"


def offset_name(zone: ZoneInfo, instant: datetime) -> str:
    """`UTC+1`: the distance of a zone from UTC at an instant."""
    offset = instant.astimezone(zone).utcoffset()
    minutes = int(offset.total_seconds()) // 60 if offset is not None else 0
    hours, rest = divmod(abs(minutes), 60)
    sign = "−" if minutes < 0 else "+"
    return f"UTC{sign}{hours}" + (f":{rest:02}" if rest else "")


def money(cents: int, currency: str) -> str:
    """`€45.00`; `Free` for nothing."""
    if cents == 0:
        return "Free"
    amount = f"{cents:,}" if currency in WITHOUT_CENTS else f"{cents / 100:,.2f}"
    symbol = SYMBOLS.get(currency)
    return f"{symbol}{amount}" if symbol else f"{amount} {currency}"


def amount(cents: int, currency: str) -> str:
    """`45.00`, as it is typed into a field."""
    return str(cents) if currency in WITHOUT_CENTS else f"{cents / 100:.2f}"


def minutes(number: int) -> str:
    """`45 min`, `1 h 30 min`."""
    hours, rest = divmod(number, 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"


FILTERS = {
    "zone": ZoneInfo,
    "instant": datetime.fromisoformat,
    "clock_time": clock_time,
    "short_day": short_day,
    "near_day": near_day,
    "long_day": long_day,
    "long_time": long_time,
    "local_day": local_day,
    "zone_name": zone_name,
    "money": money,
    "minutes": minutes,
}

# In letters, which are read anywhere and at any time.
EXACT = FILTERS | {"clock_time": exact_clock, "long_time": exact_time}
