from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgschema.report.masking import mask


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql://ann:secret@host:5432/db", "postgresql://ann:***@host:5432/db"),
        ("postgresql+psycopg://ann:secret@host/db", "postgresql+psycopg://ann:***@host/db"),
        ("postgresql://ann:s@cr:t@host/db", "postgresql://ann:***@host/db"),
        ("postgresql://ann:a/b@host/db", "postgresql://ann:***@host/db"),
        ("postgresql://:secret@/db", "postgresql://:***@/db"),
        (
            "postgresql://host/db?user=ann&password=secret",
            "postgresql://host/db?user=ann&password=***",
        ),
        ("postgresql://host/db?sslpassword=secret&x=1", "postgresql://host/db?sslpassword=***&x=1"),
        ("host=h password=secret user=ann", "host=h password=*** user=ann"),
        ("host=h password='two words' user=ann", "host=h password=*** user=ann"),
        (r"password='it\'s' user=ann", "password=*** user=ann"),
        ("password = secret", "password = ***"),
        ("bad conninfo: \"password='never closed", 'bad conninfo: "password=***'),
    ],
)
def test_a_password_is_masked_wherever_a_conninfo_can_carry_it(text: str, expected: str) -> None:
    assert mask(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://ann@host:5432/db",
        "postgresql://host/db",
        'password authentication failed for user "ann"',
        "see https://example.no/a:b",
        "  + V001__create_tenancy_foundation .. ok (41 ms)",
    ],
)
def test_text_without_a_password_stays(text: str) -> None:
    assert mask(text) == text


def test_a_known_secret_is_masked_without_a_pattern_around_it() -> None:
    assert mask('role "tiger-tiger" does not exist', {"tiger-tiger"}) == 'role "***" does not exist'


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Z", "C"]), min_size=1))
def test_no_url_password_survives(password: str) -> None:
    marked = f"pw{password}pw"
    assert marked not in mask(f"could not connect: postgresql://ann:{marked}@host/db (refused)")
