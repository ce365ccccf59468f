"""Markdown: what it may say, and what it can never do."""

from __future__ import annotations

import re
import time

import pytest

from app.clinic import markdown


def html(text: str) -> str:
    return markdown.render(text).markup


def test_headings_lists_quotes_and_emphasis_are_shown() -> None:
    assert html("# Us\n\n### Team\n\n- a\n- b\n\n3. c\n\n> **d** *e*") == (
        "<h2>Us</h2>\n<h3>Team</h3>\n<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n"
        '<ol start="3">\n<li>c</li>\n</ol>\n<blockquote>\n<p><strong>d</strong> <em>e</em></p>\n'
        "</blockquote>"
    )


@pytest.mark.parametrize(
    "address",
    ["https://example.org/x", "http://example.org", "mailto:a@b.example", "tel:+49301234",
     "/contact/", "#team", "?page=2"],
)  # fmt: skip
def test_links_lead_to_the_web_to_people_and_into_this_site(address: str) -> None:
    assert f'<a href="{address}" rel="noopener noreferrer">x</a>' in html(f"[x]({address})")


@pytest.mark.parametrize(
    "text",
    [
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](&#x6a;avascript:alert(1))",
        "[x](<\tjavascript:alert(1)>)",
        "[x]( \x01javascript:alert(1))",
        "[x](data:text/html,<script>1</script>)",
        "[x](vbscript:x)",
        "[x](file:///etc/passwd)",
        "[x](ftp://example.org)",
        "[x](//evil.example)",
        "[x](\\\\\\\\evil.example)",
        "<javascript:alert(1)>",
        "[x][y]\n\n[y]: javascript:alert(1)",
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<a href='javascript:1' onclick=1>x</a>",
        "<style>*{display:none}</style>",
        "<iframe src=//evil.example></iframe>",
        '[x](/a "onclick=alert(1)")',
        "![x](https://evil.example/pixel.png)",
        "<svg/onload=alert(1)>",
        "`<script>`",
        "```html\n<script>alert(1)</script>\n```",
        "<!-- --><b>x</b>",
    ],
)
def test_nothing_harmful_gets_through(text: str) -> None:
    found = html(text)
    tags = re.findall(r"<(\w+)([^>]*)>", found)
    assert {tag for tag, _ in tags} <= markdown.TAGS
    for tag, attributes in tags:
        assert not attributes or tag == "a"
        for address in re.findall(r'href="([^"]*)"', attributes):
            assert re.match(r"(https?:|mailto:|tel:|/(?!/)|#|\?|%5C)", address), address


def test_pictures_are_noticed_wherever_they_stand() -> None:
    assert markdown.has_pictures("- > ![x](/a.png)")
    assert not markdown.has_pictures("`![x](/a.png)` and a [link](/a/) !")


@pytest.mark.parametrize(
    "part", ["[", "![", "*a ", "_a", "](", "[a](", "> ", "`a", "- ", "<", "\\"]
)
def test_no_text_takes_long(part: str) -> None:
    text = (part * 15_000)[:15_000]
    began = time.perf_counter()
    html(text)
    assert time.perf_counter() - began < 5
