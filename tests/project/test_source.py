"""Rules about the source itself."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import ROOT

APP = ROOT / "app"
TEMPLATES = sorted((APP / "templates").rglob("*.html"))
MODULES = sorted(APP.rglob("*.py"))
SCRIPTS = sorted((APP / "static" / "js").rglob("*.js"))

FORBIDDEN_IN_TEMPLATES = [
    r"\|\s*safe\b",
    r"autoescape\s+false",
    r"hx-on",
    r"hx-vals=['\"]js:",
    r"\bjs:",
    r"\bjavascript:",
    r"<style",
    r"\sstyle=",
    r"\son[a-z]+=",
    r"https?://(?!www\.w3\.org/)",
]
FORBIDDEN_IN_SCRIPTS = [r"innerHTML", r"outerHTML\s*=", r"insertAdjacentHTML", r"document\.write"]
FORBIDDEN_IN_SCRIPTS += [r"\beval\(", r"new Function"]
EVERYWHERE = {"layouts/_header.html"}  # a part that every page has once


def name(path: Path) -> str:
    return path.relative_to(APP).as_posix()


@pytest.mark.parametrize("template", TEMPLATES, ids=name)
def test_templates_escape_everything_and_hold_no_scripts(template: Path) -> None:
    if "mail" not in template.parts:  # letters are styled inside, as letters must be
        text = template.read_text()
        found = [rule for rule in FORBIDDEN_IN_TEMPLATES if re.search(rule, text, re.IGNORECASE)]
        assert found == []


@pytest.mark.parametrize("script", SCRIPTS, ids=name)
def test_scripts_write_no_markup(script: Path) -> None:
    text = script.read_text()
    assert [rule for rule in FORBIDDEN_IN_SCRIPTS if re.search(rule, text)] == []


def without_macros(template: Path) -> str:
    text = re.sub(r"\{%-? macro .*?endmacro -?%\}", "", template.read_text(), flags=re.DOTALL)
    return re.sub(r"\{#.*?#\}", "", text, flags=re.DOTALL)


FRAGMENTS = [
    path
    for path in TEMPLATES
    if path.name.startswith("_")
    and path.relative_to(APP / "templates").as_posix() not in EVERYWHERE
    and re.search(r"<\w+", without_macros(path))  # what holds macros only is none
]


@pytest.mark.parametrize("template", FRAGMENTS, ids=name)
def test_a_fragment_is_one_element_named_like_its_file(template: Path) -> None:
    text = without_macros(template)
    first = re.search(r"<(\w+)[^>]*?\sid=\"([^\"]*)\"", text)
    opening = re.search(r"<\w+", text)
    assert first is not None, "its first element has no id"
    assert opening is not None
    assert first.start() == opening.start(), "its first element has no id"
    own_name = template.stem.removeprefix("_").replace("_", "-")
    is_row = first[2].startswith(f"{own_name}-{{{{")  # rows of a list add whose they are
    assert first[2] == own_name or is_row
    assert template.read_text().startswith("{# "), "its first line says what it needs"


def calls(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_only_the_clock_asks_for_the_time(module: Path) -> None:
    asked = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time"}
    found = asked & set(calls(module))
    assert not found or name(module) == "clock.py"


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_nothing_marks_text_as_safe(module: Path) -> None:
    assert not {call for call in calls(module) if call.split(".")[-1] in {"Markup", "eval", "exec"}}


def test_only_what_cleans_markup_says_that_it_is_safe() -> None:
    assert {name(m) for m in MODULES if "__html__" in m.read_text()} == {"clinic/markdown.py"}


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_only_moves_assigns_a_status(module: Path) -> None:
    if name(module) == "scheduling/moves.py":
        return
    for node in ast.walk(ast.parse(module.read_text())):
        targets = node.targets if isinstance(node, ast.Assign) else []
        for target in targets:
            is_status = isinstance(target, ast.Attribute) and target.attr == "status"
            assert not is_status, f"line {node.lineno} assigns a status"  # type: ignore[attr-defined]
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".values"):
            assert "status" not in {keyword.arg for keyword in node.keywords}, ast.unparse(node)


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_only_claims_writes_claims(module: Path) -> None:
    if name(module) == "scheduling/claims.py":
        return
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Call):
            call = ast.unparse(node)
            assert not re.match(r"(insert|delete|update)\(Claim\b", call), call
            assert not re.match(r"Claim\(", call), call


def test_only_one_file_speaks_htmx() -> None:
    speakers = {name(module) for module in MODULES if re.search(r"[\"']HX-", module.read_text())}
    assert speakers == {"htmx.py"}
