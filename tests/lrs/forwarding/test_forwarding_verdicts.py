"""What an answer means, how long is waited, and where secrets may be."""

from __future__ import annotations

from pathlib import Path

import pytest

from lrs.errors import BadInput
from lrs.forwarding.secret_refs import check_laid_out, check_reference, laid_out, read_secret
from lrs.forwarding.verdicts import LONGEST_ASKED_S, Pace, Verdict, asked_wait_s, verdict_of
from lrs.settings import load


@pytest.mark.parametrize(
    ("verdict", "statuses"),
    [
        (Verdict.DONE, [200, 201, 202, 204]),
        (Verdict.REFUSED, [207, 400, 409, 413, 415, 422]),
        (Verdict.LATER, [301, 302, 308, 401, 403, 404, 408, 410, 425, 429, 502, 503, 504, 507]),
        (Verdict.DOUBTFUL, [406, 418, 431, 500, 501]),
    ],
)
def test_a_status_means(verdict: Verdict, statuses: list[int]) -> None:
    assert {verdict_of(status) for status in statuses} == {verdict}


@pytest.mark.parametrize(
    ("header", "wait_s"),
    [
        ("120", 120),
        ("Tue, 24 Nov 2026 12:02:00 GMT", 120),
        ("Tue, 24 Nov 2026 11:00:00 GMT", 0),
        ("99999999999999999999", LONGEST_ASKED_S),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_ASKED_S),
        ("soon", 0),
        ("-5", 0),
        ("", 0),
    ],
)
def test_retry_after_asks_for_a_wait(header: str, wait_s: float) -> None:
    noon = 1795521600.0  # 2026-11-24T12:00:00Z
    assert asked_wait_s({"Retry-After": header}, now=noon) == wait_s


def test_waits_double_up_to_the_longest_and_are_never_shorter_than_asked() -> None:
    pace = Pace(first_s=2, longest_s=60)
    for tries, most in ((1, 2), (2, 4), (3, 8), (6, 60), (1000, 60)):
        assert all(most / 2 <= pace.wait_s(tries) <= most for _ in range(50))
    assert pace.wait_s(1, asked_s=300) == 300
    assert len({pace.wait_s(5) for _ in range(20)}) > 1


@pytest.mark.parametrize("text", ["hunter2", "env:", "env:A B", "file:relative", "vault:x", ""])
def test_a_secret_itself_is_refused(text: str) -> None:
    with pytest.raises(BadInput) as told:
        check_reference(text)
    assert text not in str(told.value.message) or not text


def test_secrets_are_read_where_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("in a file\n")
    monkeypatch.setenv("TARGET", "in a variable")
    assert read_secret(check_reference(f"file:{tmp_path}/secret")) == "in a file"
    assert read_secret("env:TARGET") == "in a variable"
    for nowhere in ("env:NOT_THERE", f"file:{tmp_path}/none", f"file:{tmp_path}"):
        with pytest.raises(BadInput):
            read_secret(nowhere)


def test_without_a_shell_only_what_is_laid_out_for_the_tenant_is_named(tmp_path: Path) -> None:
    settings = load({"home": str(tmp_path)}, {})
    variable, folder = laid_out(settings, 2)
    for good in (f"{variable}LRS", f"{folder}lrs"):
        assert check_laid_out(good, settings, 2) == good
    for bad in (
        "env:VERKAN_SECRET",
        "env:VERKAN_TARGET_1_LRS",
        "file:/etc/passwd",
        f"{folder}../1/lrs",
        f"{folder}../../secret",
        f"{laid_out(settings, 1)[1]}lrs",
    ):
        with pytest.raises(BadInput, match="command line"):
            check_laid_out(bad, settings, 2)
