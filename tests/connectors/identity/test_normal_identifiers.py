"""Normal forms of mails, their hashes, and home pages."""

from __future__ import annotations

from hashlib import sha1

import pytest

from connectors.identity.normal import mail_normal, page_normal, sha1_forms


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("Ann.Berg@Example.ORG", "ann.berg@example.org"),
        (" ann@example.org ", "ann@example.org"),
        ("MAILTO:ann@example.org", "ann@example.org"),
        ("ann+lms@example.org", "ann+lms@example.org"),
        ("åsa@exempel.se", "åsa@exempel.se"),
    ],
)
def test_mail_is_compared_in_lower_case_with_its_tag(text: str, normal: str) -> None:
    assert mail_normal(text) == normal


@pytest.mark.parametrize(
    "text", ["", "ann", "@example.org", "ann@", "a b@c.se", "a@b@c.se", "a@b,c@d"]
)
def test_what_is_no_mail_has_no_normal_form(text: str) -> None:
    assert mail_normal(text) is None


def test_sha1_has_four_forms() -> None:
    assert set(sha1_forms("Ann@example.org")) == {
        sha1(text.encode(), usedforsecurity=False).hexdigest()
        for text in (
            "mailto:Ann@example.org",
            "Ann@example.org",
            "mailto:ann@example.org",
            "ann@example.org",
        )
    }


def test_sha1_is_that_of_the_specification_of_the_mailto_iri() -> None:
    # As `printf mailto:xapi@adlnet.gov | sha1sum` prints it.
    assert next(sha1_forms("xapi@adlnet.gov")) == "cd9b00a5611f94eaa7b1661edab976068e364975"


@pytest.mark.parametrize(
    ("page", "normal"),
    [
        ("https://LMS.example.org/", "https://lms.example.org"),
        ("HTTPS://lms.example.org/Moodle", "https://lms.example.org/Moodle"),
        ("urn:lms", "urn:lms"),
        ("https://[broken", "https://[broken"),
    ],
)
def test_home_page_is_one_in_its_spellings(page: str, normal: str) -> None:
    assert page_normal(page) == normal
