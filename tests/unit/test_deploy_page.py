"""Which files of the page go up, in what order, and how long what they replace is kept."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.page import ALWAYS_ASK, FOREVER, PageFile, Stored, plan, read_page
from deploy.problems import Stopped

TODAY = date(2026, 11, 21)
KEYS = st.sampled_from(
    ["index.html", "config.json", "favicon.svg", *(f"assets/{n}.js" for n in "abcde")]
)
FILES = st.dictionaries(KEYS, st.binary(max_size=3)).map(
    lambda bodies: tuple(PageFile(key, body) for key, body in bodies.items())
)


def built(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "index-Ab12.js").write_text("script")
    (tmp_path / "assets" / "font-Cd34.woff2").write_bytes(b"font")
    (tmp_path / "favicon.svg").write_text("<svg/>")
    (tmp_path / "index.html").write_text("<!doctype html>")
    return tmp_path


def stored(files: tuple[PageFile, ...]) -> dict[str, Stored]:
    return {f.key: Stored(sha256=None if f.hashed else f.sha256) for f in files}


def test_assets_go_first_and_the_page_that_names_them_last(tmp_path: Path) -> None:
    files = read_page(built(tmp_path), {"websocketUrl": "wss://a/dev"})
    upload = plan(files, {}, TODAY, 14)
    assert [(f.key, f.cache_control, f.content_type) for f in upload.put] == [
        ("assets/font-Cd34.woff2", FOREVER, "font/woff2"),
        ("assets/index-Ab12.js", FOREVER, "text/javascript; charset=utf-8"),
        ("favicon.svg", ALWAYS_ASK, "image/svg+xml"),
        ("config.json", ALWAYS_ASK, "application/json"),
        ("index.html", ALWAYS_ASK, "text/html; charset=utf-8"),
    ]
    assert upload.invalidate == ("/", "/favicon.svg", "/config.json", "/index.html")


def test_the_configuration_of_the_environment_replaces_that_of_the_build(tmp_path: Path) -> None:
    (built(tmp_path) / "config.json").write_text('{"websocketUrl": "ws://localhost"}')
    files = {f.key: f.body for f in read_page(tmp_path, {"websocketUrl": "wss://a/dev"})}
    assert json.loads(files["config.json"]) == {"websocketUrl": "wss://a/dev"}


def test_an_unchanged_page_is_not_uploaded_again(tmp_path: Path) -> None:
    files = read_page(built(tmp_path), {})
    again = plan(files, stored(files), TODAY, 14)
    assert (again.put, again.invalidate, again.unchanged) == ((), (), 5)


def test_a_page_that_is_not_built_says_how_to_build_it(tmp_path: Path) -> None:
    with pytest.raises(Stopped, match=r"Build it: make chat-ui/dist/index\.html"):
        read_page(tmp_path, {})


def test_what_no_build_names_is_kept_for_some_days_and_then_deleted() -> None:
    files = (PageFile("index.html", b"new"),)
    found = {
        "index.html": Stored(sha256="old"),
        "assets/fresh.js": Stored(),
        "assets/kept.js": Stored(superseded=TODAY - timedelta(days=14)),
        "assets/over.js": Stored(superseded=TODAY - timedelta(days=15)),
    }
    upload = plan(files, found, TODAY, 14)
    assert upload.supersede == ("assets/fresh.js",)
    assert upload.delete == ("assets/over.js",)


def test_a_file_that_is_named_again_is_no_longer_superseded() -> None:
    files = (PageFile("assets/back.js", b"x"),)
    upload = plan(files, {"assets/back.js": Stored(superseded=TODAY)}, TODAY, 14)
    assert upload.reinstate == ("assets/back.js",)
    assert (upload.put, upload.delete, upload.supersede) == ((), (), ())


@given(before=FILES, after=FILES, days=st.integers(0, 30))
def test_whatever_was_there_the_new_page_is_whole_and_the_old_ones_tabs_keep_their_files(
    before: tuple[PageFile, ...], after: tuple[PageFile, ...], days: int
) -> None:
    found = stored(before)
    upload = plan(after, found, TODAY, days)
    there = {f.key for f in before} | {f.key for f in upload.put}
    assert {f.key for f in after} <= there
    assert upload.delete == ()
    assert {f.key for f in after}.isdisjoint(upload.supersede)
    assert not [path for path in upload.invalidate if path.startswith("/assets/")]
    entries = [f.key for f in upload.put if not f.hashed]
    assert [f.key for f in upload.put][len(upload.put) - len(entries) :] == entries
