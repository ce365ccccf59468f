"""A morning rush by an open-loop client: people arrive when they arrive, answered or not."""

from __future__ import annotations

import asyncio
import random
import re
import secrets
import time
from dataclasses import dataclass, field
from datetime import date
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from flask import Flask
from itsdangerous import URLSafeTimedSerializer

from app.clock import instant_of

PEOPLE, SECONDS, PLACES = 2000, 5.0, 240
DOCTORS = 5
TRIES = 6
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}
OPENING = re.compile(r'name="opening" value="(\w+)\.(\d+)"')
HELD = re.compile(r'name="ref" value="(\w+)"')


@dataclass
class Figures:
    """What the people saw. Times are in milliseconds."""

    booked: int = 0
    full: int = 0
    refused: int = 0
    with_alternatives: int = 0
    gave_up: int = 0
    strange: list[str] = field(default_factory=list)
    bookings: list[float] = field(default_factory=list)
    refusals: list[float] = field(default_factory=list)
    looks: list[float] = field(default_factory=list)

    def p(self, times: list[float], share: float) -> float:
        return sorted(times)[int(len(times) * share)] if times else 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class Goal:
    """What everybody wants: a visit of this type with any doctor of a specialty on this day."""

    specialty: str
    visit_type: str
    day: date

    @property
    def choice(self) -> dict[str, str]:
        day = self.day.isoformat()
        wanted = {"specialty": self.specialty, "visit_type": self.visit_type, "day": day}
        return {**wanted, "doctor": "any"}


def cookies_for(app: Flask, tokens: list[str]) -> list[tuple[str, str]]:
    """For each signed-in browser its cookie and the token of its forms."""
    signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    name = app.config["SESSION_COOKIE_NAME"]
    of_forms = URLSafeTimedSerializer(app.secret_key, salt="wtf-csrf-token")  # type: ignore[arg-type]
    pairs = []
    for token in tokens:
        secret = secrets.token_hex(20)
        browser = {"_user_id": token, "browser": secrets.token_urlsafe(24), "csrf_token": secret}
        pairs.append((f"{name}={signer.dumps(browser)}", of_forms.dumps(secret)))
    return pairs


async def rush(port: int, people: list[tuple[str, str]], goal: Goal) -> Figures:
    """Let everybody come within five seconds, at random."""
    figures, begun, random_ = Figures(), time.monotonic() + 0.5, random.Random(1)
    arrivals = sorted(random_.uniform(0, SECONDS) for _ in people)
    coming = [
        _Person(port, number, cookie, csrf, goal, figures).come(begun + at)
        for number, ((cookie, csrf), at) in enumerate(zip(people, arrivals, strict=True))
    ]
    await asyncio.gather(*coming)
    return figures


class _Person:
    def __init__(
        self, port: int, number: int, cookie: str, csrf: str, goal: Goal, figures: Figures
    ) -> None:
        self.port = port
        self.cookie, self.csrf = cookie, csrf
        self.address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        self.goal, self.figures = goal, figures
        self.luck = random.Random(number)
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def come(self, at: float) -> None:
        await asyncio.sleep(max(0.0, at - time.monotonic()))
        try:
            await self._try_to_book()
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as fault:
            self.figures.strange.append(repr(fault))
        finally:
            if self.streams:
                self.streams[1].close()

    async def _try_to_book(self) -> None:
        wish = await self._look()
        for _ in range(TRIES):
            if wish is None:
                self.figures.full += 1
                return
            held, wish = await self._hold(*wish)
            if held is not None:
                await self._book(held)
                return
        self.figures.gave_up += 1

    async def _look(self) -> tuple[str, str] | None:
        begun = time.monotonic()
        answer = await self._ask("GET", f"/appointment/openings/?{urlencode(self.goal.choice)}")
        self.figures.looks.append((time.monotonic() - begun) * 1000)
        self._expect(answer, 200)
        return self._that_day(OPENING.findall(answer.body))

    async def _hold(
        self, doctor: str, tick: str
    ) -> tuple[dict[str, str] | None, tuple[str, str] | None]:
        """What is held; or, after a refusal, one of the times that are offered instead."""
        form = {**self.goal.choice, "opening": f"{doctor}.{tick}", "key": secrets.token_hex(12)}
        begun = time.monotonic()
        answer = await self._ask("POST", "/appointment/hold/", form)
        took = (time.monotonic() - begun) * 1000
        if answer.status == 200 and "hx-redirect" in answer.headers:
            self.figures.bookings.append(took)
            page = await self._ask("GET", answer.headers["hx-redirect"], headers={})
            ref = HELD.search(page.body)
            return {**self.goal.choice, "ref": ref[1] if ref else "", "opening": tick}, None
        self._expect(answer, 409)
        self.figures.refused += 1
        self.figures.refusals.append(took)
        others = OPENING.findall(answer.body)
        return None, self._that_day(others)

    def _that_day(self, offered: list[tuple[str, str]]) -> tuple[str, str] | None:
        wanted = [one for one in offered if instant_of(int(one[1])).date() == self.goal.day]
        if offered and not wanted:
            self.figures.with_alternatives += 1
        return self.luck.choice(wanted) if wanted else None

    async def _book(self, held: dict[str, str]) -> None:
        begun = time.monotonic()
        answer = await self._ask("POST", "/appointment/book/", held)
        self.figures.bookings.append((time.monotonic() - begun) * 1000)
        if answer.status == 200 and "/booked/" in answer.headers.get("hx-redirect", ""):
            self.figures.booked += 1
        else:
            self.figures.strange.append(f"{answer.status} to a booking")

    def _expect(self, answer: Answer, status: int) -> None:
        if answer.status != status:
            self.figures.strange.append(f"{answer.status}, not {status}")

    async def _ask(
        self,
        method: str,
        path: str,
        form: dict[str, str] | None = None,
        headers: dict[str, str] = HTMX,
    ) -> Answer:
        body = urlencode({**form, "csrf_token": self.csrf}) if form is not None else ""
        headers = {
            "Host": f"127.0.0.1:{self.port}",
            "Cookie": self.cookie,
            "X-Forwarded-For": self.address,
            "Content-Length": str(len(body)),
            **headers,
        }
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        if self.streams is None:
            self.streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self.streams
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"{method} {path} HTTP/1.1\r\n{lines}\r\n{body}".encode())
        async with asyncio.timeout(60):
            return await _read(reader, self._keep)

    def _keep(self, headers: dict[str, str]) -> None:
        if "set-cookie" in headers:
            for morsel in SimpleCookie(headers["set-cookie"]).values():
                self.cookie = f"{morsel.key}={morsel.value}"


async def _read(reader: asyncio.StreamReader, keep) -> Answer:  # type: ignore[no-untyped-def]
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {}
    for line in head[1:]:
        name, _, value = line.partition(": ")
        headers[name.lower()] = value
    keep(headers)
    if headers.get("transfer-encoding") == "chunked":
        body = b""
        while size := int(await reader.readline(), 16):
            body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
    else:
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Answer(int(head[0].split()[1]), headers, body.decode())
