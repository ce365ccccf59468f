"""Pictures: told by their content, made square, without what was hidden in them; or refused."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from app.directory import portraits
from app.directory.portraits import BrokenPicture, NotAPicture, TooManyPixels

GPS = 34853
ORIENTATION = 274


def picture(kind: str = "JPEG", size: tuple[int, int] = (640, 800), **options: object) -> bytes:
    """Red above and blue below."""
    image = Image.new("RGB", size, "red")
    image.paste("blue", (0, size[1] // 2, *size))
    content = BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def kept_bytes(folder: Path, content: bytes) -> bytes:
    return (folder / portraits.store(folder, BytesIO(content))).read_bytes()


def stored(folder: Path, content: bytes) -> Image.Image:
    return Image.open(BytesIO(kept_bytes(folder, content)))


def colour(image: Image.Image, x: int, y: int) -> tuple[int, ...]:
    found = image.getpixel((x, y))
    assert isinstance(found, tuple)
    return found


def a_png_of(width: int, height: int) -> bytes:
    """A few bytes that claim to be a picture of that size, and could be."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        checked = kind + body
        return struct.pack(">I", len(body)) + checked + struct.pack(">I", zlib.crc32(checked))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * ((width // 8 + 1) * min(height, 1000)), 9)
    signature = b"\x89PNG\r\n\x1a\n"
    return signature + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("size", [(640, 800), (1000, 300), (20, 20), (1, 3000)])
def test_a_picture_becomes_a_square_of_512(tmp_path, kind, size):
    kept = stored(tmp_path, picture(kind, size))
    assert (kept.format, kept.size, kept.mode) == ("WEBP", (512, 512), "RGB")


def test_the_name_is_made_from_the_content_alone(tmp_path):
    one = portraits.store(tmp_path, BytesIO(picture()))
    assert portraits.store(tmp_path, BytesIO(picture())) == one
    assert portraits.store(tmp_path, BytesIO(picture(size=(800, 800)))) != one
    assert portraits.NAME.fullmatch(one)
    assert len(one) <= 64
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        {one, portraits.store(tmp_path, BytesIO(picture(size=(800, 800))))}
    )


def test_where_it_was_taken_and_all_other_metadata_is_gone(tmp_path):
    exif = Image.Exif()
    exif[271] = "a camera"
    exif.get_ifd(GPS).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 17.0)})
    content = picture(exif=exif.tobytes(), comment=b"a secret remark")
    assert Image.open(BytesIO(content)).getexif().get_ifd(GPS)
    kept = stored(tmp_path, content)
    assert not kept.getexif()
    assert not {"exif", "xmp", "icc_profile", "comment"} & set(kept.info)
    raw = kept_bytes(tmp_path, content)
    assert b"a camera" not in raw
    assert b"secret" not in raw


def test_a_picture_that_lies_on_its_side_is_put_upright(tmp_path):
    exif = Image.Exif()
    exif[ORIENTATION] = 3  # upside down
    kept = stored(tmp_path, picture(size=(600, 600), exif=exif.tobytes()))
    red, _, blue = colour(kept, 256, 40)
    assert blue > 200
    assert red < 60


@pytest.mark.parametrize(
    "hidden", [b"<script>alert(1)</script>", b"PK\x03\x04 an archive", b"<?php system('id'); ?>"]
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_what_hides_behind_a_picture_is_gone(tmp_path, kind, hidden):
    assert hidden not in kept_bytes(tmp_path, picture(kind) + hidden)


def test_what_shines_through_shows_white(tmp_path):
    content = BytesIO()
    Image.new("RGBA", (300, 300), (0, 0, 0, 0)).save(content, "PNG")
    assert min(colour(stored(tmp_path, content.getvalue()), 256, 256)) > 250


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "I;16"])
def test_every_kind_of_colour_is_read(tmp_path, mode):
    content = BytesIO()
    Image.new(mode, (300, 200)).save(content, "JPEG" if mode == "CMYK" else "PNG")
    assert stored(tmp_path, content.getvalue()).mode == "RGB"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<!doctype html><title>x</title>",
        b"%PDF-1.7",
        b"\x00" * 5000,
        b"RIFF\x00\x00\x00\x00WAVE",
    ],
)
def test_what_is_no_picture_is_refused(tmp_path, content):
    with pytest.raises((NotAPicture, BrokenPicture)):
        portraits.store(tmp_path, BytesIO(content))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "PPM", "ICO"])
def test_pictures_of_other_types_are_refused(tmp_path, kind):
    with pytest.raises(NotAPicture):
        portraits.store(tmp_path, BytesIO(picture(kind, (64, 64))))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("kept", [0.02, 0.3, 0.7])
def test_half_a_picture_is_refused(tmp_path, kind, kept):
    noise = Image.effect_noise((300, 300), 90).convert("RGB")
    content = BytesIO()
    noise.save(content, kind)
    whole = content.getvalue()
    with pytest.raises((BrokenPicture, NotAPicture)):
        portraits.store(tmp_path, BytesIO(whole[: int(len(whole) * kept)]))


@pytest.mark.parametrize(
    "size",
    [
        *[(5001, 5000), (10_000, 9_000), (13_000, 12_000), (20_000, 20_000), (60_000, 60_000)],
        *[(1, 20_001), (20_001, 1), (1, 24_999_999)],  # each row of pixels costs memory of its own
    ],
)
def test_a_bomb_of_pixels_is_refused_before_it_is_unpacked(tmp_path, size):
    with pytest.raises(TooManyPixels):
        portraits.store(tmp_path, BytesIO(a_png_of(*size)))


def test_a_large_webp_is_refused_before_it_is_unpacked(tmp_path):
    head = b"VP8X" + struct.pack("<I", 10) + b"\0" * 4
    head += (16_000 - 1).to_bytes(3, "little") * 2
    small = picture("WEBP", (16, 16))[12:]
    body = b"WEBP" + head + small
    with pytest.raises((TooManyPixels, NotAPicture, BrokenPicture)):
        portraits.store(tmp_path, BytesIO(b"RIFF" + struct.pack("<I", len(body)) + body))


def test_the_largest_picture_that_is_taken(tmp_path):
    assert stored(tmp_path, picture("PNG", (5000, 5000))).size == (512, 512)


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../docket.sqlite3", "/etc/passwd", "a.webp", f"{'a' * 48}.WEBP",
     f"{'a' * 48}.webp\n", f"../{'a' * 48}.webp", f"{'a' * 48}.webp/../x", f"{'٣' * 48}.webp"],
)  # fmt: skip
def test_hostile_names_are_never_looked_for(tmp_path, name):
    (tmp_path / "a.webp").write_bytes(b"not ours")
    assert not portraits.is_kept(tmp_path, name)
    assert (tmp_path / "a.webp").exists()
