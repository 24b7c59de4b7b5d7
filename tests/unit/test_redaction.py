"""Personal data leaves no trace in an answer, however the answer was cut into pieces."""

from __future__ import annotations

import itertools
import re
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copilot.redaction import KINDS, Redactor, redact, stream
from inference.grounding.links import unknown_links

REMOVED = [
    ("card", "4111 1111 1111 1111"),
    ("card", "4111111111111111"),
    ("card", "5500-0055-5555-5559"),
    ("card", "3782 822463 10005"),
    ("ssn", "123-45-6789"),
    ("email", "jane.o'neil+grid@ops.example.co.uk"),
    ("email", "a_b%c@x-y.org"),
    ("phone", "+49 30 901820"),
    ("phone", "+44 (0)20 7946 0958"),
    ("phone", "(415) 555-2671"),
    ("phone", "415-555-2671"),
    ("phone", "1-415-555-2671"),
    ("iban", "DE89 3704 0044 0532 0130 00"),
    ("iban", "GB82WEST12345698765432"),
    ("iban", "NO93 8601 1117 947"),
    ("iban", "de89 3704 0044 0532 0130 00"),
    ("iban", "gb82west12345698765432"),
]
KEPT = [
    "1,200 MW in 2019 and 1,300 MW in 2020",
    "4111 1111 1111 1112",  # fails Luhn
    "0.4111111111111111",
    "0000 0000 0000 0000",
    "DE89 3704 0044 0532 0130 02",
    "900-45-6789 and 666-45-6789 and 123-00-6789",
    "clause 12.3.4, table 100-200-3000",
    "user@localhost",
    "2024-10-01 to 2024-12-31",
    "https://example.org/a@b",
    "+12 MW, -3 %, +1,250 GWh",
    "ISO 27001:2022, IEC 61850-7-420",
]
SURROUNDINGS = ["{}", "Call {} now.", "({})", "a:{};b", "'{}'", "[1]{}", "{}, {}", "Zahl 7 {}."]


@pytest.mark.parametrize(("kind", "secret"), REMOVED)
@pytest.mark.parametrize("around", SURROUNDINGS)
def test_every_kind_is_removed_wherever_it_stands(kind: str, secret: str, around: str) -> None:
    text = around.replace("{}", secret)
    out = redact(text)
    digits = re.sub(r"\W", "", secret)
    assert digits not in re.sub(r"\W", "", out)
    assert "‹" in out
    assert redact(text, set(KINDS) - {kind, "card", "phone"}) == text or kind in ("card", "phone")


@pytest.mark.parametrize("text", KEPT)
def test_what_is_nobodys_number_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(("kind", "secret"), REMOVED)
def test_a_secret_cut_at_every_place_is_removed(kind: str, secret: str) -> None:
    text = f"Before {secret} after, {secret}. End {secret}"
    whole = redact(text)
    for cut in range(len(text) + 1):
        redactor = Redactor()
        assert redactor.feed(text[:cut]) + redactor.feed(text[cut:]) + redactor.finish() == whole
        assert sum(redactor.removed.values()) == 3
    one_by_one = Redactor()
    assert "".join(map(one_by_one.feed, text)) + one_by_one.finish() == whole


PIECES = st.one_of(
    st.sampled_from([secret for _, secret in REMOVED] + KEPT),
    st.text(alphabet="0123456789 -+().@aDE8\u00a0", max_size=30),
    st.text(max_size=8),
)


@settings(max_examples=400)
@given(
    pieces=st.lists(PIECES, max_size=6),
    cuts=st.lists(st.integers(0, 400), max_size=12),
    kinds=st.sets(st.sampled_from(KINDS)),
)
def test_the_stream_joined_is_the_redaction_of_the_whole(
    pieces: list[str], cuts: list[int], kinds: set[str]
) -> None:
    text = "".join(pieces)
    places = sorted({min(cut, len(text)) for cut in cuts} | {0, len(text)})
    redactor = Redactor(kinds)
    out = "".join(redactor.feed(text[a:b]) for a, b in itertools.pairwise(places))
    assert out + redactor.finish() == redact(text, kinds)


@settings(max_examples=200)
@given(text=st.text(alphabet="0123456789 -+().@abDE\n", max_size=200))
def test_what_is_held_back_is_bounded_and_nothing_else_is_lost(text: str) -> None:
    redactor = Redactor()
    sent = ""
    for character in text * 8:
        sent += redactor.feed(character)
        assert len(redactor._text) <= 330
    if not redactor.removed:
        sent += redactor.finish()
        if not redactor.removed:
            assert sent == text * 8


def test_ordinary_words_leave_with_the_next_character() -> None:
    redactor = Redactor()
    assert redactor.feed("The grid") == "The "
    assert redactor.feed(" code") == "grid "
    assert redactor.feed(".") == ""
    assert redactor.feed(" ") == "code. "


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(ValueError, match="passport"):
        redact("x", ["passport"])


def test_no_kinds_change_nothing() -> None:
    assert redact("4111 1111 1111 1111", []) == "4111 1111 1111 1111"


@settings(max_examples=400)
@given(
    pieces=st.lists(
        st.one_of(PIECES, st.sampled_from(["see ", "www.x.com/a ", "é DE ", "http: //y "]))
    )
)
def test_passing_over_plain_words_changes_nothing(pieces: list[str]) -> None:
    text, links = "".join(pieces), unknown_links([])

    def redacted() -> str:
        redactor = Redactor(KINDS, others=[links])
        return redactor.feed(text) + redactor.finish()

    quickly = redacted()
    with mock.patch.object(stream, "_PLAIN", re.compile(r"(?!)")):
        assert redacted() == quickly
