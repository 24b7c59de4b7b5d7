"""The network and the queue of the model: what is under way, and what can happen to it."""

from __future__ import annotations

from collections import deque
from random import Random

from msgspec import Struct
from msgspec.structs import replace

from copilot.wire import Delta, decode_event, encode_event

VISIBILITY_S = 90
MAX_RECEIVES = 5


class Socket:
    """One connection: frames to the server and to the client, and whether it still stands."""

    def __init__(self, connection_id: str) -> None:
        self.connection_id = connection_id
        self.open = True
        self.upward: deque[bytes] = deque()
        self.downward: deque[bytes] = deque()

    def cut(self) -> None:
        """A reset: whatever is under way is lost."""
        self.open = False
        self.upward.clear()
        self.downward.clear()

    def disturb(self, random: Random) -> str:
        """Do something bad to a frame that is on its way to the client; returns what."""
        at = random.randrange(len(self.downward))
        fault = random.choice(("lost", "lost", "doubled", "reordered", "reordered", "corrupted"))
        if fault == "lost":
            del self.downward[at]
        elif fault == "doubled":
            self.downward.insert(random.randrange(len(self.downward) + 1), self.downward[at])
        elif fault == "reordered":
            frame = self.downward[at]
            del self.downward[at]
            self.downward.insert(random.randrange(len(self.downward) + 1), frame)
        else:
            self.downward[at] = _corrupted(self.downward[at])
        return fault


def _corrupted(frame: bytes) -> bytes:
    """The frame with another text of the same length, as a faulty proxy would leave it."""
    event = decode_event(frame)
    if not isinstance(event, Delta):
        return frame
    return encode_event(replace(event, text=event.text.swapcase()))


class Letter(Struct):
    """A message of the queue; ``visible_at`` in seconds."""

    answer_id: str
    visible_at: float
    receives: int = 0
    handle: int = 0


class Queue:
    """A standard queue with a dead-letter queue: at least once, in any order."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.dead: list[Letter] = []
        self._handles = 0

    def send(self, answer_id: str, now: float) -> None:
        self.letters.append(Letter(answer_id=answer_id, visible_at=now))

    def receive(self, random: Random, now: float) -> tuple[Letter, int] | None:
        """One visible message and its receipt handle."""
        visible = [letter for letter in self.letters if letter.visible_at <= now]
        if not visible:
            return None
        letter = random.choice(visible)
        if letter.receives >= MAX_RECEIVES:
            self.letters.remove(letter)
            self.dead.append(letter)
            return None
        letter.receives += 1
        letter.visible_at = now + VISIBILITY_S
        self._handles += 1
        letter.handle = self._handles
        return letter, letter.handle

    def delete(self, letter: Letter, handle: int) -> None:
        """Only the latest receipt handle deletes."""
        if letter in self.letters and letter.handle == handle:
            self.letters.remove(letter)

    def come_back(self, letter: Letter, handle: int, visible_at: float) -> None:
        if letter.handle == handle:
            letter.visible_at = visible_at
