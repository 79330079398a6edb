"""What the log says, and what it never says (`lrs.log`)."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
import structlog

from lrs import log
from lrs.settings import Settings

Lines = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def configured(make_settings: Callable[..., Settings]) -> Iterator[Callable[..., None]]:
    """Return ``f(**settings)``: set up logging so, until the test ends."""
    root = logging.getLogger()
    former = list(root.handlers), root.level
    yield lambda **given: log.configure(make_settings("sqlite", **given))
    root.handlers, root.level = former
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_an_event_is_one_line_of_json_on_standard_error(
    configured: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    configured(log_format="json")
    structlog.get_logger().info("stored", n=3, key=None)
    (line,) = lines(capsys)
    assert (line["event"], line["n"], line["level"]) == ("stored", 3, "info")
    assert line["timestamp"].endswith("Z")
    assert "key" not in line, "what is not known is left out"


def test_below_the_level_nothing_is_written(
    configured: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    configured(log_format="json", log_level="warning")
    structlog.get_logger().info("stored")
    structlog.get_logger().warning("odd")
    assert [line["event"] for line in lines(capsys)] == ["odd"]


def test_what_is_held_is_written_at_the_end_in_its_order_and_of_no_other_thread(
    configured: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    configured(log_format="json")
    say = structlog.get_logger().info
    with suppress(ZeroDivisionError), log.in_one_piece():
        say("first")
        with log.in_one_piece():
            say("second")
        other = threading.Thread(target=say, args=("of another",))
        other.start()
        other.join()
        assert [line["event"] for line in lines(capsys)] == ["of another"]
        raise ZeroDivisionError
    assert [line["event"] for line in lines(capsys)] == ["first", "second"]
    say("later")
    assert [line["event"] for line in lines(capsys)] == ["later"]


def test_a_library_is_heard_without_what_it_quotes(
    configured: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    configured(log_format="json")
    try:
        raise ValueError("canary@example.org")
    except ValueError:
        logging.getLogger("waitress").exception("Exception while serving %s", "/canary")
    (line,) = lines(capsys)
    assert line["event"] == "Exception while serving %s"
    assert (line["logger"], line["fault"]) == ("waitress", "ValueError")
    assert "canary" not in json.dumps(line["at"]).replace(__name__, "")


def test_the_console_is_for_people(
    configured: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    configured(log_format="console")
    structlog.get_logger().info("stored", n=3)
    written = capsys.readouterr().err
    assert "stored" in written
    assert "n=3" in written
    assert not written.startswith("{")


def test_configuring_twice_writes_once(
    configured: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    configured(log_format="json")
    configured(log_format="json")
    logging.getLogger("sqlalchemy").warning("odd")
    assert len(lines(capsys)) == 1
