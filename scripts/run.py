"""Start Docket: the database, the demo clinic, the web server and the background worker."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from flask import Flask
from flask_migrate import upgrade

from app import create_app
from config import Config
from sandbox import Settings
from scripts.precompress import precompress

HOST = "127.0.0.1"
SANDBOX_AFTER = 100  # its port, counted from ours
ROOT = Path(__file__).resolve().parent.parent
WEB_SERVER = [
    *("granian", "--interface", "wsgi", "--host", HOST),
    *("--workers", "2", "--blocking-threads", "512", "--respawn-failed-workers"),
    # Its one warning would be of the many threads, which are meant (app/turns.py).
    *("--workers-kill-timeout", "5", "--log-level", "error", "wsgi:app"),
]
WORKER = ["flask", "--app", "wsgi", "worker"]

Process = subprocess.Popen[bytes]


def main() -> int:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    port = int(os.environ.get("PORT") or 8000)
    if _answers(port):
        print(f"Port {port} is taken. Choose another one: PORT={port + 1} make run")
        return 1
    children: list[Process] = []
    try:
        with_sandbox = _use_sandbox(port)
        config = Config.from_environment()
        prepare(create_app(config), demo=config.demo)
        children.append(_start(*WEB_SERVER, "--port", str(port)))
        children.append(_start(*WORKER))
        if with_sandbox:
            children.append(_start_sandbox(config, port))
        return _watch(children, port, config.base_url)
    except KeyboardInterrupt:
        return 0
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        for child in children:
            _stop(child)


def prepare(app: Flask, *, demo: bool) -> None:
    """Bring the static files and the database up to date and load the demo clinic into it."""
    precompress()
    with app.app_context():
        upgrade(directory=str(ROOT / "migrations"))
        if demo:
            from app.demo import DEMO_PASSWORD, DEMO_SIGN_INS, load_if_empty  # noqa: PLC0415

            if load_if_empty():
                print("The demo clinic has been loaded.")
            print(f"Demo sign-ins, each with the password {DEMO_PASSWORD}")
            for email, role in DEMO_SIGN_INS:
                print(f"  {email:<22} {role}")


def _watch(children: list[Process], port: int, address: str) -> int:
    """Say when the site is open, start a dead worker again, and end with the web server."""
    web = children[0]
    while web.poll() is None and not _answers(port):
        time.sleep(0.05)
    if web.poll() is None:
        print(f"\nDocket is open at {address}/ (Ctrl-C stops it)", flush=True)
    while web.poll() is None:
        time.sleep(0.5)
        if children[1].poll() is not None:
            print("The background worker ended and is started again.", flush=True)
            time.sleep(1)
            children[1] = _start(*WORKER)
    print("The web server ended.", flush=True)
    return web.returncode or 1


def _use_sandbox(port: int) -> bool:
    """Let a laptop without Stripe's keys take its payments in the sandbox beside it."""
    if os.environ.get("STRIPE_SECRET_KEY") or os.environ.get("DOCKET_ENV") == "production":
        return False
    settings = Settings(origin=f"http://{HOST}:{port + SANDBOX_AFTER}")
    os.environ["STRIPE_SECRET_KEY"] = settings.key
    os.environ["STRIPE_WEBHOOK_SECRET"] = settings.webhook_secret
    os.environ["STRIPE_ADDRESS"] = settings.origin
    return True


def _start_sandbox(config: Config, port: int) -> Process:
    options = {
        "--port": str(port + SANDBOX_AFTER),
        "--path": str(config.instance / "sandbox.sqlite3"),
        "--webhook": f"http://{HOST}:{port}/stripe-webhook/",
    }
    return _start("python", "-m", "sandbox", *[part for pair in options.items() for part in pair])


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((HOST, port)) == 0


def _start(program: str, *arguments: str) -> Process:
    """Start a program of the virtual environment in a process group of its own.

    The group keeps Ctrl-C away from it, so that the children are stopped once and in order.
    """
    command = [str(Path(sys.executable).with_name(program)), *arguments]
    return subprocess.Popen(command, cwd=ROOT, start_new_session=True)


def _stop(child: Process) -> None:
    """Ask a child to end, wait for it, and clear away whatever it left in its group."""
    child.terminate()
    with suppress(subprocess.TimeoutExpired):
        child.wait(timeout=10)
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


if __name__ == "__main__":
    sys.exit(main())
