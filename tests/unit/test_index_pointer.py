"""The pointer to the current index: what is read back, and what is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot.index_bundle.manifest import IndexUnusable
from copilot.index_bundle.pointer import (
    PREFIX,
    IndexPointer,
    decode_pointer,
    encode_pointer,
    is_version,
    key_of,
)

hexadecimal = st.text("0123456789abcdef", min_size=64, max_size=64)
pointers = st.builds(
    lambda corpus, digest, at: IndexPointer(
        version=f"{corpus[:16]}-{digest[:12]}", manifest_sha256=digest, published_at=at
    ),
    hexadecimal,
    hexadecimal,
    st.integers(0, 2**53),
)


@given(pointers)
def test_a_pointer_is_read_as_it_was_written(pointer: IndexPointer) -> None:
    assert decode_pointer(encode_pointer(pointer)) == pointer


@given(st.binary())
def test_whatever_is_no_pointer_is_refused_with_what_to_do(raw: bytes) -> None:
    with pytest.raises(IndexUnusable, match="make index-rollback"):
        decode_pointer(raw)


@given(pointers, st.data())
def test_a_pointer_with_one_byte_changed_is_the_same_or_refused_or_names_a_safe_version(
    pointer: IndexPointer, data: st.DataObject
) -> None:
    raw = bytearray(encode_pointer(pointer))
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = decode_pointer(bytes(raw))
    except IndexUnusable:
        return
    assert is_version(found.version)
    assert found.version.endswith(found.manifest_sha256[:12])


@given(pointers, st.sampled_from(["../../etc", "a/b-000000000000", "", "..", "x" * 300]))
def test_a_version_that_leads_elsewhere_is_refused(pointer: IndexPointer, version: str) -> None:
    fields = {**json.loads(encode_pointer(pointer)), "version": version}
    with pytest.raises(IndexUnusable):
        decode_pointer(json.dumps(fields).encode())


@given(st.text())
def test_a_files_key_stays_in_its_version(name: str) -> None:
    version = "0123456789abcdef-0123456789ab"
    try:
        key = key_of(version, name)
    except IndexUnusable:
        return
    assert key.startswith(f"{PREFIX}{version}/")
    assert ".." not in key.split("/")
    assert "//" not in key
