"""Clients of AWS as a function's cold start wants them: botocore's own, without its search.

boto3 adds S3 transfers and resource objects that nothing here uses; and before botocore makes a
client it walks the data of all of its 400 services to see whether that one is known. Neither is
needed to make the same client (docs/adr/0023-botocore-clients.md).
"""

from __future__ import annotations

import functools
import gzip
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

import msgspec
from botocore.config import Config
from botocore.loaders import JSONFileLoader, Loader
from botocore.session import Session

if TYPE_CHECKING:
    from botocore.credentials import Credentials
    from mypy_boto3_apigatewaymanagementapi.client import ApiGatewayManagementApiClient
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_secretsmanager.client import SecretsManagerClient
    from mypy_boto3_sqs.client import SQSClient


class AwsClients:
    """Makes clients from one session; safe on any thread.

    Region, credentials and endpoints come from the environment, as with boto3.
    """

    def __init__(self) -> None:
        self._session = Session()
        self._session.register_component("data_loader", _KnownServices(file_loader=_JsonFiles()))
        self._lock = threading.Lock()

    def get_credentials(self) -> Credentials | None:
        """The session's credentials, which renew themselves; ``None`` where there are none."""
        return self._session.get_credentials()

    @overload
    def client(
        self, service: Literal["dynamodb"], *, config: Config | None = None
    ) -> DynamoDBClient: ...

    @overload
    def client(self, service: Literal["sqs"], *, config: Config | None = None) -> SQSClient: ...

    @overload
    def client(
        self, service: Literal["secretsmanager"], *, config: Config | None = None
    ) -> SecretsManagerClient: ...

    @overload
    def client(
        self,
        service: Literal["apigatewaymanagementapi"],
        *,
        endpoint_url: str,
        config: Config | None = None,
    ) -> ApiGatewayManagementApiClient: ...

    @overload
    def client(self, service: Literal["s3"], *, config: Config | None = None) -> S3Client: ...

    @overload
    def client(
        self, service: str, *, endpoint_url: str | None = None, config: Config | None = None
    ) -> Any: ...

    def client(
        self, service: str, *, endpoint_url: str | None = None, config: Config | None = None
    ) -> Any:
        """A client of ``service``, at ``endpoint_url`` where given.

        Raises:
            botocore.exceptions.BotoCoreError: there is no such service, or no region is set.
        """
        with self._lock:
            return self._session.create_client(service, endpoint_url=endpoint_url, config=config)


@functools.cache
def aws_clients() -> AwsClients:
    """The clients of this process, from one session that its first caller makes."""
    return AwsClients()


class _Everything:
    """Holds every name: what is not there shows when it is read."""

    def __contains__(self, name: object) -> bool:
        return True


class _KnownServices(Loader):
    """Finds a service's data by its name, without listing all the others first."""

    def list_available_services(self, type_name: str) -> Any:
        return _Everything()


class _JsonFiles(JSONFileLoader):
    """Reads botocore's data files with msgspec, several times as fast as ``json``."""

    def exists(self, file_path: str) -> bool:
        return any(path.is_file() for path in _forms(file_path))

    def load_file(self, file_path: str) -> Any:
        """The file's content; ``None`` where there is no such file, as the loader expects."""
        for path in _forms(file_path):
            if path.is_file():
                raw = path.read_bytes()
                return msgspec.json.decode(gzip.decompress(raw) if path.suffix == ".gz" else raw)
        return None


def _forms(file_path: str) -> tuple[Path, Path]:
    return Path(file_path + ".json"), Path(file_path + ".json.gz")
