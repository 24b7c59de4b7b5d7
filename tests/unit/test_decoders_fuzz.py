"""Whatever arrives, a decoder reads it or refuses it in its own words."""

from __future__ import annotations

import random

import pytest

from tests.fuzz.decoders import DECODERS, Decoder
from tests.fuzz.fuzzing import damaged, kept, nested, survives

by_name = pytest.mark.parametrize("decoder", DECODERS, ids=lambda decoder: decoder.name)
SLOW = {"pdf": 15, "docx": 25, "html": 40, "id-token": 40}


@by_name
def test_good_inputs_are_there(decoder: Decoder) -> None:
    assert decoder.seeds()


@pytest.mark.filterwarnings("ignore")
@by_name
def test_what_once_was_not_survived_is(decoder: Decoder) -> None:
    for raw in [*kept(decoder), b"", *nested(20_000)]:
        assert survives(decoder, raw) is None, raw[:200]


@pytest.mark.filterwarnings("ignore")
@by_name
def test_a_damaged_input_is_read_or_refused(decoder: Decoder) -> None:
    chance, seeds = random.Random(decoder.name), decoder.seeds()
    for _ in range(SLOW.get(decoder.name, 150)):
        raw = damaged(chance.choice(seeds), seeds, chance)
        assert survives(decoder, raw) is None, raw[:200]
