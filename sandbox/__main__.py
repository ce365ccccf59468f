"""Start the sandbox on this machine: `python -m sandbox --port 8100 --webhook http://…`."""

from __future__ import annotations

import argparse
import logging
import threading
import time

from werkzeug.serving import WSGIRequestHandler, make_server

from sandbox.server import Sandbox, Settings, create_sandbox

HOST = "127.0.0.1"
TICK_SECONDS = 0.3


class Quiet(WSGIRequestHandler):
    """Says nothing of requests that went well."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=8100)
    parser.add_argument("--origin", default="", help="the public address of the hosted page")
    parser.add_argument("--path", default=":memory:", help="a file to remember in")
    parser.add_argument("--webhook", default="", help="where events go")
    parser.add_argument("--bank-seconds", type=float, default=20)
    given = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    settings = Settings(
        origin=given.origin or f"http://{HOST}:{given.port}",
        path=given.path,
        webhook=given.webhook,
        bank_seconds=given.bank_seconds,
    )
    app = create_sandbox(settings)
    threading.Thread(target=tick, args=(app.extensions["sandbox"],), daemon=True).start()
    make_server(HOST, given.port, app, threaded=True, request_handler=Quiet).serve_forever()


def tick(sandbox: Sandbox) -> None:
    """Let time pass."""
    while True:
        try:
            sandbox.tick()
        except Exception:
            logging.getLogger("sandbox").exception("A tick has failed.")
        time.sleep(TICK_SECONDS)


if __name__ == "__main__":
    main()
