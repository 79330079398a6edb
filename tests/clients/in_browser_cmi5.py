"""A whole cmi5 session: the platform launches an assignable unit, which runs `@xapi/cmi5` in Chromium.

Run by `test_clients_browser.py` in a process of its own; prints what it saw as JSON. The platform's
part (launch data, the address of the token, the statement `launched`) is played here as the cmi5
specification asks it of a platform: https://github.com/AICC/CMI-5_Spec_Current
"""

from __future__ import annotations

import base64
import json
import sys
import uuid
from typing import Any
from urllib.parse import urlencode

import requests
from browsing import Content, on_a_page

UNIT = """
async () => {
  const cmi5 = new Cmi5();
  await cmi5.initialize();
  const { endpoint, actor, activityId, registration } = cmi5.getLaunchParameters();
  const state = { agent: actor, activityId, registration, stateId: "bookmark" };
  await cmi5.xapi.createState({ ...state, state: { page: 3 } });
  const bookmark = (await cmi5.xapi.getState(state)).data;
  await cmi5.progress(50);
  await cmi5.interactionChoice("test", "hands", ["20"], ["20"], [{ id: "5" }, { id: "20" }]);
  await cmi5.pass({ scaled: 0.9 });
  await cmi5.complete();
  await cmi5.terminate();
  return {
    endpoint,
    bookmark,
    mode: cmi5.getLaunchData().launchMode,
    mastery: cmi5.getLaunchData().masteryScore,
    language: cmi5.getLearnerPreferences().languagePreference,
  };
}
"""
CATEGORY = "https://w3id.org/xapi/cmi5/context/categories/cmi5"
SESSION = "https://w3id.org/xapi/cmi5/context/extensions/sessionid"


class Platform(Content):
    """Gives the token of a launch, once."""

    token = ""
    asked = 0

    def do_POST(self) -> None:  # noqa: N802  # the name that http.server calls
        Platform.asked += 1
        again = {"error-code": "1", "error-text": "the token was given already"}
        told = {"auth-token": self.token} if Platform.asked == 1 else again
        self.answer("application/json", json.dumps(told).encode())


class Launch:
    """What the platform keeps in the store for one launch."""

    def __init__(self, told: dict[str, str]) -> None:
        self.endpoint = told["endpoint"]
        self.http = requests.Session()
        self.http.auth = (told["key"], told["secret"])
        self.http.headers["X-Experience-API-Version"] = "1.0.3"
        self.actor = {
            "objectType": "Agent",
            "account": {"homePage": "https://lms.example.org", "name": str(uuid.uuid4())},
        }
        self.activity = f"https://example.org/units/{uuid.uuid4()}"
        self.registration = str(uuid.uuid4())
        self.template = {
            "extensions": {SESSION: str(uuid.uuid4())},
            "contextActivities": {"grouping": [{"id": "https://example.org/courses/hygiene"}]},
        }

    def prepare(self) -> None:
        agent = json.dumps(self.actor)
        state = {
            "activityId": self.activity,
            "agent": agent,
            "registration": self.registration,
            "stateId": "LMS.LaunchData",
        }
        data = {
            "contextTemplate": self.template,
            "launchMode": "Normal",
            "masteryScore": 0.8,
            "moveOn": "CompletedAndPassed",
        }
        self.put("activities/state", data, state)
        preferences = {"languagePreference": "sv-SE,en-GB", "audioPreference": "off"}
        profile = {"agent": agent, "profileId": "cmi5LearnerPreferences"}
        self.put("agents/profile", preferences, profile)
        self.say("http://adlnet.gov/expapi/verbs/launched")

    def put(self, resource: str, body: Any, query: dict[str, str]) -> None:
        kept = self.http.put(
            f"{self.endpoint}/{resource}", json=body, params=query, headers={"If-None-Match": "*"}
        )
        assert kept.status_code == 204, kept.text

    def say(self, verb: str) -> None:
        activities = {**self.template["contextActivities"], "category": [{"id": CATEGORY}]}
        statement = {
            "id": str(uuid.uuid4()),
            "actor": self.actor,
            "verb": {"id": verb},
            "object": {"objectType": "Activity", "id": self.activity},
            "context": {
                **self.template,
                "registration": self.registration,
                "contextActivities": activities,
            },
        }
        stored = self.http.post(f"{self.endpoint}/statements", json=statement)
        assert stored.status_code == 200, stored.text

    def address(self, origin: str) -> str:
        launch = {
            "endpoint": f"{self.endpoint}/",
            "fetch": f"{origin}/fetch",
            "actor": json.dumps(self.actor),
            "activityId": self.activity,
            "registration": self.registration,
        }
        return f"{origin}/?{urlencode(launch)}"

    def said(self) -> list[dict[str, Any]]:
        query = {"registration": self.registration, "ascending": "true"}
        found: list[dict[str, Any]] = self.http.get(
            f"{self.endpoint}/statements", params=query
        ).json()["statements"]
        return found


def main(told: dict[str, str]) -> dict[str, Any]:
    Platform.token = base64.b64encode(f"{told['key']}:{told['secret']}".encode()).decode()
    launch = Launch(told)
    launch.prepare()
    with on_a_page(Platform) as (page, origin):
        page.goto(launch.address(origin))
        page.add_script_tag(url=f"{origin}/node_modules/@xapi/cmi5/dist/Cmi5.umd.js")
        unit = page.evaluate(UNIT)
    launch.say("https://w3id.org/xapi/adl/verbs/satisfied")
    return {"unit": unit, "asked": Platform.asked, "said": launch.said(), "session": SESSION}


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
