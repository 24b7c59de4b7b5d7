"""Find documents on disk, choose a loader by suffix, and read them one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from embed.document import Document, Extract
from embed.errors import MissingPath, NothingToIndex, SharedPath, UnreadableDocument
from embed.loaders.docx import load_docx
from embed.loaders.front_matter import BadFrontMatter
from embed.loaders.html import load_html
from embed.loaders.markdown import load_markdown
from embed.loaders.pdf import load_pdf
from embed.loaders.plain_text import decode, load_text

MAX_FILE_BYTES = 64 * 1024 * 1024

_LOADERS: dict[str, Callable[[bytes], Extract]] = {
    ".md": lambda raw: load_markdown(decode(raw)),
    ".markdown": lambda raw: load_markdown(decode(raw)),
    ".txt": lambda raw: load_text(decode(raw)),
    ".html": lambda raw: load_html(decode(raw)),
    ".htm": lambda raw: load_html(decode(raw)),
    ".pdf": load_pdf,
    ".docx": load_docx,
}
FORMATS = ", ".join(sorted(_LOADERS))


@dataclass(frozen=True)
class Source:
    """A file to read and its path relative to the corpus root."""

    file: Path
    path: str


def find_sources(given: Iterable[Path]) -> list[Source]:
    """List the documents under ``given`` files and folders, sorted by path.

    A document's path begins with the name of the folder that was given: ``corpus/documents``
    gives ``documents/tariff.md``. Hidden files and other formats in a folder are passed over; a
    file that is named itself is always listed.

    Raises:
        MissingPath: a path does not exist.
        SharedPath: two documents would have the same path.
        NothingToIndex: there is no document.
    """
    found: dict[str, Source] = {}
    for start in given:
        if not start.exists():
            raise MissingPath(start)
        for source in _under(start):
            other = found.setdefault(source.path, source)
            if other.file.resolve() != source.file.resolve():
                raise SharedPath(source.path, other.file, source.file)
    if not found:
        raise NothingToIndex(f"No documents found. Formats that are read: {FORMATS}.")
    return [found[path] for path in sorted(found)]


def load_source(source: Source, *, max_bytes: int = MAX_FILE_BYTES) -> Document:
    """Read one document.

    Raises:
        UnreadableDocument: too large, of an unknown format, damaged, or without text.
    """
    loader = _LOADERS.get(source.file.suffix.lower())
    if loader is None:
        raise UnreadableDocument(source.file, f"unknown format; read are {FORMATS}")
    try:
        size = source.file.stat().st_size
        if size > max_bytes:
            raise UnreadableDocument(
                source.file,
                f"it has {size / 2**20:.0f} MB, the limit is {max_bytes / 2**20:.0f} MB "
                "(--max-file-mb raises it)",
            )
        extract = loader(source.file.read_bytes())
    except OSError as error:
        raise UnreadableDocument(source.file, error.strerror or str(error)) from error
    except (BadFrontMatter, ValueError) as error:
        raise UnreadableDocument(source.file, str(error)) from error
    except RecursionError as error:
        raise UnreadableDocument(source.file, "it is nested too deeply") from error
    if not extract.blocks:
        raise UnreadableDocument(source.file, "it holds no text")
    return Document(
        path=source.path,
        title=extract.title or _title_from(source.file),
        text=extract.text,
        blocks=extract.blocks,
        url=extract.url,
        groups=extract.groups,
        metadata={**extract.metadata, "format": source.file.suffix.lower().lstrip(".")},
    )


def _under(start: Path) -> Iterator[Source]:
    if start.is_file():
        yield Source(start, start.name)
        return
    root = start.resolve()
    for file in sorted(start.rglob("*")):
        inside = file.relative_to(start)
        hidden = any(part.startswith(".") for part in inside.parts)
        if file.is_file() and not hidden and file.suffix.lower() in _LOADERS:
            yield Source(file, f"{root.name}/{inside.as_posix()}")


def _title_from(file: Path) -> str:
    return " ".join(file.stem.replace("_", " ").replace("-", " ").split()).capitalize()
