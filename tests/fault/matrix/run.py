"""One run of one case: the people in it, what they saw, and how it compares with what is stored."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import aiohttp
import msgspec

from copilot.identifiers import new_id
from copilot.transcript import Outcome, Transcript
from copilot.wire import Accepted, Delta, End, Snapshot, Sources, Start
from local.client.chat_client import ChatClient, ChatError, Refused
from tests.e2e.openai_server import Script, ScriptedModel, Served
from tests.fault.matrix.stacks import FaultStack

QUESTION = "How long is the notice period of the Harrow Ridge power purchase agreement?"
LETTERS = str.maketrans("0123456789abcdef", "ghijklmnopqrstuv")
PATIENCE_S = 240.0
NOT_CONNECTED = (OSError, TimeoutError, ChatError, aiohttp.ClientError)
FRAMED = (Start, Sources, Delta, Snapshot, End)


class Watched(Transcript):
    """The product's transcript that also notes when it went on and how often it ended."""

    def __init__(self, answer_id: str) -> None:
        super().__init__(answer_id)
        self.terminal = 0
        self.progress: list[tuple[float, int]] = []
        self.first_words_at: float | None = None

    def apply(self, event: Start | Sources | Delta | Snapshot | End) -> Outcome:
        before = self.epoch, self.last_seq
        outcome = super().apply(event)
        self.terminal += outcome == "ended"
        if outcome == "ended" or (self.epoch, self.last_seq) > before:
            self.progress.append((time.monotonic(), self.epoch))
        if self.text and self.first_words_at is None:
            self.first_words_at = time.monotonic()
        return outcome


@dataclass(kw_only=True)
class Reading:
    """What one tab saw of an answer, and what it was to be. ``text``: exactly, where known."""

    transcript: Watched
    states: tuple[str, ...] = ("done",)
    text: str | None = None


@dataclass(kw_only=True)
class Verdict:
    """The figures of one run."""

    seed: int
    lost: int = 0
    duplicated: int = 0
    terminals: list[int] = field(default_factory=list)
    hashes: list[bool] = field(default_factory=list)
    recovery_s: float | None = None
    waits: dict[str, list[float]] = field(default_factory=dict)
    """Seconds from being accepted to the first words, by who waited, where a case measures it."""
    problems: list[str] = field(default_factory=list)


class Run:
    """A case's view of the stack for one seed. Every question has a marker that is its own."""

    def __init__(
        self, stack: FaultStack, model: ScriptedModel, seed: int, *, lenient: bool = False
    ) -> None:
        """``lenient``: other faults strike too, so that only integrity can be expected."""
        self._lenient = lenient
        self.stack = stack
        self.model = model
        self.random = Random(seed)
        self.verdict = Verdict(seed=seed)
        self.readings: list[Reading] = []
        self._struck_at: float | None = None
        self._beyond_epoch = 0
        self._to_end = False

    # --- people -------------------------------------------------------------------------------

    @asynccontextmanager
    async def client(
        self, client_id: str | None = None, **options: Any
    ) -> AsyncIterator[ChatClient]:
        """A connected client; it tries until it is, as the page does."""
        client = ChatClient(self.stack.websocket_url, client_id=client_id, **options)
        async with AsyncExitStack() as undo:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    try:
                        await undo.enter_async_context(client)
                        break
                    except NOT_CONNECTED:
                        await asyncio.sleep(0.2)
            yield client

    def question(self, *scripts: Script) -> Asked:
        """A new question and how the model will answer it."""
        marker = "run " + uuid.uuid4().hex[:12].translate(LETTERS)
        self.model.script_for(marker, *scripts)
        return Asked(marker=marker, text=f"{QUESTION} ({marker})")

    def words(self, count: int, delay_s: float = 0.02, **options: Any) -> Script:
        """A script of ``count`` different words."""
        name = uuid.uuid4().hex[:4].translate(LETTERS)
        words = tuple(f"{name}{number} " for number in range(count))
        return Script(tokens=words, delay_s=delay_s, **options)

    def served(self, asked: Asked) -> list[Served]:
        """The requests that the model got for a question."""
        return self.model.served_for(asked.marker)

    async def ask(
        self, client: ChatClient, asked: Asked, *, fresh: bool = True, **fields: Any
    ) -> Accepted:
        """Ask until it is accepted, under one id, as the page does."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    accepted = await asyncio.wait_for(
                        client.ask(
                            asked.text, client_msg_id=asked.message_id, fresh=fresh, **fields
                        ),
                        6,
                    )
                except Refused:
                    raise
                except (TimeoutError, ChatError):
                    continue
                except (ConnectionError, aiohttp.ClientError):
                    await self.reconnect(client)
                    continue
                return accepted

    async def reconnect(self, client: ChatClient) -> None:
        while True:
            try:
                await client.connect()
            except NOT_CONNECTED:
                await asyncio.sleep(0.2)
            else:
                return

    def read(
        self, answer_id: str, *, text: str | None = None, states: Sequence[str] = ("done",)
    ) -> Watched:
        """A new tab's view of an answer, to be checked at the end."""
        transcript = Watched(answer_id)
        self.readings.append(Reading(transcript=transcript, states=tuple(states), text=text))
        return transcript

    async def follow(self, client: ChatClient, transcript: Watched) -> None:
        await client.follow(transcript.answer_id, transcript=transcript, timeout_s=PATIENCE_S)

    async def until(
        self, client: ChatClient, transcript: Watched, tokens: int = 1, *, epoch: int = 1
    ) -> None:
        """Receive until that many tokens of an epoch have arrived, or the end."""
        while transcript.end is None:
            if transcript.epoch >= epoch and len(transcript.text.split()) >= tokens:
                return
            try:
                event = await client.receive(client.watchdog_s)
            except TimeoutError:
                await client.resume(transcript)
                continue
            if not isinstance(event, FRAMED) or event.answer_id != transcript.answer_id:
                continue
            if transcript.apply(event) == "resume":
                await client.resume(transcript)

    # --- faults -------------------------------------------------------------------------------

    def strike(self, *, beyond_epoch: int = 0, to_end: bool = False) -> None:
        """Note that the fault strikes now. Recovery ends with the next thing that a person sees,
        of a later epoch than ``beyond_epoch``; or with the end of the answer."""
        self._struck_at = time.monotonic()
        self._to_end = to_end
        self._beyond_epoch = beyond_epoch

    async def settle(self, holds: Callable[[], object], what: str, within_s: float = 90.0) -> None:
        """Wait until something holds; it is a problem if it does not in time."""
        deadline = time.monotonic() + within_s
        while not await asyncio.to_thread(holds):
            if time.monotonic() > deadline:
                self.problem(f"not within {within_s:.0f} s: {what}")
                return
            await asyncio.sleep(0.1)

    def problem(self, what: str) -> None:
        self.verdict.problems.append(what)

    def expect(self, holds: object, what: str) -> None:
        if not holds and not self._lenient:
            self.problem(what)

    # --- the verdict --------------------------------------------------------------------------

    def close(self) -> Verdict:
        """Compare what was seen with what is stored."""
        for reading in self.readings:
            self._compare(reading)
        if self._struck_at is not None:
            after = [
                at - self._struck_at
                for reading in self.readings
                for at, epoch in reading.transcript.progress
                if at > self._struck_at and epoch > self._beyond_epoch
            ]
            self.verdict.recovery_s = (max if self._to_end else min)(after, default=None)
        return self.verdict

    def _compare(self, reading: Reading) -> None:
        seen, verdict = reading.transcript, self.verdict
        verdict.terminals.append(seen.terminal)
        header = self.stack.header(seen.answer_id)
        if "end" not in header or seen.end is None:
            self.problem(f"answer {seen.answer_id} has no end")
            return
        end = msgspec.json.decode(header["end"], type=End)
        stored = self.stack.stored_text(seen.answer_id, end.epoch, end.last_seq)
        if stored is None:
            self.problem("the log has a hole")
        shown, kept = Counter(seen.text.split()), Counter((stored or "").split())
        verdict.lost += (kept - shown).total()
        verdict.duplicated += (shown - kept).total()
        verdict.hashes.append(seen.text == stored and seen.end.sha256 == end.sha256)
        self.expect(end.state in reading.states, f"ended as {end.state}, {end.error}")
        if reading.text is not None:
            self.expect(stored == reading.text, "the stored text is not what the model said")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question with the marker by which the model knows it, under one message id."""

    marker: str
    text: str
    message_id: str = field(default_factory=new_id)


def text_of(script: Script) -> str:
    return "".join(script.tokens)
