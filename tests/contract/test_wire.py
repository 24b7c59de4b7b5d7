"""The wire protocol: its schema, its decoders, and the golden streams that the page reads too."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot import wire
from copilot.transcript import Transcript

ROOT = Path(__file__).parents[2]
STREAMS = sorted((ROOT / "events" / "wire").glob("*.jsonl"))
IGNORED_TYPES = {"weather"}

ANSWER_EVENTS = wire.Start | wire.Sources | wire.Delta | wire.Snapshot | wire.End


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


class GoldenClient:
    """Feeds a stream's server frames to transcripts and counts the resumes they ask for."""

    def __init__(self) -> None:
        self.transcripts: dict[str, Transcript] = {}
        self.resumes: list[tuple[str, int, int]] = []
        self.awaiting: set[str] = set()

    def receive(self, event: wire.AnyServerEvent) -> None:
        if not isinstance(event, ANSWER_EVENTS):
            return
        transcript = self.transcripts.setdefault(event.answer_id, Transcript(event.answer_id))
        if isinstance(event, wire.Snapshot):
            self.awaiting.discard(event.answer_id)
        outcome = transcript.apply(event)
        if outcome == "resume" and event.answer_id not in self.awaiting:
            self.awaiting.add(event.answer_id)
            self.resumes.append((event.answer_id, transcript.epoch, transcript.last_seq))


def test_the_committed_schema_is_the_code_s() -> None:
    committed = json.loads((ROOT / "copilot" / "wire.schema.json").read_text())
    assert committed == wire.json_schema(), "run: make generate"


def test_there_are_golden_streams() -> None:
    assert len(STREAMS) >= 20


@pytest.mark.parametrize("path", STREAMS, ids=lambda path: path.stem)
def test_golden_frames_decode_and_encode_to_the_same_json(path: Path) -> None:
    for line in lines_of(path)[:-1]:
        if frame := line.get("client"):
            message = wire.decode_client(json.dumps(frame))
            assert json.loads(wire.encode_client(message)) == frame
        elif line["server"]["type"] not in IGNORED_TYPES:
            event = wire.decode_event(json.dumps(line["server"]))
            assert json.loads(wire.encode_event(event)) == line["server"]
        else:
            with pytest.raises(msgspec.ValidationError):
                wire.decode_event(json.dumps(line["server"]))


@pytest.mark.parametrize("path", STREAMS, ids=lambda path: path.stem)
def test_a_golden_stream_ends_as_expected(path: Path) -> None:
    *lines, last = lines_of(path)
    client = GoldenClient()
    asked = []
    for line in lines:
        if frame := line.get("client"):
            if frame["action"] == "hello":
                client.awaiting.clear()
            if frame["action"] == "resume":
                asked.append((frame["answer_id"], frame.get("epoch", 0), frame.get("after_seq", 0)))
        elif line["server"]["type"] not in IGNORED_TYPES:
            client.receive(wire.decode_event(json.dumps(line["server"])))
    expect = last["expect"]
    assert set(client.resumes) <= set(asked)  # the others follow a cut socket or a reload
    assert len(asked) == expect["resumes"]
    for answer in expect["answers"]:
        transcript = client.transcripts[answer["answer_id"]]
        assert (transcript.text, transcript.epoch) == (answer["text"], answer["epoch"])
        assert hashlib.sha256(transcript.text.encode()).hexdigest() == answer["sha256"]
        assert [source.id for source in transcript.sources] == answer["sources"]
        assert transcript.state == answer["state"]


def refusal_of(frame: bytes) -> str | None:
    """The code of the refusal; a frame that decodes must survive encoding."""
    try:
        message = wire.decode_client(frame)
    except wire.ProtocolError as error:
        return error.code
    assert wire.decode_client(wire.encode_client(message)) == message
    return None


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_whatever_a_client_sends_decodes_or_is_refused_in_words(frame: bytes) -> None:
    assert refusal_of(frame) in {None, "bad_json", "bad_message", "unknown_action"}


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)
FIELDS = ["client_id", "text", "data", "answer_id", "epoch", "after_seq", "t", "v", "filters"]


@given(
    st.sampled_from([*sorted(wire.ACTIONS), "dance"]),
    st.dictionaries(st.sampled_from(FIELDS), json_values),
)
def test_every_action_with_any_fields_decodes_or_is_refused_in_words(
    action: str, fields: dict[str, Any]
) -> None:
    frame = json.dumps({"action": action, **fields}).encode()
    assert refusal_of(frame) in {None, "bad_message", "unknown_action"}


def test_a_deeply_nested_frame_is_refused_in_words() -> None:
    assert refusal_of(b"[" * 20_000) == "bad_json"
