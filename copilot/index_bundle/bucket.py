"""The bucket of published indexes: the pointer, read and switched; versions and their files, read.

Knows S3's calls and errors, not what an index is made of.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from copilot.index_bundle.manifest import MANIFEST_NAME
from copilot.index_bundle.pointer import (
    POINTER_KEY,
    PREFIX,
    IndexPointer,
    decode_pointer,
    encode_pointer,
    is_version,
)

_MISSING = {"404", "NoSuchKey", "NotFound"}
_LOST = {"412", "PreconditionFailed", "409", "ConditionalRequestConflict", "404", "NoSuchKey"}


class S3Client(Protocol):
    """What is used of S3's client."""

    @property
    def get_object(self) -> Callable[..., Any]: ...

    @property
    def put_object(self) -> Callable[..., Any]: ...

    @property
    def head_object(self) -> Callable[..., Any]: ...

    @property
    def delete_object(self) -> Callable[..., Any]: ...

    @property
    def list_objects_v2(self) -> Callable[..., Any]: ...


class BucketUnreachable(Exception):
    """S3 refused or did not answer. The message says which call and why."""


class ObjectMissing(Exception):
    """There is no such object."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key} is not in the bucket.")
        self.key = key


class PointerMoved(Exception):
    """Somebody else has switched the pointer since it was read."""


class Current(Struct, frozen=True):
    """The pointer as it was read, and the entity tag under which it may be replaced."""

    pointer: IndexPointer
    etag: str


class Version(Struct, frozen=True):
    """A complete version. ``uploaded_at`` is in seconds since 1970."""

    name: str
    uploaded_at: float
    bytes: int


class IndexBucket(Struct, frozen=True):
    """The bucket as a value: the client that reaches it and its name."""

    client: S3Client
    name: str

    def current(self) -> Current | None:
        """The pointer; ``None`` where nothing has been published.

        Raises:
            IndexUnusable: it is damaged.
            BucketUnreachable: it cannot be read.
        """
        try:
            answer = self.client.get_object(Bucket=self.name, Key=POINTER_KEY)
            raw, etag = answer["Body"].read(), answer["ETag"]
        except ClientError as error:
            if code_of(error) in _MISSING:
                return None
            raise unreachable(self.name, POINTER_KEY, error) from error
        except BotoCoreError as error:
            raise unreachable(self.name, POINTER_KEY, error) from error
        return Current(decode_pointer(raw), etag)

    def pointer_etag(self) -> str | None:
        """The entity tag of the pointer as it is now, or ``None``: one small request.

        Raises:
            BucketUnreachable: it cannot be read.
        """
        try:
            return str(self.client.head_object(Bucket=self.name, Key=POINTER_KEY)["ETag"])
        except ClientError as error:
            if code_of(error) in _MISSING:
                return None
            raise unreachable(self.name, POINTER_KEY, error) from error
        except BotoCoreError as error:
            raise unreachable(self.name, POINTER_KEY, error) from error

    def switch(self, pointer: IndexPointer, replacing: str | None) -> None:
        """Make ``pointer`` the current one, if it still stands at ``replacing`` (``None``: at
        nothing), which is one conditional write.

        Raises:
            PointerMoved: it does not.
            BucketUnreachable: it cannot be written.
        """
        condition = {"IfNoneMatch": "*"} if replacing is None else {"IfMatch": replacing}
        try:
            self.client.put_object(
                Bucket=self.name,
                Key=POINTER_KEY,
                Body=encode_pointer(pointer),
                ContentType="application/json",
                CacheControl="no-store",
                **condition,
            )
        except ClientError as error:
            if code_of(error) in _LOST:
                raise PointerMoved from error
            raise unreachable(self.name, POINTER_KEY, error) from error
        except BotoCoreError as error:
            raise unreachable(self.name, POINTER_KEY, error) from error

    def read(
        self, key: str, *, start: int = 0, length: int | None = None, most: int | None = None
    ) -> bytes:
        """An object, or ``length`` bytes of it from ``start``; fewer where it ends before. Of a
        whole object no more than ``most`` bytes are read.

        Raises:
            ObjectMissing: there is none, or it ends before ``start``.
            BucketUnreachable: it cannot be read.
        """
        part = {} if length is None else {"Range": f"bytes={start}-{start + length - 1}"}
        try:
            answer = self.client.get_object(Bucket=self.name, Key=key, **part)
            with closing(answer["Body"]) as body:
                return bytes(body.read(most))
        except ClientError as error:
            if code_of(error) in (*_MISSING, "InvalidRange", "416"):
                raise ObjectMissing(key) from error
            raise unreachable(self.name, key, error) from error
        except BotoCoreError as error:
            raise unreachable(self.name, key, error) from error

    def delete(self, key: str) -> None:
        """Delete an object; there is nothing to do where there is none.

        Raises:
            BucketUnreachable: it cannot be deleted.
        """
        try:
            self.client.delete_object(Bucket=self.name, Key=key)
        except (ClientError, BotoCoreError) as error:
            raise unreachable(self.name, key, error) from error

    def sizes(self, prefix: str) -> dict[str, tuple[int, float]]:
        """Size in bytes, and time of upload (seconds since 1970), of every object under ``prefix``.

        Raises:
            BucketUnreachable: it cannot be listed.
        """
        found: dict[str, tuple[int, float]] = {}
        following: dict[str, str] = {}
        try:
            while True:
                page = self.client.list_objects_v2(Bucket=self.name, Prefix=prefix, **following)
                for item in page.get("Contents", []):
                    found[item["Key"]] = (item["Size"], item["LastModified"].timestamp())
                if not page.get("IsTruncated"):
                    return found
                following = {"ContinuationToken": page["NextContinuationToken"]}
        except (ClientError, BotoCoreError) as error:
            raise unreachable(self.name, prefix, error) from error

    def versions(self) -> list[Version]:
        """Every complete version, newest first.

        Raises:
            BucketUnreachable: it cannot be listed.
        """
        bytes_of: dict[str, int] = {}
        uploaded: dict[str, float] = {}
        for key, (size, at) in self.sizes(PREFIX).items():
            version, _, file = key.removeprefix(PREFIX).partition("/")
            if is_version(version):
                bytes_of[version] = bytes_of.get(version, 0) + size
                if file == MANIFEST_NAME:
                    uploaded[version] = at
        newest_first = sorted(uploaded, key=lambda version: (-uploaded[version], version))
        return [Version(v, uploaded[v], bytes_of[v]) for v in newest_first]


def code_of(error: ClientError) -> str:
    """S3's code of an error, such as ``NoSuchKey``."""
    return str(error.response.get("Error", {}).get("Code", ""))


def unreachable(bucket: str, key: str, error: Exception) -> BucketUnreachable:
    """The error to raise for one of S3's."""
    return BucketUnreachable(
        f"s3://{bucket}/{key}: {error} Check the bucket's name, the region and the permissions."
    )
