"""Doctors' pictures: read with care, cut to a square, kept under the hash of what they show.

Nothing of an uploaded file survives but its pixels: not its name, its type, its metadata (which
may say where it was taken) or whatever is hidden behind the picture.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import secrets
import struct
from collections.abc import Container
from io import SEEK_END, BytesIO
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageOps, UnidentifiedImageError

from app.errors import ClinicError

FOLDER = "portraits"  # of the instance
EDGE = 512  # pixels
MOST_BYTES = 2 * 1024 * 1024
MOST_PIXELS = 25_000_000
LONGEST_EDGE = 20_000  # a picture of one column costs far more memory than its pixels
FORMATS = ("PNG", "JPEG", "WEBP")
NAME = re.compile(r"[0-9a-f]{48}\.webp", re.ASCII)
FACE = (0.5, 0.35)  # what a square keeps of a tall picture: rather the upper part
# What Pillow raises, by kind, when a file is broken or built to break its reader.
BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, struct.error)


class NotAPicture(ClinicError):
    status = 422
    sentence = "This file is not a picture that we can read. Choose a JPEG, PNG or WebP file."


class BrokenPicture(ClinicError):
    status = 422
    sentence = "This picture is damaged or not complete. Save it anew, or choose another one."


class TooManyBytes(ClinicError):
    status = 422
    sentence = "This picture is too big: at most 2 MB. Make it smaller, then try again."


class TooManyPixels(ClinicError):
    status = 422
    sentence = "This picture is too large: at most 25 megapixels. Make it smaller, then try again."


def store(folder: Path, file: BinaryIO) -> str:
    """Keep a picture in `folder` as a square of 512 pixels; the name of its file.

    The type is told by the content alone. Raises TooManyBytes, NotAPicture, TooManyPixels,
    BrokenPicture.
    """
    if file.seek(0, SEEK_END) > MOST_BYTES:
        raise TooManyBytes
    file.seek(0)
    content = _encoded(_square(_opened(file)))
    name = f"{hashlib.blake2b(content, digest_size=24).hexdigest()}.webp"
    folder.mkdir(parents=True, exist_ok=True)
    # Under another name until it is whole: a reader finds all of it, or nothing.
    unfinished = folder / f"{name}.{secrets.token_hex(8)}"
    unfinished.write_bytes(content)
    unfinished.replace(folder / name)
    return name


def is_kept(folder: Path, name: str) -> bool:
    """Whether a picture of that name is there. Names that are none are never looked for."""
    return NAME.fullmatch(name) is not None and (folder / name).is_file()


def sweep(folder: Path, in_use: Container[str], before: float) -> int:
    """Delete what is not in use and was stored before an instant (in seconds since the epoch), so
    that a form in the making keeps its picture; how many files."""
    gone = 0
    for path in folder.glob("*.webp*"):
        with contextlib.suppress(FileNotFoundError):  # another worker was faster
            if path.name not in in_use and path.stat().st_mtime < before:
                path.unlink()
                gone += 1
    return gone


def _opened(file: BinaryIO) -> Image.Image:
    """The picture, not decoded yet: its size is known before memory is given to it."""
    try:
        picture = Image.open(file, formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as bomb:
        raise TooManyPixels from bomb
    except UnidentifiedImageError as unknown:
        raise NotAPicture from unknown
    except BROKEN as fault:
        raise BrokenPicture from fault
    if picture.width * picture.height > MOST_PIXELS or max(picture.size) > LONGEST_EDGE:
        raise TooManyPixels
    return picture


def _square(picture: Image.Image) -> Image.Image:
    try:
        picture.draft("RGB", (2 * EDGE, 2 * EDGE))  # a large JPEG need not be read in full detail
        ImageOps.exif_transpose(picture, in_place=True)
        # Small first: every copy of the whole picture would cost a hundred megabytes.
        mode = "RGBA" if picture.has_transparency_data else "RGB"
        whole = picture if picture.mode == mode else picture.convert(mode)
        square = ImageOps.fit(whole, (EDGE, EDGE), Image.Resampling.LANCZOS, centering=FACE)
        if mode == "RGBA":
            white = Image.new("RGBA", square.size, "white")
            square = Image.alpha_composite(white, square)
        return square.convert("RGB")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as bomb:
        raise TooManyPixels from bomb
    except BROKEN as fault:
        raise BrokenPicture from fault


def _encoded(picture: Image.Image) -> bytes:
    bare = Image.new("RGB", picture.size)  # carries none of the metadata of what it was made from
    bare.paste(picture)
    content = BytesIO()
    bare.save(content, "WEBP", quality=82, method=4)
    return content.getvalue()
