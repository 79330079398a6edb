"""Open edX: transforms events of its tracking log to xAPI and sends them, with its own package.

Run by a Python of its own (see the fixture ``openedx``); what the package takes from the platform
itself (learners, courses, their outward ids) stands in for it here, as small as it can be.
"""

from __future__ import annotations

import json
import logging
import sys
import types
import uuid
from typing import Any

import django
from django.conf import settings

LMS = "https://courses.example.org"
COURSE = "course-v1:Example+FIRE+2026"
PROBLEM = "block-v1:Example+FIRE+2026+type@problem+block@extinguisher"


def stand_in(name: str, **holds: Any) -> None:
    """Let ``import name`` find a module that holds just this."""
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        sys.modules.setdefault(".".join(parts[:end]), types.ModuleType(".".join(parts[:end])))
    vars(sys.modules[name]).update(holds)


class ExternalIdType:
    XAPI = "xapi"


class ExternalId:
    def __init__(self, user: Any) -> None:
        self.external_user_id = uuid.uuid5(uuid.NAMESPACE_URL, f"{LMS}/{user.username}")

    @classmethod
    def add_new_user_id(cls, user: Any, _kind: str) -> tuple[ExternalId, bool]:
        return cls(user), False


def begin() -> None:
    platform = "openedx.core.djangoapps"
    stand_in(
        "common.djangoapps.student.models", get_potentially_retired_user_by_username=lambda _: None
    )
    stand_in(
        f"{platform}.content.course_overviews.api",
        get_course_overviews=lambda keys: [{"display_name": "Fire safety"} for _ in keys],
    )
    stand_in(
        f"{platform}.external_user_ids.models", ExternalId=ExternalId, ExternalIdType=ExternalIdType
    )
    settings.configure(
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "event_routing_backends",
        ],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        SECRET_KEY="only-here",
        USE_TZ=True,
        LMS_ROOT_URL=LMS,
        XAPI_EVENTS_ENABLED=True,
        XAPI_EVENT_LOGGING_ENABLED=False,
        XAPI_AGENT_IFI_TYPE="external_id",
        FERNET_KEYS=["only-here"],
        _PLATFORM_VERSION="test",
        LOGGING_CONFIG=None,
    )
    logging.disable(logging.CRITICAL)
    django.setup()
    from django.contrib.auth import get_user_model
    from django.core.management import call_command

    call_command("migrate", "auth", verbosity=0)
    get_user_model().objects.create(username="asa", email="asa@example.org")


def event(name: str, second: int, data: Any, source: str = "server") -> dict[str, Any]:
    """An event as the tracking log has it."""
    return {
        "name": name,
        "timestamp": f"2026-03-01T08:30:{second:02}.123456+00:00",
        "data": data,
        "context": {
            "course_id": COURSE,
            "user_id": 1,
            "username": "asa",
            "session": "a0b1c2",
            "event_source": source,
            "referer": f"{LMS}/courses/{COURSE}/courseware/",
        },
    }


def answered(kind: str, answer: Any, *, correct: bool) -> dict[str, Any]:
    return {
        "question": "Which one?",
        "answer": answer,
        "response_type": kind,
        "input_type": "choicegroup",
        "correct": correct,
        "variant": "",
        "group_label": "",
    }


def checked(second: int, **answers: dict[str, Any]) -> dict[str, Any]:
    """A problem of one or of several questions that was handed in."""
    data = {
        "problem_id": PROBLEM,
        "submission": answers,
        "grade": 1,
        "max_grade": 2,
        "attempts": 1,
        "success": "incorrect",
    }
    return event("problem_check", second, data)


def plain_events() -> list[dict[str, Any]]:
    about = {"course_id": COURSE, "user_id": 1, "mode": "audit"}
    video = {
        "id": "0b9e39477cf34507a7a48f74be381fdd",
        "code": "html5",
        "duration": 195.0,
        "currentTime": 12.5,
        "new_time": 20,
        "old_time": 12.5,
    }
    submitted = {
        "problem_id": PROBLEM,
        "weighted_earned": 1.0,
        "weighted_possible": 2.0,
        "user_id": 1,
    }
    one = answered("multiplechoiceresponse", "choice_1", correct=True)
    several = answered("choiceresponse", ["choice_0", "choice_2"], correct=True)
    return [
        event("edx.course.enrollment.activated", 1, about),
        event("edx.course.grade.passed.first_time", 2, about),
        event("edx.course.enrollment.deactivated", 3, about),
        event("edx.grades.problem.submitted", 4, submitted),
        checked(5, a_2_1=one),
        checked(6, a_2_1=several),
        event("edx.video.played", 7, video),
        event("edx.video.position.changed", 8, video),
        event("edx.video.stopped", 9, video),
        event("showanswer", 10, {"problem_id": PROBLEM}),
    ]


def several_questions(later: int = 0) -> dict[str, Any]:
    """It becomes a statement about the whole, and one for each of its questions."""
    first = answered("multiplechoiceresponse", "choice_1", correct=True)
    return checked(20 + later, a_2_1=first, a_3_1=answered("stringresponse", "foam", correct=False))


class Sender:
    """Sends as the platform's worker does: it says no more than whether that went well."""

    def __init__(self, told: dict[str, str], key: str, secret: str) -> None:
        from event_routing_backends.models import RouterConfiguration
        from event_routing_backends.utils.xapi_lrs_client import LrsClient

        self._client = LrsClient(
            url=f"{told['endpoint']}/",
            auth_scheme=RouterConfiguration.AUTH_BASIC,
            username=told[key],
            password=told[secret],
        )

    def batch(self, statements: list[Any]) -> bool:
        return self._is_done(self._client.bulk_send, statements)

    def each(self, statements: list[dict[str, Any]]) -> bool:
        return all(self._is_done(self._client.send, one, "an event") for one in statements)

    @staticmethod
    def _is_done(send: Any, *given: Any) -> bool:
        from event_routing_backends.processors.transformer_utils.exceptions import (
            EventNotDispatched,
        )

        try:
            send(*given)
        except EventNotDispatched:
            return False
        return True


def main() -> None:
    told = json.loads(sys.argv[1])
    begin()
    from event_routing_backends.processors.xapi.registry import XApiTransformersRegistry
    from event_routing_backends.processors.xapi.transformer_processor import XApiProcessor

    strict, lenient = Sender(told, "key", "secret"), Sender(told, "lenient", "lenient_secret")
    found: dict[str, Any] = {"sent": {}, "done": {}}
    for identified_by in ("external_id", "mbox", "mbox_sha1sum"):
        settings.XAPI_AGENT_IFI_TYPE = identified_by
        sent = XApiProcessor()(plain_events())
        found["sent"][identified_by] = sent
        found["done"][identified_by] = [
            strict.batch(sent[:5]),
            strict.batch(sent),
            strict.batch(sent),
            strict.each(sent),
        ]
    whole = XApiProcessor()([several_questions()])
    found["sent"]["whole"] = whole
    found["done"]["whole"] = [strict.batch(whole), strict.batch(whole)]
    # As it leaves the transformer, before it was written down and read: with its ``GroupActivity``.
    untouched = XApiTransformersRegistry.get_transformer(several_questions(later=1)).transform()
    found["untouched"] = [str(one.id) for one in untouched]
    found["untouched_done"] = {
        "strict": strict.batch(untouched),
        "lenient": [lenient.batch(untouched), lenient.batch(untouched)],
    }
    print(json.dumps(found))


main()
