import pytest

from app.accounts import addresses
from app.accounts.addresses import NotAnAddress


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("jane@example.org", "jane@example.org"),
        ("  Jane@Example.ORG ", "jane@example.org"),
        ("JANE+news@example.org", "jane+news@example.org"),
        ("ｊａｎｅ@example.org", "jane@example.org"),
        ("jane@bücher.example.com", "jane@xn--bcher-kva.example.com"),
        ("jane@BÜCHER.example.com", "jane@xn--bcher-kva.example.com"),
        ("jane@xn--bcher-kva.example.com", "jane@xn--bcher-kva.example.com"),
    ],
)
def test_each_address_is_written_in_one_way(typed: str, kept: str) -> None:
    assert addresses.normalised(typed) == kept
    assert addresses.normalised(kept) == kept
    assert addresses.as_typed(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "jane",
        "jane@",
        "@example.org",
        "jane@example",
        "jane@@example.org",
        "jane@exa mple.org",
        "jane@example.org\r\nBcc: b@example.org",
        "jane\u2028@example.org",
        "jane@example.org, b@example.org",
        "Jane <jane@example.org>",
        "jäne@example.org",
        "j" * 65 + "@example.org",
        "jane@" + "e" * 250 + ".org",
        "jane@[127.0.0.1]",
        "jane\x00@example.org",
    ],
)
def test_what_no_mail_server_can_be_given_is_refused(typed: str) -> None:
    with pytest.raises(NotAnAddress):
        addresses.normalised(typed)


def test_what_is_no_address_can_still_be_looked_for() -> None:
    assert addresses.as_typed("  Not An Address ") == "not an address"
    assert len(addresses.as_typed("no address " * 50)) == addresses.LONGEST
