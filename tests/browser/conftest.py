"""A real server and a real browser."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Page

from app.extensions import db
from config import ROOT
from scripts.precompress import precompress
from tests.databases import CleanSlate, an_app

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True, slots=True)
class LiveServer:
    """A running Docket; `app` is this process's own way to the same database."""

    url: str
    app: Flask


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": FLAGS}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_context_args, "locale": "en-GB", "timezone_id": "Europe/Berlin"}


@pytest.fixture(scope="session")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LiveServer, CleanSlate]]:
    with serving(tmp_path_factory.mktemp("live"), free_port()) as served:
        yield served


@contextmanager
def serving(folder: Path, port: int, **further: str) -> Iterator[tuple[LiveServer, CleanSlate]]:
    """Docket under its real web server, for a while; `further` goes into its environment."""
    url = f"http://127.0.0.1:{port}"
    precompress()
    app = an_app(folder, base_url=url)
    command = [str(Path(sys.executable).with_name("granian")), "--interface", "wsgi"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--blocking-threads", "64", "wsgi:app"]
    settings = {
        "INSTANCE_PATH": str(folder),
        "DATABASE_URL": "",
        "BASE_URL": url,
        "DEMO": "0",
        "RATE_LIMITS": "0",
    }
    try:
        with running(command, port, folder / "server.log", **settings, **further):
            yield LiveServer(url, app), CleanSlate(app)
    finally:
        with app.app_context():
            db.engine.dispose()


@contextmanager
def running(command: list[str], port: int, log: Path, **settings: str) -> Iterator[None]:
    """A program that listens on a port of this machine, for a while."""
    with log.open("wb") as kept:
        program = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **settings}, stdout=kept, stderr=kept
        )
    try:
        _wait_until_open(program, port, log)
        yield
    finally:
        program.terminate()
        program.wait(timeout=10)


@pytest.fixture
def live_server(_server: tuple[LiveServer, CleanSlate]) -> LiveServer:
    """Docket under its real web server, on a clean SQLite database without the demo clinic."""
    server, slate = _server
    slate.restore()
    return server


@pytest.fixture(scope="session")
def base_url(_server: tuple[LiveServer, CleanSlate]) -> str:
    """Where `page.goto("/login/")` goes."""
    return _server[0].url


@pytest.fixture
def axe() -> Callable[[Page], None]:
    """Check a page against the rules of WCAG 2.2 AA."""

    def check(page: Page) -> None:
        tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
        results = Axe().run(page, options={"runOnly": tags, "resultTypes": ["violations"]})
        assert not results.violations_count, f"{page.url}\n{results.generate_report()}"

    return check


def _wait_until_open(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    patience = time.monotonic() + 20
    while server.poll() is None and time.monotonic() < patience:
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail(f"The server did not start:\n{log.read_text()}")


def free_port() -> int:
    """A port that nobody listens on."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
