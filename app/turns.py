"""Whose turn it is when more people come at once than a process can serve.

A process works on a few requests at a time; more would only share one interpreter and all be late.
The others wait here, in a thread each, and not in the order in which they came: what changes
something goes first, then pages, then fragments. So in a rush a booking takes as long as ever, and
who looks at openings sees them a moment later and as they then are. A request has a turn only once
its body is here, so a slow line keeps nobody else waiting. What waits for a payment gateway takes
no turn: however slow that is, the other pages are as quick as ever. Of these only so many wait at
once, each with a thread of its own; the next one is sent away at once, to come back shortly.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from io import BytesIO
from itertools import count
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING

from app.inputs import a_number

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CHANGES, PAGES, FRAGMENTS = range(3)
READING = {"GET", "HEAD", "OPTIONS"}
FAIR = 8  # every so often the longest wait ends, whatever is asked for
# These wait for a gateway, not for us. Any other way to write an address is none of them.
ELSEWHERE = {
    ("POST", "/pay/"),
    ("GET", "/payment-success/"),
    ("HEAD", "/payment-success/"),
    ("GET", "/payment-success/status/"),
    ("HEAD", "/payment-success/status/"),
    ("POST", "/stripe-webhook/"),
}
MOST_ELSEWHERE = 16
COME_BACK_SECONDS = 5
SENT_AWAY = b"Many people are paying at this moment. Please try again in a few seconds.\n"


class Turns:
    """WSGI middleware: at most `at_once` requests are with `app`, the most urgent ones, and beside
    them MOST_ELSEWHERE that wait for a gateway. Bodies of up to `longest_body` bytes are read
    first; `app` refuses longer ones unread."""

    def __init__(self, app: WSGIApplication, at_once: int, longest_body: int) -> None:
        self.app = app
        self.longest_body = longest_body
        self._free = at_once
        self._elsewhere = BoundedSemaphore(MOST_ELSEWHERE)
        self._lock = Lock()
        self._numbers = count()
        self._waiting: list[tuple[int, int, Lock]] = []  # a heap: urgency, number, who is waiting
        self._given = 0

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self._receive(environ)
        if (environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")) in ELSEWHERE:
            return self._wait_elsewhere(environ, start_response)
        self._take(_urgency(environ))
        try:
            return self.app(environ, start_response)
        finally:
            self._give()

    @property
    def waiting(self) -> int:
        """How many requests wait at this moment."""
        return len(self._waiting)

    def _wait_elsewhere(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        if not self._elsewhere.acquire(blocking=False):
            return _sent_away(start_response)
        try:
            return self.app(environ, start_response)
        finally:
            self._elsewhere.release()

    def _receive(self, environ: WSGIEnvironment) -> None:
        length = a_number(environ.get("CONTENT_LENGTH"), 1, self.longest_body)
        if "HTTP_TRANSFER_ENCODING" in environ and environ.get("wsgi.input_terminated"):
            length = self.longest_body + 1  # nobody knows yet; one byte more shows that it is long
        if length is not None:
            environ["wsgi.input"] = BytesIO(environ["wsgi.input"].read(length))

    def _take(self, urgency: int) -> None:
        with self._lock:
            if self._free > 0:
                self._free -= 1
                return
            turn = Lock()
            turn.acquire()
            heapq.heappush(self._waiting, (urgency, next(self._numbers), turn))
        turn.acquire()  # whoever gives it lets us go on

    def _give(self) -> None:
        with self._lock:
            if not self._waiting:
                self._free += 1
                return
            self._given += 1
            self._next().release()

    def _next(self) -> Lock:
        if self._given % FAIR:
            return heapq.heappop(self._waiting)[2]
        longest = min(self._waiting, key=lambda entry: entry[1])
        self._waiting.remove(longest)
        heapq.heapify(self._waiting)
        return longest[2]


def _urgency(environ: WSGIEnvironment) -> int:
    if environ["REQUEST_METHOD"] not in READING:
        return CHANGES
    return FRAGMENTS if environ.get("HTTP_HX_REQUEST") == "true" else PAGES


def _sent_away(start_response: StartResponse) -> Iterable[bytes]:
    headers = {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(SENT_AWAY)),
        "Retry-After": str(COME_BACK_SECONDS),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    start_response("503 Service Unavailable", list(headers.items()))
    return [SENT_AWAY]
