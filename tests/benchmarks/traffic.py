"""Made-up traffic: statements such as course platforms, quizzes and players send, by seed.

Sizes and habits follow what such senders were seen to do: a platform sends about 1.3 kB with an
instructor, a registration and four context activities; a quiz about 1 kB with its whole question;
a player about 600 bytes.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterator
from typing import Any

VERBS = "http://adlnet.gov/expapi/verbs/"
CAMPUS = "https://campus.example.org"


class Traffic:
    """Statements of one stream; ``share`` is how many learners and activities it draws from.

    Streams with the same seed send the same kinds in the same order, but never the same ids.
    """

    def __init__(self, seed: int, *, learners: int = 20_000, courses: int = 300) -> None:
        self._die = random.Random(seed)
        self._learners = learners
        self._courses = courses

    def statement(self) -> dict[str, Any]:
        """Return the next statement."""
        course = int(self._courses * self._die.random() ** 2)
        unit = self._die.randrange(20)
        make = self._die.choices((self._platform, self._quiz, self._player), (4, 3, 3))[0]
        return {
            "id": str(uuid.UUID(int=self._die.getrandbits(128), version=4)),
            "actor": self._learner(),
            "timestamp": f"2025-{1 + unit % 12:02}-{1 + course % 28:02}T08:{unit:02}:07.250Z",
            **make(course, unit),
        }

    def batches(self, size: int, number: int) -> Iterator[bytes]:
        """Yield the bodies of POSTs."""
        for _ in range(number):
            yield json.dumps(
                [self.statement() for _ in range(size)], separators=(",", ":")
            ).encode()

    def _learner(self) -> dict[str, Any]:
        number = int(self._learners * self._die.random() ** 1.5)
        if number % 3 == 0:
            return {"name": f"Learner {number}", "mbox": f"mailto:learner{number}@example.org"}
        account = {"homePage": CAMPUS, "name": f"{number:08}"}
        return {"objectType": "Agent", "name": f"Learner {number}", "account": account}

    def _registration(self, course: int) -> str:
        return str(uuid.UUID(int=self._die.getrandbits(14) * 1_000 + course, version=4))

    def _platform(self, course: int, unit: int) -> dict[str, Any]:
        verb = self._die.choice(("viewed", "completed", "submitted"))
        about = f"{CAMPUS}/course/{course}"
        return {
            "verb": {"id": VERBS + verb, "display": {"en": verb}},
            "object": _activity(
                f"{about}/unit/{unit}", "lesson", f"Unit {unit} of course {course}"
            ),
            "result": {"completion": verb == "completed", "duration": f"PT{unit * 7 + 3}S"},
            "context": {
                "registration": self._registration(course),
                "platform": "Campus",
                "language": "en",
                "instructor": {"account": {"homePage": CAMPUS, "name": f"teacher-{course % 40}"}},
                "contextActivities": {
                    "parent": [_activity(about, "course", f"Course {course}: working safely")],
                    "grouping": [
                        _activity(CAMPUS, "lms", "Campus"),
                        _activity(f"{CAMPUS}/category/{course % 9}", "category", "Safety"),
                    ],
                    "category": [_activity("https://example.org/plugin", "source", "Plug-in")],
                },
                "extensions": {
                    "https://example.org/ext/info": {
                        "event": "unit_" + verb,
                        "version": "4.5.1 (Build 20250101)",
                        "session": f"{self._die.getrandbits(64):016x}",
                    }
                },
            },
        }

    def _quiz(self, course: int, unit: int) -> dict[str, Any]:
        score = self._die.randrange(5)
        question = f"{CAMPUS}/quiz/{course}/{unit}"
        return {
            "verb": {"id": VERBS + "answered", "display": {"en-US": "answered"}},
            "object": {
                "id": question,
                "definition": {
                    "type": "http://adlnet.gov/expapi/activities/cmi.interaction",
                    "interactionType": "choice",
                    "name": {"en-US": f"Question {unit}"},
                    "description": {"en-US": "Which of these protects you in a noisy hall?"},
                    "choices": [
                        {"id": str(n), "description": {"en-US": f"The answer with number {n}"}}
                        for n in range(4)
                    ],
                    "correctResponsesPattern": ["0[,]2"],
                },
            },
            "result": {
                "score": {"min": 0, "max": 4, "raw": score, "scaled": score / 4},
                "success": score > 2,
                "completion": True,
                "response": "0[,]2",
            },
            "context": {
                "contextActivities": {
                    "parent": [{"id": f"{CAMPUS}/quiz/{course}"}],
                    "category": [{"id": "https://example.org/library/multiple-choice-1.16"}],
                }
            },
        }

    def _player(self, course: int, unit: int) -> dict[str, Any]:
        verb = self._die.choice(("initialized", "progressed", "completed", "terminated"))
        return {
            "verb": {"id": VERBS + verb, "display": {"en": verb}},
            "object": _activity(
                f"https://player.example.org/{course}/{unit}", "module", "A module"
            ),
            "context": {
                "registration": self._registration(course),
                "contextActivities": {
                    "category": [{"id": "https://w3id.org/xapi/cmi5/context/categories/cmi5"}]
                },
            },
        }


def _activity(iri: str, kind: str, name: str) -> dict[str, Any]:
    definition = {"type": f"http://adlnet.gov/expapi/activities/{kind}", "name": {"en": name}}
    return {"id": iri, "objectType": "Activity", "definition": definition}
