"""Where the language model's key comes from, with Secrets Manager on moto."""

from __future__ import annotations

import boto3
import pytest

from inference.chat_models.model_key import ModelKey
from inference.ports import ModelError


def key_of(*, key: str = "", secret_arn: str = "", base_url: str = "") -> str:
    return ModelKey(
        key=key,
        secret_arn=secret_arn,
        base_url=base_url,
        secrets=lambda: boto3.client("secretsmanager"),
    ).read()


def secret(text: str) -> str:
    made = boto3.client("secretsmanager").create_secret(Name="key", SecretString=text)
    return made["ARN"]


@pytest.mark.parametrize(
    "text",
    ["sk-1", " sk-1\n", '{"OPENAI_API_KEY": "sk-1"}', '{"other": "x", "OPENAI_API_KEY": " sk-1 "}'],
)
def test_a_secret_is_the_key_or_holds_it_in_a_field(aws: None, text: str) -> None:
    assert key_of(secret_arn=secret(text)) == "sk-1"


def test_a_key_that_is_set_wins_and_no_secret_is_read() -> None:
    assert key_of(key="sk-2", secret_arn="arn:unread") == "sk-2"


def test_a_compatible_server_needs_no_key() -> None:
    assert key_of(base_url="http://localhost:11434/v1") == "none"


@pytest.mark.parametrize("text", [" ", "{}", '{"OPENAI_API_KEY": 5}', "{broken"])
def test_a_secret_without_a_key_says_what_to_do(aws: None, text: str) -> None:
    with pytest.raises(ModelError, match="put-secret-value") as caught:
        key_of(secret_arn=secret(text))
    assert caught.value.code == "model_auth"


def test_a_missing_secret_names_the_setting(aws: None) -> None:
    with pytest.raises(ModelError, match="OPENAI_SECRET_ARN"):
        key_of(secret_arn="arn:aws:secretsmanager:eu-central-1:1:secret:none")


def test_no_key_at_all_names_both_settings() -> None:
    with pytest.raises(ModelError, match="OPENAI_API_KEY, or OPENAI_SECRET_ARN"):
        key_of()
