"""The key of the language model: from the settings, or from Secrets Manager when first needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from inference.ports import ModelError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager.client import SecretsManagerClient

FIELD = "OPENAI_API_KEY"
NO_KEY = "none"
"""Sent to a compatible server that wants no key; the SDK insists on one."""


class ModelKey:
    """Reads the key: ``key`` itself, or the secret of ``secret_arn``; ``base_url`` may need none.

    ``secrets`` makes the client, so that it is made only where it is used.
    """

    def __init__(
        self,
        *,
        key: str,
        secret_arn: str,
        base_url: str,
        secrets: Callable[[], SecretsManagerClient],
    ) -> None:
        self._key = key
        self._secret_arn = secret_arn
        self._base_url = base_url
        self._secrets = secrets

    def read(self) -> str:
        """Return the key; blocking.

        Raises:
            ModelError: ``model_auth``, naming the setting to look at.
        """
        if self._key:
            return self._key
        if self._secret_arn:
            return self._from_secret(self._secret_arn)
        if self._base_url:
            return NO_KEY
        raise _no_key("Set OPENAI_API_KEY, or OPENAI_SECRET_ARN to the secret that holds it.")

    def _from_secret(self, arn: str) -> str:
        try:
            secret = self._secrets().get_secret_value(SecretId=arn).get("SecretString", "")
        except (BotoCoreError, ClientError) as error:
            raise _no_key(
                f"OPENAI_SECRET_ARN names a secret that cannot be read: {error}"
            ) from error
        key = _field(secret.strip())
        if not key:
            raise _no_key(
                "The secret that OPENAI_SECRET_ARN names is empty. Put the key into it: "
                "aws secretsmanager put-secret-value --secret-id ARN --secret-string KEY"
            )
        return key


def _field(secret: str) -> str:
    """The key in a secret: the whole string, or a field of the JSON that the console makes."""
    if not secret.startswith("{"):
        return secret
    try:
        return msgspec.json.decode(secret, type=dict[str, str]).get(FIELD, "").strip()
    except msgspec.DecodeError:
        return ""


def _no_key(message: str) -> ModelError:
    return ModelError("model_auth", message, retryable=False)
