"""A clinic's own colour: whether white text can be read on it, and what of it can be read on dark
paper. Pure; by the contrast of WCAG 2."""

from __future__ import annotations

import re

ENOUGH = 4.5
DARK_PAPER = "#1e1a20"
HEX = re.compile(r"#[0-9a-f]{6}", re.ASCII)


def is_colour(text: str) -> bool:
    """Whether this is a colour as it is kept: `#76295c`."""
    return HEX.fullmatch(text) is not None


def contrast(one: str, other: str) -> float:
    """From 1, the same, to 21, black and white."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def bears_white(colour: str) -> bool:
    """Whether white words can be read on it."""
    return contrast(colour, "#ffffff") >= ENOUGH


def on_dark(colour: str) -> str:
    """The colour with as much white as it needs to be read on dark paper."""
    parts = _parts(colour)
    for white in range(21):
        tint = "#" + "".join(f"{part + (255 - part) * white // 20:02x}" for part in parts)
        if contrast(tint, DARK_PAPER) >= ENOUGH:
            return tint
    return "#ffffff"


def _parts(colour: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(colour[1:])
    return red, green, blue


def _luminance(colour: str) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (number / 255 for number in _parts(colour))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
