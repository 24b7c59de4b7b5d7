"""Sealed texts: the bytes of the format, and what a tenant's keys open; KMS is moto's."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from copilot.sealing import envelope
from copilot.sealing.choosing import sealer_of
from copilot.sealing.data_keys import DAY_S, KEPT_S, DataKeys, Shelf
from copilot.sealing.kms_sealer import KmsSealer
from copilot.sealing.sealer import (
    UNSEALED,
    KeyMissing,
    KeyUnavailable,
    NotAuthentic,
    Place,
    SealError,
)
from copilot.table import Table
from tests.conftest import Time

KEY = bytes(range(32))
NONCE = bytes(range(12))
PLACE = Place("acme", "ANS#a1", "ASK", "text")
TEXT = "What is the fee of Alder?"
STORED = bytes.fromhex(
    "010007"
    "77726170706564"
    "000102030405060708090a0b"
    "106ab76fe58cb13bf929f2abd78c1d4decb0a7759c1f3a0e075f6ef2bbf68b4c"
    "28d8342b6400f0247f"
)
"""Format 1 of ``TEXT`` at ``PLACE`` under ``KEY`` and ``NONCE``, wrapped key ``wrapped``. It must
never change: rows like it are in people's tables."""

PLACES = st.builds(Place, *[st.text(max_size=12)] * 4)


class CountingKms:
    """Moto's KMS behind a counter; it can be switched off."""

    def __init__(self) -> None:
        self._client: Any = boto3.client("kms")
        self.calls: list[str] = []
        self.refusal: str | None = None

    def create_key(self) -> str:
        return str(self._client.create_key()["KeyMetadata"]["Arn"])

    def generate_data_key(self, **request: Any) -> Mapping[str, Any]:
        self._count("GenerateDataKey")
        answer: Mapping[str, Any] = self._client.generate_data_key(**request)
        return answer

    def decrypt(self, **request: Any) -> Mapping[str, Any]:
        self._count("Decrypt")
        answer: Mapping[str, Any] = self._client.decrypt(**request)
        return answer

    def _count(self, name: str) -> None:
        self.calls.append(name)
        if self.refusal:
            raise ClientError({"Error": {"Code": self.refusal, "Message": "no"}}, name)


@pytest.fixture
def kms(table: Table) -> CountingKms:
    return CountingKms()


class Office:
    """Processes that share a table and a KMS key."""

    def __init__(self, kms: CountingKms, table: Table, time: Time) -> None:
        self._kms, self._table, self._time = kms, table, time
        self._key_id = kms.create_key()

    def process(self, *, most_kept: int = 10) -> KmsSealer:
        return KmsSealer(self.keys(Shelf, most_kept=most_kept))

    def keys(self, shelf: type[Shelf], *, most_kept: int = 10) -> DataKeys:
        rows = shelf(self._table.client, self._table.name, self._key_id)
        return DataKeys(self._kms, self._key_id, rows, self._time, most_kept=most_kept)


@pytest.fixture
def office(kms: CountingKms, table: Table, time: Time) -> Office:
    return Office(kms, table, time)


# --- the format -----------------------------------------------------------------------------------


def test_the_stored_bytes_are_those_of_format_1() -> None:
    sealed = envelope.encrypt(TEXT, PLACE, key=KEY, wrapped_key=b"wrapped", nonce=NONCE)
    assert sealed.encode() == STORED


def test_what_was_stored_in_format_1_is_read() -> None:
    parts = envelope.decode(STORED)
    assert (parts.wrapped_key, parts.nonce) == (b"wrapped", NONCE)
    assert envelope.decrypt(parts, PLACE, key=KEY) == TEXT


def test_the_ciphertext_is_plain_aes_256_gcm() -> None:
    """What any other program would make of the key, the nonce and the documented data."""
    aad = b'[1,"acme","ANS#a1","ASK","text"]'
    gcm = Cipher(algorithms.AES(KEY), modes.GCM(NONCE)).encryptor()
    gcm.authenticate_additional_data(aad)
    expected = gcm.update(TEXT.encode()) + gcm.finalize() + gcm.tag
    assert STORED.endswith(expected)


@given(st.text(), PLACES, PLACES)
def test_a_text_opens_in_its_own_place_and_in_no_other(text: str, own: Place, other: Place) -> None:
    sealed = envelope.encrypt(text, own, key=KEY, wrapped_key=b"w", nonce=NONCE)
    assert envelope.decrypt(envelope.decode(sealed.encode()), own, key=KEY) == text
    if other != own:
        with pytest.raises(NotAuthentic):
            envelope.decrypt(sealed, other, key=KEY)


@given(st.integers(0, len(STORED) - 1), st.integers(1, 255))
def test_no_byte_of_a_sealed_text_can_be_changed(at: int, by: int) -> None:
    damaged = bytearray(STORED)
    damaged[at] ^= by
    try:
        parts = envelope.decode(bytes(damaged))
    except NotAuthentic:
        return
    # Where the wrapped key was changed, KMS gives out another key or none.
    key = KEY if parts.wrapped_key == b"wrapped" else bytes(32)
    with pytest.raises(NotAuthentic):
        envelope.decrypt(parts, PLACE, key=key)


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(stored: bytes) -> None:
    try:
        assert envelope.decode(stored).encode() == stored
    except NotAuthentic:
        assert stored != STORED


@pytest.mark.parametrize("length", range(len(STORED) - 1))
def test_a_text_that_was_cut_off_is_refused(length: int) -> None:
    with pytest.raises(NotAuthentic):
        envelope.decrypt(envelope.decode(STORED[:length]), PLACE, key=KEY)


# --- keys -----------------------------------------------------------------------------------------


def test_what_one_process_seals_another_opens(office: Office) -> None:
    sealed = office.process().seal(PLACE, TEXT)
    assert TEXT.encode() not in sealed
    assert office.process().open(PLACE, sealed) == TEXT


def test_the_same_text_looks_different_every_time(office: Office) -> None:
    process = office.process()
    assert process.seal(PLACE, TEXT) != process.seal(PLACE, TEXT)


def test_a_tenant_s_key_is_given_out_for_no_other_tenant(office: Office) -> None:
    sealed = office.process().seal(PLACE, TEXT)
    elsewhere = Place("globex", PLACE.pk, PLACE.sk, PLACE.attribute)
    with pytest.raises(NotAuthentic):
        office.process().open(elsewhere, sealed)


def test_a_key_that_this_process_has_opened_is_no_key_of_another_tenant(office: Office) -> None:
    process = office.process()
    sealed = process.seal(PLACE, TEXT)
    with pytest.raises(NotAuthentic):
        process.open(Place("globex", PLACE.pk, PLACE.sk, PLACE.attribute), sealed)


def test_a_text_that_was_moved_to_another_row_is_refused(office: Office) -> None:
    process = office.process()
    sealed = process.seal(PLACE, TEXT)
    for other in (
        Place("acme", "ANS#a2", "ASK", "text"),
        Place("acme", "ANS#a1", "HDR", "text"),
        Place("acme", "ANS#a1", "ASK", "title"),
    ):
        with pytest.raises(NotAuthentic):
            process.open(other, sealed)


def test_a_changed_byte_is_refused_wherever_it_lies(office: Office) -> None:
    process = office.process()
    sealed = process.seal(PLACE, TEXT)
    for at in range(0, len(sealed), 7):
        damaged = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        # A wrapped key that names no key of this account is refused by KMS without a reason.
        with pytest.raises(SealError):
            process.open(PLACE, damaged)


def test_the_writers_of_a_day_share_one_key(office: Office, kms: CountingKms) -> None:
    sealed = [office.process().seal(PLACE, TEXT) for _ in range(3)]
    assert len({envelope.decode(one).wrapped_key for one in sealed}) == 1
    kms.calls.clear()
    reader = office.process()
    assert [reader.open(PLACE, one) for one in sealed] == [TEXT] * 3
    assert kms.calls == ["Decrypt"]


def test_two_processes_that_begin_a_day_at_once_agree_on_a_key(office: Office) -> None:
    class Late(Shelf):
        """Sees an empty shelf once, as one does that reads before the other writes."""

        seen = 0

        def read(self, tenant: str, day: int) -> bytes | None:
            self.seen += 1
            return None if self.seen == 1 else super().read(tenant, day)

    first = office.process().seal(PLACE, TEXT)
    second = KmsSealer(office.keys(Late)).seal(PLACE, TEXT)
    assert envelope.decode(first).wrapped_key == envelope.decode(second).wrapped_key


def test_another_day_and_another_tenant_have_other_keys(office: Office, time: Time) -> None:
    process = office.process()
    places = [PLACE, Place("globex", "ANS#a1", "ASK", "text")]
    sealed = [process.seal(place, TEXT) for place in places]
    time.now += DAY_S
    sealed += [process.seal(place, TEXT) for place in places]
    assert len({envelope.decode(one).wrapped_key for one in sealed}) == 4
    assert [process.open(p, s) for p, s in zip(places * 2, sealed, strict=True)] == [TEXT] * 4


def test_a_process_knows_whether_sealing_will_ask_for_a_key(
    office: Office, kms: CountingKms, time: Time
) -> None:
    """An event loop asks first, and leaves the asking to a thread."""
    process = office.process()
    assert not process.is_ready("acme")
    process.seal(PLACE, TEXT)
    kms.calls.clear()
    assert process.is_ready("acme")
    assert not process.is_ready("globex")
    process.seal(PLACE, TEXT)
    assert kms.calls == []
    time.now += KEPT_S
    assert not process.is_ready("acme")
    process.seal(PLACE, TEXT)
    time.now += DAY_S
    assert not process.is_ready("acme")


def test_keys_are_asked_for_again_after_an_hour(
    office: Office, kms: CountingKms, time: Time
) -> None:
    process = office.process()
    sealed = process.seal(PLACE, TEXT)
    kms.calls.clear()
    time.now += KEPT_S - 1
    process.open(PLACE, sealed)
    assert kms.calls == []
    kms.refusal = "DisabledException"
    time.now += 1
    with pytest.raises(KeyUnavailable):
        process.open(PLACE, sealed)
    with pytest.raises(KeyUnavailable):
        process.seal(PLACE, TEXT)


def test_only_so_many_keys_are_held(office: Office, kms: CountingKms) -> None:
    process = office.process(most_kept=2)
    places = [Place(f"t{n}", "ANS#a1", "ASK", "text") for n in range(3)]
    sealed = [process.seal(place, TEXT) for place in places]
    kms.calls.clear()
    assert [process.open(p, s) for p, s in zip(places, sealed, strict=True)] == [TEXT] * 3
    assert kms.calls == ["Decrypt"] * 3


def test_another_kms_key_opens_nothing_and_seals_from_its_first_moment(
    office: Office, table: Table, kms: CountingKms, time: Time
) -> None:
    sealed = office.process().seal(PLACE, TEXT)
    another = Office(kms, table, time).process()
    with pytest.raises(SealError):
        another.open(PLACE, sealed)
    assert another.open(PLACE, another.seal(PLACE, TEXT)) == TEXT


@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException"])
def test_a_key_service_that_refuses_is_not_a_damaged_text(
    code: str, office: Office, kms: CountingKms
) -> None:
    sealed = office.process().seal(PLACE, TEXT)
    kms.refusal = code
    with pytest.raises(KeyUnavailable):
        office.process().open(PLACE, sealed)


# --- without a key --------------------------------------------------------------------------------


def test_without_a_key_a_sealed_text_says_what_to_set(office: Office) -> None:
    sealed = office.process().seal(PLACE, TEXT)
    with pytest.raises(KeyMissing, match="KMS_KEY_ID"):
        UNSEALED.open(PLACE, sealed)


def test_without_a_key_nothing_of_it_is_imported(table: Table, time: Time) -> None:
    def never() -> Any:
        raise AssertionError("no client is made")

    assert sealer_of("", never, table.client, table.name, time) is UNSEALED
    for entry in ("websocket_handler.app", "websocket_handler.dead_letters", "inference.app"):
        script = f"import sys, {entry}\nsys.exit('cryptography' in sys.modules)"
        subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
