"""The emulated services (DynamoDB, SQS, S3, Secrets Manager, KMS): one ``ministack`` process.

It listens on loopback, loads its state when it starts and saves it when it is asked to stop.
"""

from __future__ import annotations

import sys
from pathlib import Path

import aiohttp

from local.declared.sam import ACCOUNT, REGION
from local.processes.children import Child
from local.processes.readiness import until_ready

ENABLED = "dynamodb,sqs,s3,secretsmanager,kms,cloudformation,sts,iam"
START_TIMEOUT_S = 30.0
STOP_GRACE_S = 20.0
"""Saving the state of a busy day takes a while."""


class Services:
    """A running emulator."""

    def __init__(self, child: Child, endpoint: str) -> None:
        self.endpoint = endpoint
        self.child = child

    @classmethod
    async def start(
        cls, session: aiohttp.ClientSession, state: Path, logs: Path, port: int, path: str
    ) -> Services:
        """Start it and wait until it answers. ``path`` is the ``PATH`` of its environment.

        Raises:
            NotReady: it ended, or did not answer in time.
        """
        directory = state / "services"
        directory.mkdir(parents=True, exist_ok=True)
        child = await Child.start(
            "services",
            [sys.executable, "-m", "ministack"],
            environment={
                "PATH": path,
                "HOME": str(directory),
                "TMPDIR": str(directory),
                "GATEWAY_PORT": str(port),
                "BIND_HOST": "127.0.0.1",
                "SERVICES": ENABLED,
                "PERSIST_STATE": "1",
                "STATE_DIR": str(directory / "state"),
                "S3_PERSIST": "1",
                "S3_DATA_DIR": str(directory / "s3"),
                "MINISTACK_REGION": REGION,
                "MINISTACK_ACCOUNT_ID": ACCOUNT,
                "DOCKER_HOST": f"unix://{directory / 'no-docker.sock'}",
                "SFTP_ENABLED": "0",
                "IOT_MTLS_ENABLED": "0",
                "LOG_LEVEL": "WARNING",
            },
            directory=directory,
            log=logs / "services.log",
        )
        endpoint = f"http://127.0.0.1:{port}"
        await until_ready(child, session, f"{endpoint}/_ministack/ready", START_TIMEOUT_S)
        return cls(child, endpoint)

    async def stop(self) -> None:
        """Save the state and end."""
        await self.child.stop(STOP_GRACE_S)
