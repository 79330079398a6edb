"""paths.toml, and when a path is done."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.model.paths import (
    SIGNS,
    CompletionRule,
    LearningPath,
    Part,
    declared,
    done_on,
    shows,
    undeclared,
)
from lrs.errors import BadInput


def _path(text: str) -> LearningPath:
    return declared(tomllib.loads(f"[[path]]\n{text}"), "paths.toml")[0]


THREE = 'id = "p"\nactivities = ["a", "b", "c"]\n'


def test_completed_needs_every_activity() -> None:
    rule = _path(THREE + 'complete = "completed"').rule
    assert done_on(rule, {"a": 5, "b": 9}) is None
    assert done_on(rule, {"a": 5, "b": 9, "c": 7}) == 9


def test_completed_is_what_a_path_needs_that_says_nothing() -> None:
    assert _path(THREE).rule == _path(THREE + 'complete = "completed"').rule


def test_any_of_is_done_with_the_first() -> None:
    rule = _path(THREE + 'complete = {any_of = ["b", "c"]}').rule
    assert done_on(rule, {"a": 1, "c": 7, "b": 9}) == 7
    assert done_on(rule, {"a": 1}) is None


def test_all_of_needs_those_named_only() -> None:
    assert done_on(_path(THREE + 'complete = {all_of = ["a", "b"]}').rule, {"a": 1, "b": 2}) == 2


def test_min_counts_different_activities_below_a_beginning() -> None:
    rule = _path('id = "p"\nactivities = ["x/*"]\ncomplete = {min = 2}').rule
    assert done_on(rule, {"x/1": 4}) is None
    assert done_on(rule, {"x/1": 4, "x/2": 6, "y/1": 1}) == 6


def test_entry_that_ends_with_star_or_slash_is_a_beginning() -> None:
    path = _path('id = "p"\nactivities = ["a/*", "b/", "c"]')
    assert path.items == (("a/", True), ("b/", True), ("c", False))


def test_path_without_activities_is_the_activity_itself() -> None:
    assert _path('id = "https://example.org/p"').items == (("https://example.org/p", False),)


def test_activity_that_only_the_rule_names_belongs_to_the_path() -> None:
    path = _path('id = "p"\nactivities = ["a"]\ncomplete = {all_of = ["a", "exam"]}')
    assert path.items == (("a", False), ("exam", False))


def test_cost_and_goal_are_kept() -> None:
    path = _path(
        'id = "p"\nname = "P"\ngoal = "fewer errors"\n'
        "cost = {fixed = 1000, per_learner = 12.5, hours_per_learner = 6}"
    )
    assert (path.cost_fixed, path.cost_per_learner, path.hours_per_learner) == (1000, 12.5, 6)
    assert path.goal == "fewer errors"


def test_rule_can_ask_for_passing() -> None:
    assert _path(THREE + 'complete = {min = 2, by = "passed"}').rule.sign == "passed"


@pytest.mark.parametrize(
    ("text", "where", "message"),
    [
        ('name = "no id"', "path 1", "needs an id"),
        ('id = "p"\ncomplete = "done"', "path 1, complete", "no rule"),
        ('id = "p"\ncomplete = {}', "path 1, complete", "one of all_of"),
        ('id = "p"\ncomplete = {min = 1, any_of = ["a"]}', "path 1, complete", "one of all_of"),
        ('id = "p"\ncomplete = {min = 0}', "path 1, complete", "from 1"),
        ('id = "p"\nactivities = ["a"]\ncomplete = {min = 2}', "path 1, complete", "never be done"),
        ('id = "p"\nactivities = []', "path 1, activities", "list of IRIs"),
        ('id = "p"\nactivities = ["*"]', "path 1, activities", "list of IRIs"),
        ('id = "p"\ncost = {total = 3}', "path 1, cost", "'total'"),
        ('id = "p"\ncost = {fixed = -3}', "path 1, cost", "from 0"),
        ('id = "p"\nactivity = "a"', "path 1", "'activity'"),
        ('id = "p"\n[[path]]\nid = "p"', "paths.toml", "twice"),
    ],
)
def test_fault_names_the_path_and_the_key(text: str, where: str, message: str) -> None:
    with pytest.raises(BadInput, match=message) as caught:
        declared(tomllib.loads(f"[[path]]\n{text}"), "paths.toml")
    assert str(caught.value.where).endswith(where)


def test_file_without_a_path_is_refused() -> None:
    with pytest.raises(BadInput, match=r"no \[\[path\]\]"):
        declared({}, "paths.toml")


ADL = "http://adlnet.gov/expapi/verbs/"


@pytest.mark.parametrize(
    ("sign", "verb", "completion", "success", "expected"),
    [
        ("completed", "completed", None, None, True),
        ("completed", "progressed", True, None, True),
        ("completed", "completed", False, None, False),
        ("completed", "passed", None, True, False),
        ("passed", "passed", None, None, True),
        ("passed", "completed", True, True, True),
        ("passed", "completed", True, None, False),
        ("passed", "passed", None, False, False),
        ("any", "mastered", None, None, True),
        ("any", "experienced", None, None, False),
    ],
)
def test_sign_of_completion(
    sign: str, verb: str, completion: bool | None, success: bool | None, expected: bool
) -> None:
    assert shows(SIGNS[sign], ADL + verb, completion, success) is expected


def test_undeclared_path_is_done_by_any_sign_on_the_activity() -> None:
    path = undeclared("https://example.org/p")
    assert path.rule == CompletionRule("any", 1, (Part("https://example.org/p", False),))


activities = st.sampled_from(["a", "b", "x/1", "x/2", "y"])
rules = st.builds(
    CompletionRule,
    st.just("completed"),
    st.integers(1, 3),
    st.lists(
        st.sampled_from([Part("a", False), Part("b", False), Part("x/", True)]),
        min_size=1,
        unique=True,
    ).map(tuple),
    st.sampled_from(["parts", "activities"]),
)


@given(rules, st.dictionaries(activities, st.integers(0, 20)))
def test_day_done_is_the_first_on_which_enough_is_done(
    rule: CompletionRule, days: dict[str, int]
) -> None:
    def enough(day: int) -> bool:
        done = [activity for activity, on in days.items() if on <= day]
        if rule.count == "parts":
            return sum(any(p.covers(a) for a in done) for p in rule.parts) >= rule.need
        return sum(any(p.covers(a) for p in rule.parts) for a in done) >= rule.need

    assert done_on(rule, days) == next((day for day in range(21) if enough(day)), None)


@given(rules)
def test_rule_reads_back_from_json(rule: CompletionRule) -> None:
    assert CompletionRule.from_json(rule.as_json()) == rule
