"""Data 4, special data types: IRIs, language tags, UUIDs, timestamps, durations. And versions."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xapi_samples import COURSE, V1, V2, both_versions, refused, statement, taken

from lrs.errors import BadInput
from lrs.xapi.digests import digest16
from lrs.xapi.iris import is_iri
from lrs.xapi.languages import is_language_tag
from lrs.xapi.terms import SpecVersion
from lrs.xapi.times import instant, instant_of, seconds_of
from lrs.xapi.uuids import uuid_of
from lrs.xapi.versions import ANSWER, asked_version, stated_version


@pytest.mark.parametrize(
    "iri",
    [
        "http://example.org",
        "https://example.org/فعل/خواندن",
        "https://example.org/mod/quiz/view.php?id=1&attempt[0]=2#a",
        "https://example.org/100%25",
        "tag:example.org,2026:x",
        "urn:uuid:8f87ccde-bb56-4c2e-ab83-44982ef22df0",
        "mailto:ann@example.org",
        "act:x",
    ],
)
def test_data_4_3_an_iri_has_a_scheme(iri: str) -> None:
    assert is_iri(iri)
    assert taken(statement(object={"id": iri})).activity == iri


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.org",
        "/courses/1",
        "//example.org/1",
        "#a",
        "http:",
        ":x",
        "1http://example.org",
        "ht tp://example.org",
        "ab=c://example.org",
        "http://example.org/a b",
        "http://example.org/a\nb",
        "http://example.org/\0",
        "http://example.org/<x>",
        "http://example.org/{id}",
        "http://example.org/100%",
        "http://example.org/%zz",
        "http://example.org\\x",
        "http://example.org/\ud800",
        " http://example.org",
        "http://example.org ",
    ],
)
def test_data_4_3_what_is_no_iri_is_refused(text: str) -> None:
    assert not is_iri(text)


def test_a_long_iri_is_looked_at_like_a_short_one() -> None:
    assert is_iri("http://example.org/" + "a" * 100_000)
    assert not is_iri("http://example.org/" + "a" * 100_000 + " ")


@pytest.mark.parametrize(
    "tag",
    [
        "sv",
        "en-GB",
        "zh-Hant",
        "sr-Latn-RS",
        "cmn",
        "es-419",
        "de-CH-1996",
        "sl-rozaj-biske",
        "en-US-u-islamcal",
        "x-verkan",
        "i-klingon",
        "zh-cmn-Hans-CN",
        "de-1901",
        "und",
        "EN-us",
        "ja-x-lvariant",
    ],
)
def test_data_4_2_a_language_tag_of_rfc_5646(tag: str) -> None:
    assert is_language_tag(tag)
    assert taken(statement(context={"language": tag}))


@pytest.mark.parametrize(
    "tag",
    [
        "",
        "e",
        "en_GB",
        "en-",
        "-en",
        "a12345678",
        "abcdefghi",
        "en-GB-",
        "en GB",
        "x",
        "en-x",
        "i-x",
        "en-abcdefghi",
        "Ka",
        "sv\n",
        "en-" + "a-" * 60,
    ],
)
def test_data_4_2_what_is_no_language_tag_is_refused(tag: str) -> None:
    assert not is_language_tag(tag)
    assert refused(statement(context={"language": tag})) == "$.context.language"


@both_versions
def test_data_4_4_a_uuid_in_its_standard_form(version: SpecVersion) -> None:
    for text in ("12345678-1234-5678-1234-567812345678", "AA97B177-9383-4934-8543-0F91A7A02836"):
        assert str(taken(statement(id=text), version).id) == text.lower()
    for text in (
        "",
        "12345678123456781234567812345678",
        "{12345678-1234-5678-1234-567812345678}",
        "urn:uuid:12345678-1234-5678-1234-567812345678",
        "12345678-1234-5678-1234-5678123456789",
        "M2345678-1234-5678-1234-567812345678",
        "12345678-1234-5678-1234-56781234567\u0668",
    ):
        assert refused(statement(id=text), version) == "$.id"
        assert uuid_of(text) is None


NOON = 1_435_665_600_000_000  # 2015-06-30T12:00:00Z


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("2015-06-30T12:00:00Z", NOON),
        ("2015-06-30T12:00:00.000Z", NOON),
        ("2015-06-30T14:00:00+02:00", NOON),
        ("2015-06-30T06:30:00-05:30", NOON),
        ("2015-06-30T12:00:00.1239999Z", NOON + 123_999),
        ("1969-12-31T23:59:59Z", -1_000_000),
        ("1969-12-31T23:59:60Z", 0),
        ("2015-06-30t12:00:00z", NOON),
        ("0001-01-01T00:00:00Z", -62_135_596_800_000_000),
        ("2015-06-30T23:59:60Z", NOON + 43_200_000_000),
        ("2015-07-01T01:59:60.5+02:00", NOON + 43_200_500_000),
    ],
)
@both_versions
def test_data_4_5_a_timestamp_names_an_instant(text: str, us: int, version: SpecVersion) -> None:
    assert instant_of(text, version) == us
    assert taken(statement(timestamp=text), version).timestamp_at == us


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("2015-06-30T12:00:00", NOON),
        ("2015-06-30T12:00", NOON),
        ("2015-06-30T12", NOON),
        ("20150630T120000Z", NOON),
        ("20150630T1200", NOON),
        ("2015-06-30T12:00:00,5Z", NOON + 500_000),
        ("2015-06-30T14:00:00+02", NOON),
        ("2015-06-30T14:00:00+0200", NOON),
        ("2015-06-29T24:00:00Z", NOON - 43_200_000_000),
        ("2015-06-29T24:00", NOON - 43_200_000_000),
    ],
)
def test_data_4_5_version_1_takes_iso_8601_and_version_2_takes_rfc_3339(text: str, us: int) -> None:
    assert instant_of(text, V1) == us
    assert instant_of(text, V2) is None
    assert refused(statement(timestamp=text), V2) == "$.timestamp"


@both_versions
@pytest.mark.parametrize(
    "text",
    [
        "",
        "2015-06-30",
        "12:00:00Z",
        "30/06/2015 12:00",
        "2015-06-31T12:00:00Z",
        "2015-13-01T12:00:00Z",
        "2015-06-30T25:00:00Z",
        "2015-06-30T24:00:01Z",
        "2015-06-30T12:60:00Z",
        "2015-06-30T12:00:60Z",
        "2015-06-30T12:00:61Z",
        "2015-06-30T12:00:00-00:00",
        "2015-06-30T12:00:00.601-00",
        "2015-06-30T12:00:00-0000",
        "2015-06-30T12:00:00+25:00",
        "2015-06-30T12:00:00 Z",
        "2015-06-30T12:00:00Zulu",
        "20150630T12:00:00Z",
        "2015-0630T120000Z",
        "2015-W27-2T12:00:00Z",
        "+2015-06-30T12:00:00Z",
        "\u0662015-06-30T12:00:00Z",
        "2015-06-30T12:00:00Z\n",
    ],
)
def test_data_4_5_what_is_no_timestamp_is_refused(text: str, version: SpecVersion) -> None:
    assert instant_of(text, version) is None
    assert refused(statement(timestamp=text), version) == "$.timestamp"
    assert refused(statement(stored=text), version) == "$.stored"


@both_versions
def test_data_2_4_7_a_timestamp_in_the_future_is_taken(version: SpecVersion) -> None:
    assert taken(statement(timestamp="2999-01-01T00:00:00Z"), version)


@given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)))
def test_an_instant_comes_back_from_what_is_written_of_it(moment: datetime) -> None:
    us = instant_of(moment.replace(tzinfo=UTC).isoformat())
    assert us is not None
    assert instant_of(instant(us), V2) == us
    assert len(instant(us)) == len("2026-01-01T00:00:00.000000Z")


def test_an_instant_is_written_with_six_digits() -> None:
    assert instant(0) == "1970-01-01T00:00:00.000000Z"
    assert instant(1_767_225_600_000_001) == "2026-01-01T00:00:00.000001Z"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT4H35M59.14S", 16_559.14),
        ("PT16559.14S", 16_559.14),
        ("P1DT12H36M0.12567S", 131_760.12567),
        ("P4W", 2_419_200),
        ("P3Y", 3 * 365.2425 * 86_400),
        ("P1M", 365.2425 / 12 * 86_400),
        ("P3Y1M29DT4H35M59.14S", 3 * 31_556_952 + 2_629_746 + 29 * 86_400 + 16_559.14),
        ("PT0S", 0),
        ("PT0,5H", 1_800),
        ("P0.5D", 43_200),
    ],
)
def test_data_4_6_a_duration_has_a_length(text: str, seconds: float) -> None:
    assert seconds_of(text) == pytest.approx(seconds)
    assert taken(statement(result={"duration": text})).result.duration_s == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P",
        "PT",
        "P1",
        "P4W1D",
        "PA1H0M0S",
        "1H",
        "PT1H30",
        "P1S",
        "PT1D",
        "pt1h",
        "PT1.5H30M",
        "-PT1H",
        "PT-1H",
        "P0003-06-04T12:30:05",
        "PT1M1H",
        "P1DT",
        "PT1H\n",
        "PT.5S",
        "PT١H",
    ],
)
def test_data_4_6_what_is_no_duration_is_refused(text: str) -> None:
    assert seconds_of(text) is None
    assert refused(statement(result={"duration": text})) == "$.result.duration"


def test_a_duration_longer_than_any_number_is_kept_but_not_counted() -> None:
    assert taken(statement(result={"duration": f"P{'9' * 400}Y"})).result.duration_s is None


# -- versions --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "version"),
    [
        ("1.0", V1),
        ("1.0.0", V1),
        ("1.0.1", V1),
        ("1.0.3", V1),
        ("1.0.9", V1),
        ("2.0", V2),
        ("2.0.0", V2),
        (" 2.0.0 ", V2),
    ],
)
def test_communication_3_3_the_version_asked_for(header: str, version: SpecVersion) -> None:
    assert asked_version(header) is version


@pytest.mark.parametrize(
    "header",
    [None, "", "1", "0.95", "0.9", "1.1.0", "1.0.", "1.0.x", "2.1.0", "3.0.0", "1.0.3, 2.0.0"],
)
def test_communication_3_3_other_versions_are_refused(header: str | None) -> None:
    with pytest.raises(BadInput) as caught:
        asked_version(header)
    assert caught.value.where == "X-Experience-API-Version"
    assert caught.value.status == 400


def test_communication_3_3_the_answer_is_the_latest_patch_version() -> None:
    assert ANSWER == {V1: "1.0.3", V2: "2.0.0"}


@pytest.mark.parametrize(
    ("stated", "taken_by"),
    [
        ("1.0", {V1, V2}),
        ("1.0.0", {V1, V2}),
        ("1.0.9", {V1, V2}),
        ("2.0.0", {V2}),
        ("0.9.9", set()),
        ("1.1.0", set()),
        ("2.1.0", set()),
        ("one", set()),
        ("", set()),
    ],
)
@both_versions
def test_data_2_4_10_the_version_of_a_statement(
    stated: str, taken_by: set[SpecVersion], version: SpecVersion
) -> None:
    body = statement(version=stated)
    if version in taken_by:
        assert taken(body, version).version is version
    else:
        assert refused(body, version) == "$.version"


def test_a_statement_nobody_asked_a_version_for_is_held_to_its_own() -> None:
    assert stated_version(statement(version="2.0.0")) is V2
    assert stated_version(statement(version="1.0.3")) is V1
    assert stated_version(statement()) is V1
    assert stated_version(statement(version=2)) is V1


def test_a_digest_is_sixteen_bytes_of_sha_256() -> None:
    assert digest16("abc").hex() == "ba7816bf8f01cfea414140de5dae2223"
    assert digest16("å") == digest16("å".encode())
    assert digest16(COURSE["id"]) != digest16(COURSE["id"] + "/")
