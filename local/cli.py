"""``python -m local``: EnergyCopilot whole on one machine, without AWS, Docker or a key."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import aiohttp

from local.client.asking import QUESTION
from local.client.chat_client import ChatError
from local.declared.sam import TemplateError
from local.edges.gateway import Limits
from local.options import Options
from local.processes.listening import PortInUse
from local.processes.readiness import NotReady
from local.services.documents import NotIngested, remove, upload
from local.smoke import smoke, temporary_state
from local.stack import StackFailed, running
from local.state import AlreadyRunning

_EXPECTED = (
    AlreadyRunning,
    NotIngested,
    NotReady,
    PortInUse,
    ChatError,
    StackFailed,
    TemplateError,
    aiohttp.ClientError,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    arguments = _parser().parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("local").setLevel(getattr(arguments, "log_level", "INFO"))
    try:
        return asyncio.run(_run(arguments))
    except _EXPECTED as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever read the output has gone (`| head`); there is nobody to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except TimeoutError:
        print(f"error: no answer within {arguments.timeout} seconds", file=sys.stderr)
        return 1


async def _run(arguments: argparse.Namespace) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    command = _COMMANDS[arguments.command]
    work = asyncio.create_task(command(arguments))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({work, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if work.done():
        return work.result()
    # Cancelled wherever it is, even in the middle of the start, it stops what it has started.
    print("Stopping ...", flush=True)
    work.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await work
    return 0 if arguments.command == "serve" else 130


async def _serve(arguments: argparse.Namespace) -> int:
    print("Starting EnergyCopilot on this machine ...", flush=True)
    options = _options(arguments)
    async with running(options, os.environ, lambda line: print(line, flush=True)) as stack:
        print(f"EnergyCopilot is ready: {stack.url}", flush=True)
        raise StackFailed(await stack.broken())


async def _smoke(arguments: argparse.Namespace) -> int:
    with temporary_state() as directory:
        options = replace(_options(arguments), port=0, state=Path(directory))
        await smoke(options, os.environ, arguments.question, arguments.timeout, sys.stdout)
    return 0


async def _upload(arguments: argparse.Namespace) -> int:
    keys = await asyncio.to_thread(upload, arguments.state, arguments.files, arguments.folder)
    print(f"Uploaded {', '.join(keys)}; the Documents page says when it is indexed.")
    return 0


async def _remove(arguments: argparse.Namespace) -> int:
    await asyncio.to_thread(remove, arguments.state, arguments.keys)
    print(f"Removed {', '.join(arguments.keys)}.")
    return 0


_COMMANDS = {"serve": _serve, "smoke": _smoke, "upload": _upload, "remove": _remove}


def _options(arguments: argparse.Namespace) -> Options:
    return Options(
        port=getattr(arguments, "port", 0),
        host=getattr(arguments, "host", "127.0.0.1"),
        state=getattr(arguments, "state", Path(".local")),
        workers=arguments.workers,
        log_level=arguments.log_level,
        template=arguments.template,
        index=arguments.index,
        model=arguments.model,
        page=arguments.page,
        parameters=dict(arguments.parameter),
        faults=getattr(arguments, "faults", False),
        fault_seed=getattr(arguments, "fault_seed", 0),
        limits=Limits(
            idle_s=getattr(arguments, "idle_timeout", Limits().idle_s),
            age_s=getattr(arguments, "connection_age", Limits().age_s),
        ),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local",
        description="EnergyCopilot whole on one machine, without AWS, Docker or a key.",
        epilog="OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_MODEL, CHAT_MODEL, QDRANT_URL and "
        "QDRANT_API_KEY are passed on from the shell to the functions that declare them.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser(
        "serve", help="start everything and serve one URL until Ctrl-C", formatter_class=_Defaults
    )
    serve.add_argument("--port", type=int, default=3000, help="port of the page; 0: any free one")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on")
    serve.add_argument("--state", type=Path, default=Path(".local"), help="where state is kept")
    serve.add_argument("--faults", action="store_true", help="serve a control endpoint for tests")
    serve.add_argument("--fault-seed", type=int, default=0, help="seed of faults with probability")
    serve.add_argument(
        "--idle-timeout", type=float, default=600.0, help="seconds until an idle socket is closed"
    )
    serve.add_argument(
        "--connection-age", type=float, default=7200.0, help="seconds until any socket is closed"
    )
    asking = commands.add_parser(
        "smoke",
        help="start it, ask one question, print the answer, stop",
        formatter_class=_Defaults,
    )
    asking.add_argument("--question", default=QUESTION, help="what to ask")
    asking.add_argument("--timeout", type=float, default=120.0, help="seconds for the whole")
    for command in (serve, asking):
        _add_common(command)
    uploading = commands.add_parser("upload", help="have a running stack index documents")
    uploading.add_argument("files", nargs="+", type=Path, metavar="FILE")
    uploading.add_argument("--folder", default="", help="the group that may read them")
    removing = commands.add_parser("remove", help="take uploaded documents out of the index")
    removing.add_argument("keys", nargs="+", metavar="[FOLDER/]NAME")
    for command in (uploading, removing):
        command.add_argument("--state", type=Path, default=Path(".local"), help="whose stack")
    return parser


def _add_common(command: argparse.ArgumentParser) -> None:
    defaults = Options()
    command.add_argument("--workers", type=int, default=4, help="most processes per function")
    command.add_argument(
        "--log-level",
        default="INFO",
        choices=["DEBUG", "INFO", "WARNING", "ERROR"],
        help="of the stack and its functions",
    )
    command.add_argument("--template", type=Path, default=defaults.template, help="SAM template")
    command.add_argument("--index", type=Path, help="index bundle instead of the template's")
    command.add_argument("--model", type=Path, help="embedding model instead of the template's")
    command.add_argument("--page", type=Path, default=defaults.page, help="the built page")
    command.add_argument(
        "--parameter",
        type=_pair,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of the template, such as QuestionsPerMinute=60; repeatable",
    )


def _pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


class _Defaults(argparse.ArgumentDefaultsHelpFormatter):
    """Shows defaults in the help."""
