"""From the template to what runs: its blueprint with local addresses, and a pool per function."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from local.declared.blueprint import Blueprint
from local.declared.sam import TemplateError
from local.declared.template import Template, dockerfile_handler
from local.functions.function_environment import function_environment
from local.functions.pool import Functions, Pool
from local.functions.worker import Launch
from local.options import Options
from local.services.aws_calls import Call
from local.services.deployment import secret_text
from local.services.permissions import Permissions, Statement

READ_QUEUE = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
"""What an event source mapping does."""

_SECRET = re.compile(r"\{\{resolve:secretsmanager:(.+?)(?::SecretString)?\}\}")


def read_blueprint(
    template: Template, outputs: Mapping[str, str], directory: Path, management: str, http_api: str
) -> Blueprint:
    """What runs here.

    ``outputs`` are those of the deployed services, ``directory`` is where the template's paths
    begin, ``management`` and ``http_api`` are the local addresses of the two kinds of API.

    Raises:
        TemplateError: something cannot be run here.
    """
    addresses = {
        name: management if resource["Properties"].get("ProtocolType") == "WEBSOCKET" else http_api
        for name, resource in template.resources.items()
        if resource["Type"] == "AWS::ApiGatewayV2::Api"
    }
    handlers = {}
    for name, dockerfile in template.image_functions().items():
        file = directory / dockerfile
        handler = dockerfile_handler(file.read_text()) if file.is_file() else None
        if handler is None:
            raise TemplateError(f"{name}: {file} has no CMD that names a handler.")
        handlers[name] = handler
    return template.blueprint(outputs, addresses, handlers)


def read_permissions(blueprint: Blueprint) -> Permissions:
    """What each function may do.

    Raises:
        TemplateError: a function may not read the queue that is read for it.
    """
    functions = blueprint.functions.values()
    permissions = Permissions(
        {f.name: tuple(map(Statement.of, f.statements)) for f in functions},
        {f.name: f.role for f in functions},
    )
    # Lambda reads a queue in the name of the function.
    for source in blueprint.queue_sources:
        needed = [Call(f"sqs:{action}", source.queue_arn) for action in READ_QUEUE]
        refusal = permissions.refusal(source.function, needed)
        if refusal is not None:
            raise TemplateError(refusal)
    return permissions


def make_functions(
    blueprint: Blueprint,
    options: Options,
    shell: Mapping[str, str],
    endpoints: Mapping[str, str],
    cache_url: str | None,
    logs: Path,
) -> Functions:
    """A pool for every function; no process is started yet. Blocking: it may read secrets.

    ``endpoints`` are the variables that lead AWS clients to this machine.

    Raises:
        TemplateError: a variable refers to a secret that does not exist.
    """
    found = {
        "INDEX_DIR": options.index and options.index.resolve(),
        "INDEX_CHECK_S": 1,
        "MODEL_DIR": options.model and options.model.resolve(),
        "QDRANT_URL": cache_url,
    }
    overrides = {name: str(value) for name, value in found.items() if value}
    if options.index:
        # The index that was named, whatever has been published before.
        overrides["INDEX_BUCKET"] = ""
    temporary = logs.parent / "tmp"
    # What processes have left that were killed with the stack.
    shutil.rmtree(temporary, ignore_errors=True)
    pools = {}
    for name, function in blueprint.functions.items():
        environment = _with_secrets(
            function_environment(function, shell, endpoints, overrides, options.code),
            endpoints["AWS_ENDPOINT_URL"],
        )
        launch = Launch(function, environment, options.code, logs / f"{name}.log", temporary)
        pools[name] = Pool(launch, options.workers)
    return Functions(pools)


def _with_secrets(environment: dict[str, str], endpoint: str) -> dict[str, str]:
    """Replace CloudFormation's dynamic references to secrets by what they refer to."""
    return {
        name: _SECRET.sub(lambda match: secret_text(endpoint, match.group(1)), value)
        for name, value in environment.items()
    }
