"""Loads the engine that the settings name. Imports next to nothing until it is told to.

What takes long, the model's session, is read and prepared without the interpreter's lock: begun
first, on a thread, it costs nothing beside the imports of everything else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from inference.engine import EngineLoader
from inference.engine_builder import EngineBuilder

if TYPE_CHECKING:
    from inference.ports import Clock
    from inference.settings import Settings

_begun: dict[Settings, EngineLoader] = {}


def begin(settings: Settings, clock: Clock) -> None:
    """Begin to load an engine, for whoever takes it."""
    builder = EngineBuilder(settings, clock)
    engine = EngineLoader(builder.build, newer=builder if builder.follows else None)
    engine.start()
    _begun[settings] = engine


def take(settings: Settings, clock: Clock) -> EngineLoader:
    """The engine that was begun for ``settings``, or one that begins now."""
    if settings not in _begun:
        begin(settings, clock)
    return _begun.pop(settings)
