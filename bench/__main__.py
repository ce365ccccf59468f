"""`python -m bench [part ...]`: all parts (speed, growth, lists, mail, rush), or the named ones."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from bench import parts
from bench.parts import Line

MARKS = {True: "met", False: "MISSED", None: ""}


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    options.add_argument(
        "parts", nargs="*", metavar="part", help="speed, growth, lists, mail, rush"
    )
    options.add_argument("--seconds", type=int, default=3, help="length of each load (3)")
    options.add_argument(
        "--appointments", type=int, default=parts.LARGE.appointments, help="in the large clinic"
    )
    given = options.parse_args()
    large = replace(parts.LARGE, appointments=given.appointments)
    known: dict[str, Callable[[], Iterator[Line]]] = {
        "speed": lambda: parts.speed(given.seconds),
        "growth": lambda: parts.growth(large),
        "lists": parts.lists,
        "mail": parts.mail,
        "rush": parts.rush,
    }
    missed = 0
    for name in given.parts or known:
        if name not in known:
            options.error(f"there is no part {name}")
        begun = time.monotonic()
        print(f"\n{name}")
        for line in known[name]():
            print(f"  {line.what:<44} {line.figure:<30} {line.aim:<18} {MARKS[line.is_met]}")
            missed += line.is_met is False
        print(f"  ({time.monotonic() - begun:.0f} s)")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
