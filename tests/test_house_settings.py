"""Settings: where a value comes from, and what is refused."""

from __future__ import annotations

import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lrs.errors import BadSettings
from lrs.settings import TABLE, load


def _file(folder: Path, text: str) -> dict[str, str]:
    (folder / "verkan.toml").write_text(text, encoding="utf-8")
    return {"VERKAN_HOME": str(folder)}


def test_defaults_are_the_tables(tmp_path: Path) -> None:
    settings = load({"home": str(tmp_path)}, {})
    for row in TABLE:
        if row.name != "home":
            assert getattr(settings, row.name) == row.default


def test_each_source_goes_over_the_one_before(tmp_path: Path) -> None:
    env = _file(tmp_path, "port = 1\nthreads = 2\npage_size = 3\n")
    env |= {"VERKAN_THREADS": "4", "VERKAN_PAGE_SIZE": "5"}
    settings = load({"page_size": 6}, env)
    assert (settings.port, settings.threads, settings.page_size) == (1, 4, 6)


def test_an_argument_that_is_none_says_nothing(tmp_path: Path) -> None:
    assert load({"port": None}, {"VERKAN_PORT": "9000", "VERKAN_HOME": str(tmp_path)}).port == 9000


def test_a_named_file_is_read_instead(tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text('language = "nl"\n')
    assert load(None, {"VERKAN_CONFIG": str(other)}).language == "nl"


def test_a_named_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="not there") as caught:
        load(None, {"VERKAN_CONFIG": str(tmp_path / "none.toml")})
    assert caught.value.where == str(tmp_path / "none.toml")


def test_a_file_that_is_not_toml_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="not TOML") as caught:
        load(None, _file(tmp_path, "port = = 1"))
    assert caught.value.where == str(tmp_path / "verkan.toml")


def test_an_unknown_name_in_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="no setting 'prot'"):
        load(None, _file(tmp_path, "prot = 1"))


def test_variables_of_others_are_passed_over(tmp_path: Path) -> None:
    env = {"VERKAN_HOME": str(tmp_path), "VERKAN_SOMETHING_ELSE": "x", "HOME": "/"}
    assert load(None, env).home == str(tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "http"),
        ("port", 80.5),
        ("port", True),
        ("port", -1),
        ("port", 65536),
        ("threads", 0),
        ("workers", 0),
        ("max_body_bytes", 0),
        ("busy_timeout_s", "soon"),
        ("busy_timeout_s", float("nan")),
        ("busy_timeout_s", -1),
        ("language", "de"),
        ("pages", "everyone"),
        ("log_level", "loud"),
        ("log_format", "xml"),
        ("min_group", 4),
        ("database_url", 7),
    ],
)
def test_a_value_that_cannot_be_right_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(BadSettings, match=name):
        load({name: value}, {})


def test_several_workers_on_sqlite_are_refused_with_the_way_out() -> None:
    with pytest.raises(BadSettings, match="PostgreSQL") as caught:
        load({"workers": 2}, {})
    assert "VERKAN_DATABASE_URL" in (caught.value.hint or "")


def test_the_secret_is_made_once_and_readable_by_the_owner_only(tmp_path: Path) -> None:
    settings = load({"home": str(tmp_path / "new")}, {})
    first = settings.secret_bytes()
    assert len(first) == 64
    assert load({"home": str(tmp_path / "new")}, {}).secret_bytes() == first
    assert stat.S_IMODE((tmp_path / "new" / "secret").stat().st_mode) == 0o600


def test_a_given_secret_is_used_and_no_file_is_made(tmp_path: Path) -> None:
    settings = load({"home": str(tmp_path), "secret": "shared by all machines"}, {})
    assert settings.secret_bytes() == b"shared by all machines"
    assert list(tmp_path.iterdir()) == []


def test_all_who_begin_at_once_have_one_secret(tmp_path: Path) -> None:
    settings, ready = load({"home": str(tmp_path / "new")}, {}), threading.Barrier(16)

    def begin(_nth: int) -> bytes:
        ready.wait()
        return settings.secret_bytes()

    with ThreadPoolExecutor(16) as pool:
        (secret,) = set(pool.map(begin, range(16)))
    assert len(secret) == 64
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["secret"]
    assert stat.S_IMODE((tmp_path / "new" / "secret").stat().st_mode) == 0o600


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_a_postgresql_address_names_the_driver_we_bring(scheme: str) -> None:
    settings = load({"database_url": f"{scheme}://host/name"}, {})
    assert settings.url == "postgresql+psycopg://host/name"


def test_without_an_address_the_database_is_a_file_in_the_home_folder(tmp_path: Path) -> None:
    settings = load({"home": str(tmp_path)}, {})
    assert settings.url == f"sqlite:///{tmp_path / 'verkan.db'}"
