"""The credentials of an AWS session, as botocore finds and renews them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import NoCredentialsError

from inference.aws.signing import Credentials

if TYPE_CHECKING:
    from botocore.credentials import Credentials as Renewed


class Session(Protocol):
    """Whatever finds credentials as botocore does."""

    def get_credentials(self) -> Renewed | None: ...


class SessionCredentials:
    """Reads the credentials of ``session``. Only those that have to be renewed cost a request."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._source = session.get_credentials()

    def read(self) -> Credentials:
        """The credentials of now.

        Raises:
            NoCredentialsError: the session has none.
        """
        if self._source is None:
            self._source = self._session.get_credentials()
        if self._source is None:
            raise NoCredentialsError
        found = self._source.get_frozen_credentials()
        return Credentials(found.access_key or "", found.secret_key or "", found.token)
