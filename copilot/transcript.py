"""The client's view of one answer: a pure reducer from server events to text. It sends nothing.

The same rules as the page's reducer (``chat-ui/src/chat``); both are held to ``events/wire``.
Used by the smoke command, the end-to-end tests and the protocol model.
"""

from __future__ import annotations

import hashlib
from typing import Literal

from copilot.wire import AnswerState, Delta, End, Snapshot, Source, Sources, Start

Outcome = Literal["applied", "ignored", "buffered", "resume", "ended"]


class Transcript:
    """One answer as far as it was received.

    ``apply`` returns what the caller must do: nothing, or send ``resume(epoch, last_seq)``.
    """

    def __init__(self, answer_id: str) -> None:
        self.answer_id = answer_id
        self.epoch = 0
        self.last_seq = 0
        self.text = ""
        self.sources: list[Source] = []
        self.state: AnswerState = "queued"
        self.end: End | None = None
        self._borders = {0: 0}
        self._early: dict[int, Sources | Delta] = {}
        self._early_end: End | None = None

    def apply(self, event: Start | Sources | Delta | Snapshot | End) -> Outcome:
        """Apply one event of this answer.

        Returns ``applied``, ``ignored`` (older or known), ``buffered`` (waits for a snapshot
        that was asked for), ``resume`` (a gap: ask from ``last_seq``) or ``ended``.
        """
        if self.end is not None or event.epoch < self.epoch:
            return "ignored"
        if event.epoch > self.epoch:
            self._begin(event.epoch)
        if isinstance(event, Start):
            self.state = "streaming"
            return "applied"
        if isinstance(event, Snapshot):
            return self._apply_snapshot(event)
        if isinstance(event, End):
            self._early_end = event
            return self._settle("resume")
        if event.seq <= self.last_seq:
            return "ignored"
        waiting = bool(self._early)
        self._early[event.seq] = event
        return self._settle("buffered" if waiting else "resume")

    def _begin(self, epoch: int) -> None:
        self.epoch = epoch
        self.last_seq = 0
        self.text = ""
        self.sources = []
        self._borders = {0: 0}
        self._early = {}
        self._early_end = None

    def _apply_snapshot(self, page: Snapshot) -> Outcome:
        if page.from_seq > self.last_seq + 1:
            return "resume"
        if page.to_seq > self.last_seq:
            known = self._borders.get(page.from_seq - 1)
            if known is None:
                return "resume"
            self.text = self.text[:known] + page.text
            self.sources = page.sources or self.sources
            self.last_seq = page.to_seq
            self._borders[self.last_seq] = len(self.text)
        self.state = "streaming" if page.state == "queued" else page.state
        return self._settle("applied")

    def _settle(self, otherwise: Outcome) -> Outcome:
        """Take what has become contiguous, then end if everything is there."""
        outcome = otherwise
        while (event := self._early.pop(self.last_seq + 1, None)) is not None:
            self.last_seq = event.seq
            outcome = "applied"
            if isinstance(event, Delta):
                self.text += event.text
            else:
                self.sources += event.items
            self._borders[self.last_seq] = len(self.text)
        self._early = {seq: e for seq, e in self._early.items() if seq > self.last_seq}
        end = self._early_end
        if end is None or end.last_seq > self.last_seq:
            return outcome
        if end.sha256 != hashlib.sha256(self.text.encode()).hexdigest():
            self._begin(self.epoch)
            return "resume"
        self.end = end
        self.state = end.state
        return "ended"
