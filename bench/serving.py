"""The real parts: a private MariaDB server for this run, and web servers on it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from bench.clinic import SECRET
from config import ROOT
from tests import mariadb

WORKERS = 2
GRANIAN = ["--interface", "wsgi", "--host", "127.0.0.1", "--workers", str(WORKERS)]
GRANIAN += ["--blocking-threads", "512", "--log-level", "warning"]
PATIENCE = 30


def fresh_database(name: str) -> str:
    """The address of an empty database on this run's MariaDB, which ends with the run."""
    if not mariadb.is_installed():
        raise SystemExit("The bench needs MariaDB: apt-get install mariadb-server")
    folder = f"{tempfile.gettempdir()}/docket-bench-mariadb-{os.getpid()}"
    os.environ.setdefault(mariadb.FOLDER, folder)
    return mariadb.fresh_database(name)


@contextmanager
def served(target: str, port: int, database_url: str, **environment: str) -> Iterator[int]:
    """A WSGI application under the web server that Docket runs on; the number of its process."""
    folder = tempfile.mkdtemp(prefix="docket-bench-")
    settings = {
        "INSTANCE_PATH": folder,
        "DATABASE_URL": database_url,
        "BASE_URL": f"http://127.0.0.1:{port}",
        "SECRET_KEY": SECRET,
        "DEMO": "0",
        "RATE_LIMITS": "0",
        **environment,
    }
    program = str(Path(sys.executable).with_name("granian"))
    command = [program, *GRANIAN, "--port", str(port), target]
    log = Path(folder, "log")
    with log.open("wb") as output:
        server = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **settings},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        wait_until_open(server, port, log)
        yield server.pid
    finally:
        server.terminate()
        with suppress(subprocess.TimeoutExpired):
            server.wait(timeout=10)
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()
        if errors := [line for line in log.read_text().splitlines() if "Traceback" in line]:
            print(f"  ({len(errors)} tracebacks in {log})")
        else:
            shutil.rmtree(folder)


def memory_of_workers(server: int) -> list[float]:
    """MiB that each worker process of a web server holds."""
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    sizes = []
    for child in children:
        status = Path(f"/proc/{child}/status").read_text()
        size = next((line for line in status.splitlines() if line.startswith("VmRSS")), None)
        if size is not None:
            sizes.append(int(size.split()[1]) / 1024)
    return sorted(sizes)[-WORKERS:]


def free_port() -> int:
    """A port for a web server: the first free one from `BENCH_PORT` on."""
    first = int(os.environ.get("BENCH_PORT", "8180"))
    for port in range(first, first + 20):
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise SystemExit(f"No port is free from {first} on.")


def wait_until_open(server: subprocess.Popen[bytes], port: int, log: Path | None = None) -> None:
    """Wait until a server answers at a port of this machine."""
    patience = time.monotonic() + PATIENCE
    while server.poll() is None and time.monotonic() < patience:
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"The server did not start:\n{log.read_text() if log else ''}")
