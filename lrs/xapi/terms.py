"""What statements name (agents, verbs, activities, registrations), and as what they name it."""

from __future__ import annotations

from enum import IntEnum, IntFlag


class TermKind(IntEnum):
    """What is named: terms, and registrations."""

    AGENT = 1
    VERB = 2
    ACTIVITY = 3
    REGISTRATION = 4


class Scope(IntEnum):
    """Which queries find a statement by a term: the plain filter, or only the ``related_`` one."""

    DIRECT = 0
    RELATED = 1


class Role(IntFlag):
    """As what a statement names a term. One statement may name a term in several roles."""

    ACTOR = 1
    OBJECT = 2
    MEMBER = 4
    AUTHORITY = 8
    INSTRUCTOR = 16
    TEAM = 32
    CONTEXT_AGENT = 64
    CONTEXT_GROUP = 128
    PARENT = 256
    GROUPING = 512
    CATEGORY = 1024
    OTHER = 2048
    SUB_STATEMENT = 4096
    VERB = 8192
    REGISTRATION = 16384


class SpecVersion(IntEnum):
    """The version of the specification that a statement is held to."""

    V1_0 = 10
    V2_0 = 20
