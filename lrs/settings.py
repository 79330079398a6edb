"""One table of settings. Values come from, each over the one before: the default, a TOML file
(``verkan.toml`` in the home folder, or the file ``VERKAN_CONFIG`` names), the environment
(``VERKAN_`` + the name), and arguments. `docs/settings.md` is held equal to the table by a test.
"""

from __future__ import annotations

import os
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

from lrs.errors import BadSettings


class Setting(NamedTuple):
    """One row of the table; the default's type is the setting's type."""

    name: str
    default: str | int | float | bool
    help: str
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None


TABLE: tuple[Setting, ...] = (
    Setting("home", "verkan-data", "Folder of the SQLite file, the secret and the settings file."),
    Setting(
        "database_url",
        "",
        "SQLAlchemy address of a PostgreSQL database; empty means SQLite in the home folder.",
    ),
    Setting("host", "127.0.0.1", "Address that `verkan serve` listens on."),
    Setting(
        "port", 8080, "Port that `verkan serve` listens on; 0: any free one.", least=0, most=65535
    ),
    Setting("workers", 1, "Processes that serve; more than one needs PostgreSQL.", least=1),
    Setting("threads", 8, "Threads of each process.", least=1),
    Setting(
        "connection_limit",
        1000,
        "Open connections a process holds before it stops accepting.",
        least=1,
    ),
    Setting(
        "public_url", "", "The address others reach this server at, when a proxy stands before it."
    ),
    Setting(
        "secret",
        "",
        "Key of the hashes that access secrets are kept as; empty means the file "
        "`secret` in the home folder, made at first use. Several machines must share one.",
    ),
    Setting(
        "max_body_bytes",
        20_000_000,
        "Largest request body; a larger one is answered 413.",
        least=1,
    ),
    Setting(
        "max_statements", 10_000, "Most statements in one POST; more is answered 413.", least=1
    ),
    Setting(
        "token_lifetime_s",
        3600,
        "How long an access token from /oauth/token works; never longer than its key.",
        least=60,
        most=86_400,
    ),
    Setting("page_size", 100, "Statements in one answer when the caller names no limit.", least=1),
    Setting(
        "page_size_max",
        500,
        "Most statements in one answer, whatever limit is asked for.",
        least=1,
    ),
    Setting("busy_timeout_s", 30.0, "Longest wait for a turn to write before 503.", least=0),
    Setting(
        "refusals_kept",
        10_000,
        "Refused posts kept for each tenant, to be looked at and replayed; the oldest go first.",
        least=1,
        most=10_000_000,
    ),
    Setting(
        "refusal_bytes",
        1_000_000,
        "Most bytes kept of one refused statement; of a larger one only a note stays.",
        least=0,
    ),
    Setting(
        "refusal_days",
        90,
        "Days that what was refused is kept, replayed or not.",
        least=1,
        most=36_500,
    ),
    Setting(
        "deduplicate_hours",
        24,
        "Hours that a statement without id is known again, for a key that asks for it.",
        least=1,
        most=876_000,
    ),
    Setting(
        "forwarding",
        "on",
        "Whether this server sends statements to other systems and pulls from them; `off`: only "
        "`verkan forwarding run` does.",
        choices=("on", "off"),
    ),
    Setting(
        "outgoing_hosts",
        "",
        "Hosts, addresses and networks that may be called although they are not public, and over "
        "http, parted by commas, such as `lrs.internal, 10.1.0.0/16`.",
    ),
    Setting(
        "forwarding_retry_s",
        2.0,
        "First wait after a delivery that failed; each further one is twice as long, up to a "
        "quarter of an hour.",
        least=0.01,
        most=900,
    ),
    Setting(
        "pull_every_s", 60.0, "How often other stores are asked for new statements.", least=0.1
    ),
    Setting(
        "pages",
        "local",
        "Who sees the pages: `local` (a browser on this machine), `open` (anyone who reaches the "
        "port: put a sign-in in front), `off`.",
        choices=("local", "open", "off"),
    ),
    Setting(
        "administration",
        "local",
        "Who makes keys and changes other things on the pages: `local` (a browser on this "
        "machine), `open` (whoever sees the pages: put a sign-in in front), `off`.",
        choices=("local", "open", "off"),
    ),
    Setting(
        "language",
        "en",
        "Language of pages and reports when the reader names none: en, sv, nl.",
        choices=("en", "sv", "nl"),
    ),
    Setting(
        "min_group",
        8,
        "Smallest group of people any figure is shown for; the floor is 5, for a smaller group "
        "points at persons.",
        least=5,
    ),
    Setting(
        "log_format",
        "auto",
        "`json`, `console`, or `auto` (console on a terminal).",
        choices=("auto", "json", "console"),
    ),
    Setting(
        "log_level",
        "info",
        "`debug`, `info`, `warning` or `error`.",
        choices=("debug", "info", "warning", "error"),
    ),
)

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}


@dataclass(frozen=True, slots=True)
class Settings:
    """The values in force. Field for field the names of ``TABLE``."""

    home: str
    database_url: str
    host: str
    port: int
    workers: int
    threads: int
    connection_limit: int
    public_url: str
    secret: str
    max_body_bytes: int
    max_statements: int
    token_lifetime_s: int
    page_size: int
    page_size_max: int
    busy_timeout_s: float
    refusals_kept: int
    refusal_bytes: int
    refusal_days: int
    deduplicate_hours: int
    forwarding: str
    outgoing_hosts: str
    forwarding_retry_s: float
    pull_every_s: float
    pages: str
    administration: str
    language: str
    min_group: int
    log_format: str
    log_level: str

    @property
    def home_folder(self) -> Path:
        """Return the home folder as a path; it need not exist yet."""
        return Path(self.home)

    @property
    def url(self) -> str:
        """Return the address of the database: the one given, or SQLite in the home folder."""
        if self.database_url:
            return _with_driver(self.database_url)
        return f"sqlite:///{(self.home_folder / 'verkan.db').resolve()}"

    def secret_bytes(self) -> bytes:
        """Return the key that access secrets are hashed with; made and kept at first use."""
        if self.secret:
            return self.secret.encode()
        return _kept_secret(self.home_folder)


def load(
    arguments: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None
) -> Settings:
    """Return the settings in force.

    ``arguments`` are values given on the command line or by a test; None values are passed over.
    Raises `BadSettings` for an unknown name, a value of the wrong kind, or a broken file.
    """
    env = os.environ if environ is None else environ
    given = {k: v for k, v in (arguments or {}).items() if v is not None}
    values: dict[str, Any] = {row.name: row.default for row in TABLE}
    home = given.get("home") or env.get("VERKAN_HOME") or values["home"]
    config = env.get("VERKAN_CONFIG")
    path = Path(config) if config else Path(home) / "verkan.toml"
    _take(values, _file(path, must_exist=bool(config)), str(path))
    _take(values, _environment(env), "environment")
    _take(values, given, "arguments")
    return _checked(Settings(**values))


def _file(path: Path, *, must_exist: bool) -> dict[str, Any]:
    if not path.is_file():
        if must_exist:
            raise BadSettings(
                "the settings file is not there",
                where=str(path),
                hint="make it, or unset VERKAN_CONFIG",
            )
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise BadSettings(f"the settings file is not TOML: {exc}", where=str(path)) from exc


def _environment(env: Mapping[str, str]) -> dict[str, str]:
    names = {row.name for row in TABLE}
    found = {k[len("VERKAN_") :].lower(): v for k, v in env.items() if k.startswith("VERKAN_")}
    return {k: v for k, v in found.items() if k in names}


def _take(values: dict[str, Any], given: Mapping[str, Any], source: str) -> None:
    rows = {row.name: row for row in TABLE}
    for name, value in given.items():
        if name not in rows:
            raise BadSettings(
                f"there is no setting {name!r}",
                where=source,
                hint="`docs/settings.md` lists them all",
            )
        values[name] = _within(rows[name], _as_kind(rows[name], value, source), source)


def _as_kind(row: Setting, value: Any, source: str) -> Any:
    """Return the value as the kind its default has; text from the environment is read as such."""
    kind = type(row.default)
    try:
        if kind is bool:
            return value if isinstance(value, bool) else _as_bool(value)
        if kind is str:
            return os.fspath(value)
        if isinstance(value, bool) or (kind is int and isinstance(value, float)):
            raise TypeError
        return kind(value)
    except (TypeError, ValueError, AttributeError) as exc:
        raise BadSettings(
            f"{row.name} must be {_KINDS[kind]}, not {value!r}", where=source
        ) from exc


_KINDS = {bool: "true or false", str: "text", int: "a whole number", float: "a number"}


def _within(row: Setting, value: Any, source: str) -> Any:
    if row.choices and value not in row.choices:
        raise BadSettings(
            f"{row.name} must be one of {', '.join(row.choices)}, not {value!r}", where=source
        )
    if row.least is not None and not value >= row.least:
        raise BadSettings(f"{row.name} must be at least {row.least:g}", where=source, hint=row.help)
    if row.most is not None and value > row.most:
        raise BadSettings(f"{row.name} must be at most {row.most:g}", where=source)
    return value


def _as_bool(value: str) -> bool:
    if value.lower() in _TRUE:
        return True
    if value.lower() in _FALSE:
        return False
    raise ValueError(value)


def _checked(settings: Settings) -> Settings:
    """Return the settings, unless two of them cannot be so together."""
    if settings.workers > 1 and not settings.database_url:
        raise BadSettings(
            "more than one worker needs PostgreSQL", hint="set VERKAN_DATABASE_URL, or workers = 1"
        )
    if settings.outgoing_hosts:
        from lrs.forwarding.addresses import parse_allowed

        parse_allowed(settings.outgoing_hosts)
    return settings


def _with_driver(url: str) -> str:
    """Name psycopg 3, which the `postgres` extra brings, where the address leaves the driver open."""
    for scheme in ("postgresql://", "postgres://"):
        if url.startswith(scheme):
            return "postgresql+psycopg://" + url[len(scheme) :]
    return url


def _kept_secret(home: Path) -> bytes:
    path = home / "secret"
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True)
        _make_secret(path)
    return path.read_bytes().strip()


def _make_secret(path: Path) -> None:
    """Make the file, whole or not at all, and one only, however many processes begin at once."""
    made = path.with_name(f"secret-{os.getpid()}-{secrets.token_hex(4)}")
    with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secrets.token_hex(32).encode())
    try:
        os.link(made, path)
    except FileExistsError:
        pass
    except OSError:  # a file system without links
        made.replace(path)
    made.unlink(missing_ok=True)


assert tuple(f.name for f in fields(Settings)) == tuple(row.name for row in TABLE)  # noqa: S101
