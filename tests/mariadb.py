"""A private MariaDB server for the length of one test run.

The first test that needs it starts it, all workers of the run share it, and a keeper takes it
down when the run has ended, however it ended. Nothing of it outlives its temporary folder.
"""

from __future__ import annotations

import fcntl
import getpass
import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import closing
from pathlib import Path

import pymysql
import pytest

FOLDER = "DOCKET_TEST_MARIADB"
PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
FAST = [
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=0",
    "--innodb-buffer-pool-size=128M",
    "--innodb-log-file-size=64M",
    "--skip-log-bin",
    "--performance-schema=OFF",
]
# $1 is the test run's process, $2 the server's folder, the rest the server's command.
KEEPER = """
run=$1 folder=$2; shift 2
{
  "$@" & server=$!
  while kill -0 $run && kill -0 $server; do sleep 0.5; done
  kill -9 $server; wait $server; rm -rf "$folder"
} >"$folder/log" 2>&1 &
"""


def announce_folder(config: pytest.Config) -> None:
    """Name the folder of this run's server, in the process that starts the workers."""
    if not hasattr(config, "workerinput"):
        os.environ[FOLDER] = f"{tempfile.gettempdir()}/docket-mariadb-{os.getpid()}"


def is_installed() -> bool:
    return all(shutil.which(name, path=PATH) for name in ("mariadbd", "mariadb-install-db"))


def fresh_database(name: str) -> str:
    """The address of an empty database called `name` on the shared server."""
    folder = Path(os.environ[FOLDER])
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "port").exists():
            _start(folder)
    port = int((folder / "port").read_text())
    with pymysql.connect(host="127.0.0.1", port=port, user="docket") as connection:
        connection.cursor().execute(f"DROP DATABASE IF EXISTS {name}")
        connection.cursor().execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    return f"mysql+pymysql://docket@127.0.0.1:{port}/{name}"


def _start(folder: Path) -> None:
    port, user = _free_port(), f"--user={getpass.getuser()}"
    data, socket_path = f"--datadir={folder}/data", folder / "socket"
    subprocess.run(
        [
            _program("mariadb-install-db"),
            *("--no-defaults", data, user, "--skip-test-db"),
            "--auth-root-authentication-method=normal",
        ],
        check=True,
        capture_output=True,
    )
    server = [_program("mariadbd"), "--no-defaults", data, user, *FAST]
    server += [f"--socket={socket_path}", f"--pid-file={folder}/pid", f"--port={port}"]
    server += ["--bind-address=127.0.0.1", "--skip-name-resolve", "--max-connections=400"]
    server += ["--character-set-server=utf8mb4"]
    run = folder.name.rpartition("-")[2]
    keeper = ["/bin/sh", "-c", KEEPER, "keeper", run, str(folder), *server]
    subprocess.run(keeper, check=True, start_new_session=True)
    _wait_until_open(socket_path, seconds=30)
    with pymysql.connect(unix_socket=str(socket_path), user="root") as connection:
        connection.cursor().execute("CREATE USER docket@'127.0.0.1'")
        connection.cursor().execute("GRANT ALL ON *.* TO docket@'127.0.0.1'")
    (folder / "port").write_text(str(port))


def _wait_until_open(path: Path, seconds: int) -> None:
    patience = time.monotonic() + seconds
    with closing(socket.socket(socket.AF_UNIX)) as probe:
        while probe.connect_ex(str(path)) != 0:
            if time.monotonic() > patience:
                raise RuntimeError("MariaDB did not start:\n" + (path.parent / "log").read_text())
            time.sleep(0.05)


def _program(name: str) -> str:
    return shutil.which(name, path=PATH) or name


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
