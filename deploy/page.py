"""Which files of the built page go where, in what order and for how long. Pure but for reading.

Files under ``assets/`` carry a hash of their content in the name (Vite's doing), so browsers may
keep them for good and their names are enough to compare. They go up before what names them; a tab
that was opened before finds its own for some days more.
"""

from __future__ import annotations

import hashlib
import json
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path, PurePosixPath

from deploy.problems import Stopped

FOREVER = "public, max-age=31536000, immutable"
ALWAYS_ASK = "no-cache"
LAST = ("config.json", "index.html")
"""What names everything else; the page's addresses come before the page that reads them."""

# Named here, since what Python guesses differs between machines.
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True, slots=True)
class PageFile:
    """One object of the page. ``key`` is its path below the root of the site."""

    key: str
    body: bytes

    @property
    def sha256(self) -> str:
        """Of the body, in hexadecimal."""
        return hashlib.sha256(self.body).hexdigest()

    @property
    def hashed(self) -> bool:
        """Whether its name changes with its content."""
        return self.key.startswith("assets/")

    @property
    def cache_control(self) -> str:
        """How long browsers and the distribution keep it."""
        return FOREVER if self.hashed else ALWAYS_ASK

    @property
    def content_type(self) -> str:
        """What the ending of its name says."""
        ending = PurePosixPath(self.key).suffix.lower()
        return _TYPES.get(ending) or mimetypes.guess_type(self.key)[0] or "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Stored:
    """An object in the bucket. ``sha256`` is known of names without a hash only; ``superseded`` is
    the day on which no build named it any more."""

    sha256: str | None = None
    superseded: date | None = None


@dataclass(frozen=True, slots=True)
class Upload:
    """What has to happen to a bucket, in this order."""

    put: tuple[PageFile, ...]
    supersede: tuple[str, ...]
    reinstate: tuple[str, ...]
    delete: tuple[str, ...]
    unchanged: int

    @property
    def invalidate(self) -> tuple[str, ...]:
        """Paths that the distribution may still hold in an older form; never an asset's."""
        changed = [file.key for file in self.put if not file.hashed]
        paths = [f"/{key}" for key in changed]
        return tuple(["/", *paths] if "index.html" in changed else paths)


def read_page(directory: Path, configuration: Mapping[str, str]) -> tuple[PageFile, ...]:
    """The built page with the ``config.json`` of its environment.

    Raises:
        Stopped: nothing is built there.
    """
    if not (directory / "index.html").is_file():
        raise Stopped(
            f"There is no built page in {directory}. Build it: make chat-ui/dist/index.html"
        )
    files = {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }
    files["config.json"] = (json.dumps(dict(configuration), indent=2) + "\n").encode()
    return tuple(PageFile(key, body) for key, body in files.items())


def plan(
    files: tuple[PageFile, ...], stored: Mapping[str, Stored], today: date, keep_days: int
) -> Upload:
    """What makes the bucket hold ``files``, and what they replaced for ``keep_days`` more."""
    wanted = {file.key for file in files}
    put = [file for file in files if not _is_there(file, stored.get(file.key))]
    gone = {key: s.superseded for key, s in stored.items() if key not in wanted}
    until = today - timedelta(days=keep_days)
    return Upload(
        put=tuple(sorted(put, key=_turn)),
        supersede=tuple(sorted(key for key, since in gone.items() if since is None)),
        reinstate=tuple(
            sorted(key for key, s in stored.items() if key in wanted and s.superseded is not None)
        ),
        delete=tuple(sorted(k for k, since in gone.items() if since is not None and since < until)),
        unchanged=len(files) - len(put),
    )


def _is_there(file: PageFile, stored: Stored | None) -> bool:
    return stored is not None and (file.hashed or stored.sha256 == file.sha256)


def _turn(file: PageFile) -> tuple[int, str]:
    if file.hashed:
        return 0, file.key
    return (2 + LAST.index(file.key), file.key) if file.key in LAST else (1, file.key)
