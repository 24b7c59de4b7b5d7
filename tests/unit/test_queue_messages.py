"""The messages of the question queue, as they are written and read."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot.question_queue.messages import (
    AnswerQuestion,
    AnyQueueMessage,
    BadQueueMessage,
    ForgetAnswer,
    ForgetUser,
    decode_message,
    encode_message,
)

text = st.text()


@given(
    st.one_of(
        st.builds(AnswerQuestion, answer_id=text),
        st.builds(ForgetAnswer, tenant=text, answer_id=text),
        st.builds(ForgetUser, tenant=text, user=text),
    )
)
def test_a_message_is_read_as_it_was_written(message: AnyQueueMessage) -> None:
    assert decode_message(encode_message(message)) == message


def test_a_message_without_a_kind_is_a_question() -> None:
    assert decode_message('{"v":1,"answer_id":"a1"}') == AnswerQuestion(answer_id="a1")


def test_the_kind_stands_in_the_body() -> None:
    body = json.loads(encode_message(ForgetUser(tenant="acme", user="ann")))
    assert body == {"kind": "forget_user", "v": 1, "tenant": "acme", "user": "ann"}


@pytest.mark.parametrize(
    "body",
    [
        "no json",
        "[]",
        "{}",
        '{"kind": "dance", "answer_id": "a1"}',
        '{"kind": "forget_answer", "answer_id": "a1"}',
        '{"kind": "forget_user", "tenant": "acme"}',
        '{"answer_id": 7}',
    ],
)
def test_anything_else_is_refused(body: str) -> None:
    with pytest.raises(BadQueueMessage):
        decode_message(body)
