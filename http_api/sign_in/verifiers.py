"""The verifier that the settings ask for, on its AWS client or the pool's published keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from http_api.sign_in.verifier import SignInUnavailable, Verifier

if TYPE_CHECKING:
    from http_api.settings import Settings


def verifier_of(
    settings: Settings, client: Callable[[str], Any], now: Callable[[], float]
) -> Verifier | None:
    """``None`` where nobody signs in. ``client`` makes AWS clients by the name of the service.

    What a way of signing in needs is imported only where it is chosen: cryptography takes longer
    to load than everything else here.
    """
    if settings.auth_mode == "api-key":
        from http_api.sign_in.api_keys import ApiKeys

        return ApiKeys(_secret(client("secretsmanager"), settings.api_keys_secret_arn), now)
    if settings.auth_mode == "cognito":
        from http_api.sign_in.cognito import CognitoTokens

        return CognitoTokens(settings.cognito_issuer, settings.cognito_client_id, now)
    return None


def _secret(client: Any, secret_id: str) -> Callable[[], str]:
    def read() -> str:
        try:
            return str(client.get_secret_value(SecretId=secret_id)["SecretString"])
        except (ClientError, BotoCoreError, KeyError) as error:
            raise SignInUnavailable(f"The secret {secret_id} cannot be read.") from error

    return read
