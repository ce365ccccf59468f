"""What a browser calls itself, as a person would say it."""

from __future__ import annotations

# The first that is found wins: most browsers also name those that they imitate.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("CrOS", "Chromebook"),
    ("Linux", "Linux"),
)


def in_words(user_agent: str) -> str:
    """`Firefox on Windows`; an honest shrug when the browser does not say."""
    browser = _first(BROWSERS, user_agent)
    system = _first(SYSTEMS, user_agent)
    if browser and system:
        article = (
            "an " if system.startswith("i") else "a " if system in {"Mac", "Chromebook"} else ""
        )
        return f"{browser} on {article}{system}"
    return browser or system or "A browser that does not say its name"


def _first(known: tuple[tuple[str, str], ...], user_agent: str) -> str | None:
    return next((word for mark, word in known if mark in user_agent), None)
