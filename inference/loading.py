"""Loads the engine that the settings name. Imports next to nothing until it is told to.

What takes long, the model's session, is read and prepared without the interpreter's lock: begun
first, on a thread, it costs nothing beside the imports of everything else. These wait until the
thread has its own imports behind it: of two threads that import numpy at the same time, one may
find half of it.
"""

from __future__ import annotations

import importlib
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from inference.engine import Engine, EngineLoader
from inference.engine_builder import EngineBuilder
from inference.retrieval.dense_index import needs_faiss

if TYPE_CHECKING:
    from inference.ports import Clock
    from inference.settings import Settings

_begun: dict[Settings, EngineLoader] = {}


def begin(
    settings: Settings, clock: Clock, clients: threading.Event | None = None
) -> threading.Event:
    """Begin to load an engine, for whoever takes it. The event is set once it has imported.

    ``clients`` is set by who is about to import ``copilot.aws_clients`` once that is done: an index
    in a bucket is asked for then, so that two threads do not import botocore at the same time
    either.
    """
    imported = threading.Event()
    builder = EngineBuilder(settings, clock, clients)

    def build() -> Engine:
        if not imported.is_set():
            _import_libraries(settings)
            imported.set()
        return builder.build()

    engine = EngineLoader(build, newer=builder if builder.follows else None)
    engine.start()
    _begun[settings] = engine
    return imported


def _import_libraries(settings: Settings) -> None:
    """What an engine will want; what is missing is told of by whoever cannot do without."""
    names = ["numpy", "onnxruntime", "tokenizers"]
    if settings.retriever == "faiss" and needs_faiss(settings.index_dir):
        names.append("faiss")
    for name in names:
        with suppress(ImportError):
            importlib.import_module(name)


def take(settings: Settings, clock: Clock) -> EngineLoader:
    """The engine that was begun for ``settings``, or one that begins now."""
    if settings not in _begun:
        begin(settings, clock)
    return _begun.pop(settings)
