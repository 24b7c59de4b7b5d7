"""What must hold, watched from outside: every write of the table and every frame that is pushed."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable

import msgspec

from copilot.table import HEADER_SK, answer_pk, chunk_sk
from copilot.wire import AnyServerEvent, Delta, End, encode_event
from tests.fault.expressions import Item
from tests.fault.memory_dynamodb import Key
from tests.fault.model.person import Tab


class Violation(Exception):
    """A promise is broken; the message says which and how."""


class Ledger:
    """The history of one schedule, and the promises that it is held to."""

    def __init__(self, items: dict[Key, Item]) -> None:
        self._items = items
        self._headers: dict[Key, Item] = {}
        self._committed: dict[tuple[str, int], int] = defaultdict(int)
        self._plans: dict[str, set[str]] = defaultdict(set)
        self._answers: dict[str, set[str]] = defaultdict(set)
        self._ends: dict[str, str] = {}
        self.enqueued: set[str] = set()

    # --- while it runs ------------------------------------------------------------------------

    def written(self, key: Key, item: Item | None) -> None:
        """Look at one write of the table."""
        if key[1] != HEADER_SK:
            return
        if item is None:
            self._headers.pop(key, None)
            return
        self._headers[key] = item
        answer_id, epoch = item["answer_id"]["S"], int(item["epoch"]["N"])
        at = answer_id, epoch
        self._committed[at] = max(self._committed[at], int(item["last_seq"]["N"]))
        end = item.get("end")
        if end is None:
            return
        if self._ends.setdefault(answer_id, end["S"]) != end["S"]:
            raise Violation("an answer ended twice")

    def planned(self, answer_id: str, text: str) -> None:
        """A model began to say ``text``."""
        self._plans[answer_id].add(text)

    def accepted(self, message_id: str, answer_id: str) -> None:
        """A person was told which answer a question has."""
        self._answers[message_id].add(answer_id)
        if len(self._answers[message_id]) > 1:
            raise Violation("one question got two answers")

    def pushed(self, event: AnyServerEvent) -> None:
        """Nothing is shown that is not stored under a fence that held."""
        if isinstance(event, Delta):
            stored = self._items.get(
                (answer_pk(event.answer_id), chunk_sk(event.epoch, event.seq)), {}
            )
            if stored.get("body") != {"S": event.text}:
                raise Violation("text was pushed that is not stored")
            if self._committed[event.answer_id, event.epoch] < event.seq:
                raise Violation("text was pushed that no fence confirmed")
        elif isinstance(event, End) and self._ends.get(event.answer_id) != _json(event):
            raise Violation("an end was pushed that is not the stored one")

    def shown(self, answer_id: str, text: str) -> None:
        """What a person sees is the beginning of what one attempt said; corrupt text is exempt."""
        if not text or text != text.lower():
            return
        if not any(plan.startswith(text) for plan in self._plans[answer_id]):
            raise Violation("a person sees a mixture of two attempts")

    # --- at the end ---------------------------------------------------------------------------

    def unfinished(self) -> bool:
        """Whether an answer that reached the queue has not ended."""
        return any(
            "end" not in header and header["answer_id"]["S"] in self.enqueued
            for header in self._headers.values()
        )

    def close(self, tabs: Iterable[Tab]) -> None:
        """Hold the final state to the promises.

        Raises:
            Violation: one is broken.
        """
        texts: dict[str, str] = {}
        rows = [item for (pk, _), item in self._items.items() if "#CONV#" in pk]
        for header in self._headers.values():
            answer_id = header["answer_id"]["S"]
            if "end" in header:
                texts[answer_id] = self._stored(answer_id, rows)
            elif answer_id in self.enqueued:
                raise Violation("an answer never ended")
        for tab in tabs:
            self._check_tab(tab, texts)

    def _stored(self, answer_id: str, rows: list[Item]) -> str:
        """The text of an ended answer, held to its end and to the ``rows`` of conversations."""
        end = msgspec.json.decode(self._ends[answer_id], type=End)
        keys = [
            (answer_pk(answer_id), chunk_sk(end.epoch, seq)) for seq in range(1, end.last_seq + 1)
        ]
        if any(key not in self._items for key in keys):
            raise Violation("the log of an ended answer has a hole")
        chunks = [self._items[key] for key in keys]
        text = "".join(c["body"]["S"] for c in chunks if c["kind"] == {"S": "delta"})
        if hashlib.sha256(text.encode()).hexdigest() != end.sha256:
            raise Violation("the end's hash is not that of the stored text")
        if end.state == "done" and text not in self._plans[answer_id]:
            raise Violation("a done answer is not what one attempt of the model said")
        copies = [
            item["text"]["S"]
            for item in rows
            if item.get("answer_id") == {"S": answer_id} and item.get("role") == {"S": "assistant"}
        ]
        if copies != [text]:
            raise Violation("the conversation does not hold the answer exactly once")
        if any(item.get("active_answer") == {"S": answer_id} for item in rows):
            raise Violation("an ended answer still blocks its conversation")
        return text

    def _check_tab(self, tab: Tab, texts: dict[str, str]) -> None:
        if tab.gone or tab.rejected is not None:
            return
        if tab.transcript is None:
            raise Violation("a question was never accepted")
        end = tab.transcript.end
        if end is None and tab.stopped and tab.told:
            return  # A stop is never resumed; what was missing then stays so.
        if end is None:
            raise Violation("a person never heard the end")
        if tab.terminal != 1:
            raise Violation("the end was applied more than once")
        stored = msgspec.json.decode(self._ends[end.answer_id], type=End)
        if (end.state, end.last_seq, end.sha256) != (stored.state, stored.last_seq, stored.sha256):
            raise Violation("a person heard another end than the stored one")
        if tab.transcript.text != texts[end.answer_id]:
            raise Violation("a person sees another text than the stored one")


def _json(event: End) -> str:
    return encode_event(event).decode()
