"""An API key for this machine: made once, its hash in the emulated secret, itself in a file.

The deployed code reads the secret as it does in AWS; the key is made by the command that makes
keys for a deployment.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

from local.declared.sam import REGION
from local.functions.function_environment import CREDENTIALS

SECRET_NAME = "energycopilot/api-keys"  # noqa: S105 - its name


def local_api_keys(endpoint: str, kept: Path, code: Path) -> str:
    """The name of the secret that lists the key in ``kept``; both are made if missing, by what
    lies in the folder ``code``. Blocking.
    """
    secrets = boto3.client(
        "secretsmanager",
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )
    try:
        secrets.get_secret_value(SecretId=SECRET_NAME)
        if kept.is_file():
            return SECRET_NAME
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        secrets.create_secret(Name=SECRET_NAME, SecretString='{"keys": []}')
    key, entry = _new_key(code)
    secrets.put_secret_value(SecretId=SECRET_NAME, SecretString=json.dumps({"keys": [entry]}))
    kept.touch(mode=0o600)
    kept.write_text(f"{key}\n")
    return SECRET_NAME


def _new_key(code: Path) -> tuple[str, dict[str, object]]:
    made = subprocess.run(
        [sys.executable, "-m", "http_api.sign_in.new_key", "--id", "local", "--user", "local"],
        cwd=code,
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.strip(), json.loads(made.stderr.splitlines()[-1])
