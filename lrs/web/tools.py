"""What each learning tool asks for when it is pointed at a record store, in the tool's own words.

The names of fields and menus are those of the tool's English settings, so they stay untranslated;
what surrounds them is ours. Read in November 2026: Moodle's Logstore xAPI and Open edX's
event-routing-backends (their `docs`), Storyline 360 "LRS Support", H5P.com "LRS Integration",
LinkedIn Learning "xAPI Learning Activity Webhooks", Canvas "xAPI with LTI tools" and "Live
Events". A maker that names no fields in public has the usual ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from string import Template

from lrs.web.i18n import N_


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a tool's settings, and what to write there: a template of `values`."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a key is for, in plain words, and the scopes that takes."""

    code: str
    words: str
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tool:
    """A learning tool: where its settings are, its fields, and what is good to know."""

    code: str
    name: str
    where: str
    fields: tuple[Field, ...]
    notes: tuple[str, ...] = ()
    purpose: str = "send"
    lenient: bool = False
    """It is known to send faults that can be repaired."""
    deduplicate: bool = False
    """It is known to send the same again without an id."""


PURPOSES = {
    purpose.code: purpose
    for purpose in (
        Purpose(
            "send",
            N_("Send statements, and read back what it sent itself"),
            ("statements/write", "statements/read/mine", "define"),
        ),
        Purpose(
            "course",
            N_("Send statements, and keep bookmarks and settings: what courses need"),
            ("statements/write", "statements/read/mine", "define", "state", "profile"),
        ),
        Purpose("read", N_("Read everything and change nothing"), ("all/read",)),
        Purpose("all", N_("Everything"), ("all",)),
    )
}
"""Narrow before wide."""

_BASIC = (Field("Key", "$key"), Field("Secret", "$secret"))

TOOLS = {
    tool.code: tool
    for tool in (
        Tool(
            "moodle",
            "Moodle",
            N_(
                "Install the plug-in Logstore xAPI, then open Site administration, Plugins, "
                "Logging, Logstore xAPI."
            ),
            (
                Field("Endpoint", "$endpoint"),
                Field("Username", "$key"),
                Field("Password", "$secret"),
            ),
            (
                N_("Turn the plug-in on as well, under Plugins, Logging, Manage log stores."),
                N_("Moodle sends from its cron: the first statement takes a minute or two."),
            ),
            deduplicate=True,
        ),
        Tool(
            "canvas",
            "Canvas",
            N_(
                "Canvas sends no xAPI itself: its Live Events have a form of their own. The "
                "courses, quizzes and tools that are opened from Canvas do. Enter the values "
                "there."
            ),
            (Field("Endpoint", "$endpoint/"), *_BASIC),
            purpose="course",
        ),
        Tool(
            "openedx",
            "Open edX",
            N_(
                "With event-routing-backends installed, open the Django admin, Event routing "
                "backends, Router configurations, and add one."
            ),
            (
                Field("Backend name", "xapi"),
                Field("Route URL", "$endpoint/"),
                Field(
                    "Host configurations",
                    '[{"router_type": "XAPI_LRS", "match_params": {}, "host_configurations": '
                    '{"username": "$key", "password": "$secret"}}]',
                ),
            ),
            lenient=True,
        ),
        Tool(
            "talentlms",
            "TalentLMS",
            N_(
                "TalentLMS plays xAPI courses and keeps their results itself. Enter the values "
                "where a course or an integration of yours asks for a record store (LRS)."
            ),
            (Field("LRS endpoint", "$endpoint/"), *_BASIC),
            purpose="course",
        ),
        Tool(
            "h5p",
            "H5P",
            N_(
                "In WordPress, install the plug-in H5P xAPI and open its settings. On H5P.com, "
                "have the LRS integration turned on and open it in the organisation's settings."
            ),
            (
                Field("Endpoint URL", "$endpoint/"),
                Field("Username", "$key"),
                Field("Password", "$secret"),
            ),
            (N_("H5P tries once and not again: leave the store running while people learn."),),
            lenient=True,
        ),
        Tool(
            "articulate",
            "Articulate",
            N_(
                "In Storyline 360, publish for LMS / LRS and tick Report to an external LRS. Under "
                "Reporting and Tracking, LRS, choose to supply the configuration manually."
            ),
            (Field("LRS endpoint", "$endpoint/"), *_BASIC),
            (
                N_(
                    "The published course carries the key, and who takes it can read the key: let "
                    "it send and no more."
                ),
            ),
            purpose="course",
        ),
        Tool(
            "linkedin",
            "LinkedIn Learning",
            N_("As an administrator, open Me, Integrate, and configure xAPI (OAuth 2.0)."),
            (
                Field("OAuth server URL", "$token"),
                Field("xAPI POST server URL", "$endpoint/statements"),
                Field("Client ID", "$key"),
                Field("Client secret", "$secret"),
            ),
            (N_("LinkedIn reaches only servers on the internet, by https."),),
        ),
        Tool(
            "cmi5",
            "cmi5",
            N_(
                "A cmi5 course asks its player for everything, and the player posts here. Enter "
                "the values in the player, or in the learning platform that plays the course."
            ),
            (
                Field("LRS endpoint", "$endpoint/"),
                Field("LRS username", "$key"),
                Field("LRS password", "$secret"),
            ),
            purpose="course",
        ),
        Tool(
            "any",
            N_("Another tool"),
            N_("Any tool that speaks xAPI asks for an address, a name and a password."),
            (
                Field("Endpoint", "$endpoint/"),
                Field("Username", "$key"),
                Field("Password", "$secret"),
                Field("Authorization", "$basic"),
                Field("X-Experience-API-Version", "1.0.3"),
            ),
            purpose="course",
        ),
    )
}
"""In the order of the tabs."""


@dataclass(frozen=True, slots=True)
class Address:
    """One form of the address of the store, and who asks for it."""

    words: str
    value: str


ADDRESSES = (
    Address(N_("Endpoint"), "$endpoint/"),
    Address(N_("Without the slash at its end"), "$endpoint"),
    Address(N_("Only the host"), "$host"),
    Address(N_("For statements alone"), "$endpoint/statements"),
    Address(N_("For a token (OAuth 2.0)"), "$token"),
)
"""The endpoint in each form that tools ask for."""


def values(home_page: str, *, key: str = "", secret: str = "", basic: str = "") -> dict[str, str]:
    """Return what stands for each `$name` of a template.

    ``home_page`` is this server's address without a slash at its end.
    """
    return {
        "endpoint": f"{home_page}/xapi",
        "token": f"{home_page}/oauth/token",
        "host": home_page,
        "key": key,
        "secret": secret,
        "basic": basic,
    }


def filled(template: str, given: dict[str, str]) -> str | None:
    """Return the template filled in; None when a value of it is not known yet."""
    text = Template(template)
    if any(not given[name] for name in text.get_identifiers()):
        return None
    return text.substitute(given)
