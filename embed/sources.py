"""Find documents on disk, choose a loader by suffix, and read them one by one."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from embed.document import Document, Extract
from embed.engine import Engine, LocalEngine
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


@dataclass
class Loaded:
    """What was read and what was not."""

    documents: list[Document] = field(default_factory=list)
    skipped: list[UnreadableDocument] = field(default_factory=list)


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


def load_sources(
    sources: Sequence[Source],
    *,
    max_bytes: int = MAX_FILE_BYTES,
    engine: Engine | None = None,
    report: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> Loaded:
    """Read every source; one that cannot be read is skipped and kept in ``skipped``.

    ``engine`` reads them; without one, this thread does.

    Raises:
        NothingToIndex: none could be read; the message lists why.
    """
    loaded = Loaded()
    stage = functools.partial(_reading, max_bytes)
    with contextlib.closing((engine or LocalEngine()).run(stage, sources)) as results:
        for number, (source, read) in enumerate(zip(sources, results, strict=True), start=1):
            if isinstance(read, Document):
                loaded.documents.append(read)
            else:
                loaded.skipped.append(UnreadableDocument(source.file, read))
            report("Reading", number, len(sources))
    if not loaded.documents:
        reasons = "\n".join(f"  {error}" for error in loaded.skipped)
        raise NothingToIndex(f"None of the documents could be read:\n{reasons}")
    return loaded


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


def _reading(max_bytes: int) -> Callable[[Source], Document | str]:
    """A source becomes its document, or the reason why it is none."""

    def read(source: Source) -> Document | str:
        try:
            return load_source(source, max_bytes=max_bytes)
        except UnreadableDocument as error:
            return error.reason

    return read


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
