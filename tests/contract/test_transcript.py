"""Whatever the network does to the frames, a client that resumes ends with the stored text."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from copilot.answer_log.header import Header
from copilot.answer_log.replay import Chunk, snapshot_pages
from copilot.identity import Identity
from copilot.transcript import Transcript
from copilot.wire import Delta, End, Snapshot, Source, Sources, Start

ANSWER = "answer"
SOURCE = Source(id="1", title="PPA", snippet="…", score=1.0, document="ppa.md", chunk_id="c1")

Frame = Start | Sources | Delta | End


def frames_of(texts: list[str], epoch: int = 1) -> list[Frame]:
    """A whole answer as a worker pushes it: sources as seq 1, then the texts, then the end."""
    text = "".join(texts)
    return [
        Start(answer_id=ANSWER, epoch=epoch, cache="miss"),
        Sources(answer_id=ANSWER, epoch=epoch, seq=1, items=[SOURCE]),
        *(
            Delta(answer_id=ANSWER, epoch=epoch, seq=seq, text=piece)
            for seq, piece in enumerate(texts, start=2)
        ),
        End(
            answer_id=ANSWER,
            epoch=epoch,
            last_seq=len(texts) + 1,
            state="done",
            finish_reason="stop",
            sha256=hashlib.sha256(text.encode()).hexdigest(),
            citations=[],
        ),
    ]


def snapshot(frames: list[Frame], epoch: int, after_seq: int, upto: int) -> list[Snapshot | End]:
    """What the log answers to a resume when ``upto`` is the last stored seq."""
    chunks = []
    for frame in frames:
        if isinstance(frame, Sources):
            chunks.append(Chunk(seq=frame.seq, sources=frame.items))
        elif isinstance(frame, Delta):
            chunks.append(Chunk(seq=frame.seq, text=frame.text))
    end = frames[-1]
    assert isinstance(end, End)
    final = upto >= end.last_seq
    header = Header(
        answer_id=ANSWER,
        identity=Identity(tenant="t", user="u"),
        conversation_id="c",
        epoch=end.epoch,
        last_seq=upto,
        state="done" if final else "streaming",
        lease_until=0,
        attempts=1,
        subscribers=frozenset(),
        cancelled=False,
        created=0,
    )
    from_seq = after_seq + 1 if epoch == end.epoch else 1
    wanted = [c for c in chunks if from_seq <= c.seq <= upto]
    pages: list[Snapshot | End] = list(snapshot_pages(header, wanted, from_seq))
    return [*pages, end] if final else pages


texts = st.lists(st.text(max_size=12), min_size=1, max_size=12)


@given(texts, st.data())
def test_any_loss_repetition_and_order_ends_in_the_stored_text(
    pieces: list[str], data: st.DataObject
) -> None:
    frames = frames_of(pieces)
    mangled = data.draw(
        st.lists(st.sampled_from(frames), max_size=2 * len(frames)), label="what arrives"
    )
    transcript = Transcript(ANSWER)
    for frame in mangled:
        if transcript.apply(frame) == "resume" and data.draw(st.booleans(), label="served"):
            upto = data.draw(st.integers(transcript.last_seq, len(pieces) + 1), label="stored")
            for event in snapshot(frames, transcript.epoch, transcript.last_seq, upto):
                transcript.apply(event)
    # The watchdog fires: one last resume, once everything is stored.
    for event in snapshot(frames, transcript.epoch, transcript.last_seq, len(pieces) + 1):
        transcript.apply(event)
    assert transcript.end is not None
    assert transcript.text == "".join(pieces)
    assert transcript.sources == [SOURCE]


@given(texts, texts, st.data())
def test_a_newer_epoch_replaces_the_text_and_an_older_one_is_dropped(
    old: list[str], new: list[str], data: st.DataObject
) -> None:
    zombie, takeover = frames_of(old, epoch=1)[:-1], frames_of(new, epoch=2)
    order = data.draw(st.lists(st.booleans(), min_size=len(zombie) + len(takeover)))
    queues = {False: list(zombie), True: list(takeover)}
    transcript = Transcript(ANSWER)
    for newer in [*order, *([False] * len(zombie)), *([True] * len(takeover))]:
        if queues[newer]:
            transcript.apply(queues[newer].pop(0))
    assert transcript.end is not None
    assert transcript.text == "".join(new)
    assert transcript.epoch == 2


def test_live_frames_that_overtake_a_snapshot_are_not_applied_twice() -> None:
    frames = frames_of(["a", "b", "c"])
    transcript = Transcript(ANSWER)
    for frame in frames[:3]:  # start, sources, "a"
        transcript.apply(frame)
    late = snapshot(frames, 1, 2, upto=3)  # asked at seq 2 and stored up to "b"
    transcript.apply(frames[3])  # "b" arrives live first
    assert transcript.text == "ab"
    for event in late:
        transcript.apply(event)
    transcript.apply(frames[4])
    assert transcript.apply(frames[5]) == "ended"
    assert transcript.text == "abc"
