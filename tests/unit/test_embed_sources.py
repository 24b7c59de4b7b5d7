"""Finding and reading documents: every failure has a name, a reason and a way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from embed.engine import LocalEngine
from embed.errors import MissingPath, NothingToIndex, SharedPath, UnreadableDocument
from embed.reading import Reading
from embed.sources import Source, find_sources, load_source


def write(path: Path, content: str | bytes = "Words.") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_documents_are_listed_by_path_below_the_given_folder(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    for name in ("b.md", "a/x.TXT", "a/.hidden.md", ".git/y.md", "c.png"):
        write(docs / name)
    assert [source.path for source in find_sources([docs])] == ["docs/a/x.TXT", "docs/b.md"]


def test_a_file_can_be_given_and_may_be_given_twice(tmp_path: Path) -> None:
    file = write(tmp_path / "one.md")
    assert [source.path for source in find_sources([file, file])] == ["one.md"]


def test_a_missing_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingPath, match=r"nowhere does not exist"):
        find_sources([tmp_path / "nowhere"])


def test_a_folder_without_documents_names_the_formats(tmp_path: Path) -> None:
    write(tmp_path / "picture.png")
    with pytest.raises(NothingToIndex, match=r"\.docx, \.htm, \.html"):
        find_sources([tmp_path])


def test_two_documents_cannot_share_a_path(tmp_path: Path) -> None:
    write(tmp_path / "x" / "docs" / "a.md")
    write(tmp_path / "y" / "docs" / "a.md")
    with pytest.raises(SharedPath, match=r"docs/a\.md"):
        find_sources([tmp_path / "x" / "docs", tmp_path / "y" / "docs"])


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("broken.pdf", b"%PDF-1.7 nothing", "not a readable PDF"),
        ("broken.docx", b"PK", "not a readable Word document"),
        ("empty.md", "", "holds no text"),
        ("only-a-heading.md", "# Title", "holds no text"),
        ("binary.txt", b"\x00\x01", "not a text file"),
        ("front.md", "---\na: [\n---\nx", "front matter"),
        ("table.xlsx", b"x", "unknown format"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_an_unreadable_document_says_why(
    tmp_path: Path, name: str, content: str | bytes, reason: str
) -> None:
    file = write(tmp_path / name, content)
    with pytest.raises(UnreadableDocument, match=reason) as caught:
        load_source(Source(file, name))
    assert caught.value.path == file


def test_a_file_above_the_limit_is_not_even_opened(tmp_path: Path) -> None:
    file = tmp_path / "huge.md"
    with file.open("wb") as handle:
        handle.truncate(200 * 2**20)
    with pytest.raises(UnreadableDocument, match=r"200 MB, the limit is 64 MB \(--max-file-mb"):
        load_source(Source(file, "huge.md"))


def test_one_broken_document_does_not_stop_the_others(tmp_path: Path) -> None:
    write(tmp_path / "docs" / "a.md")
    write(tmp_path / "docs" / "b.docx", b"broken")
    reading = Reading(find_sources([tmp_path / "docs"]), LocalEngine(), default_groups=["public"])
    assert [held.record.path for held in reading] == ["docs/a.md"]
    assert [error.path.name for error in reading.skipped] == ["b.docx"]


def test_if_nothing_remains_the_error_lists_every_reason(tmp_path: Path) -> None:
    write(tmp_path / "a.md", "")
    write(tmp_path / "b.txt", b"\x00")
    with pytest.raises(NothingToIndex, match=r"(?s)a\.md: it holds no text.*b\.txt: it is not a"):
        list(Reading(find_sources([tmp_path]), LocalEngine(), default_groups=["public"]))


def test_a_title_comes_from_the_document_else_from_its_name(tmp_path: Path) -> None:
    named = load_source(Source(write(tmp_path / "grid_code-v2.txt", "a b.\nc d."), "x"))
    titled = load_source(Source(write(tmp_path / "y.md", "# Grid code\n\nWords."), "y"))
    assert (named.title, titled.title) == ("Grid code v2", "Grid code")


def test_the_format_can_be_filtered_on(tmp_path: Path) -> None:
    document = load_source(Source(write(tmp_path / "a.htm", "<p>Hi</p>"), "a.htm"))
    assert document.metadata == {"format": "htm"}
