"""Lay a .gz and a .br beside every static file that has changed since the last time."""

from __future__ import annotations

from pathlib import Path

from whitenoise.compress import Compressor

STATIC = Path(__file__).resolve().parent.parent / "app" / "static"
COPIES = (".gz", ".br")


def precompress(folder: Path = STATIC) -> None:
    """Bring the compressed copies in `folder` up to date.

    A stale copy would be served in place of the file, so it goes even where the new content is
    not worth compressing.
    """
    compressor = Compressor(quiet=True)
    for path in folder.rglob("*"):
        if path.is_file() and compressor.should_compress(path.name) and not _is_fresh(path):
            for copy in _copies(path):
                copy.unlink(missing_ok=True)
            compressor.compress(str(path))


def _is_fresh(path: Path) -> bool:
    """Whether a copy carries the file's own time of change, as the compressor leaves it."""
    changed_at = path.stat().st_mtime
    return any(
        copy.exists() and abs(copy.stat().st_mtime - changed_at) < 0.001 for copy in _copies(path)
    )


def _copies(path: Path) -> list[Path]:
    return [path.with_name(path.name + ending) for ending in COPIES]


if __name__ == "__main__":
    precompress()
