import pytest

from app.accounts import names


@pytest.mark.parametrize(
    "name",
    [
        "Jane",
        "Anne-Marie O’Neill",
        "Łukasz Żółć",
        "李小龍",
        "فاطمه‌زهرا",  # a zero-width non-joiner belongs in it
        "<script>alert(1)</script>",
        "{{7*7}} Jane",
        "Jane 🎉",
        "n" * 120,
    ],
)
def test_people_are_called_what_they_are_called(name: str) -> None:
    assert names.complaint_about_name(names.tidy(name)) is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        "   ",
        "123",
        "Jane\r\nBcc: b@example.org",
        "Jane\nDoe",
        "Jane\u2028Doe",
        "Jane\u2029Doe",
        "Jane\tDoe",
        "Jane\x1b[31m",
        "Jane\x85Doe",
        "Jane\u202eeoD",
        "Jane\u2066Doe",
        "n" * 121,
    ],
)
def test_what_breaks_a_line_or_a_page_is_no_name(name: str) -> None:
    assert names.complaint_about_name(names.tidy(name))


def test_spaces_and_letters_are_tidied() -> None:
    assert names.tidy("  Jane   Doe ") == "Jane Doe"
    assert names.tidy("Jose\u0301") == "José"


@pytest.mark.parametrize("phone", ["+49 30 901820", "(030) 90-18/20", "0123456789", "12345"])
def test_telephone_numbers_are_taken_as_people_write_them(phone: str) -> None:
    assert names.complaint_about_phone(phone) is None


@pytest.mark.parametrize(
    "phone",
    ["1234", "call me", "+49 30 901820\r\nX: y", "٠١٢٣٤٥٦", "1" * 41, "() () ()", "1+2345678"],
)
def test_what_cannot_be_dialled_is_no_telephone_number(phone: str) -> None:
    assert names.complaint_about_phone(phone)
