"""Load: `wrk` for the most that a server answers, and the figures of what it saw."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import urlsplit

CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests a second, and how many of the answers were errors."""

    per_second: float
    errors: int

    def __str__(self) -> str:
        errors = f" ({self.errors} errors)" if self.errors else ""
        return f"{self.per_second:,.0f}/s{errors}"


def hammer(address: str, headers: dict[str, str], seconds: int) -> Rate:
    """As many requests as the server answers, from 16 connections."""
    if shutil.which("wrk") is None:
        return _hammer_without_wrk(address, headers, seconds)
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s"]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    report = subprocess.run([*command, address], check=True, capture_output=True, text=True).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", report)
    errors = re.search(r"Non-2xx or 3xx responses: (\d+)", report)
    return Rate(float(rate[1]) if rate else 0, int(errors[1]) if errors else 0)


def _hammer_without_wrk(address: str, headers: dict[str, str], seconds: int) -> Rate:
    """The same by Python's own client: slower, and equally so for whatever is compared."""
    parts = urlsplit(address)
    path, until = f"{parts.path}?{parts.query}", time.monotonic() + seconds

    def one_connection() -> tuple[int, int]:
        connection, done, errors = HTTPConnection(parts.netloc, timeout=10), 0, 0
        while time.monotonic() < until:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            answer.read()
            done, errors = done + 1, errors + (answer.status >= 400)
        connection.close()
        return done, errors

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        results = [
            going.result() for going in [pool.submit(one_connection) for _ in range(CONNECTIONS)]
        ]
    return Rate(sum(done for done, _ in results) / seconds, sum(errors for _, errors in results))
