"""The commands of ``python -m embed`` and what they take. It runs none of them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from embed.precision import PRECISIONS
from embed.retention import KEPT

_REPOSITORY = Path(__file__).resolve().parents[1]
DEFAULT_MODEL = _REPOSITORY / "inference" / "model"
DEFAULT_INDEX = Path("faiss_index")
_FORMATS = "Markdown, text, HTML, PDF, DOCX"

Run = Callable[[argparse.Namespace], None]
_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def parser(run: Mapping[str, Run]) -> argparse.ArgumentParser:
    """The parser of all commands; ``run`` holds what each of them, by its name, is done by."""
    made = argparse.ArgumentParser(prog="python -m embed", description="Build and try an index.")
    commands = made.add_subparsers(required=True, metavar="COMMAND")
    _add_building(commands, run)
    _add_inspecting(commands, run)
    _add_searching(commands, run)
    _add_publishing(commands, run)
    _add_publishing_to_qdrant(commands, run)
    _add_exporting(commands, run)
    return made


def _add_building(commands: _Commands, run: Mapping[str, Run]) -> None:
    for name, text in (
        ("build", "make an index of documents; nothing is done if it is up to date"),
        ("update", "make an existing index match the documents; embeds what is new"),
    ):
        command = commands.add_parser(name, help=text, description=f"{text}. Formats: {_FORMATS}")
        command.set_defaults(run=run[name])
        command.add_argument("documents", nargs="+", type=Path, metavar="DOCS")
        command.add_argument("--out", type=Path, default=DEFAULT_INDEX, help="the index folder")
        command.add_argument(
            "--groups",
            default="public",
            help="who may see documents that do not name groups themselves (comma separated)",
        )
        command.add_argument("--max-file-mb", type=int, default=64, help="skip larger files")
        command.add_argument("--workers", type=int, help="default: every core")
        command.add_argument(
            "--engine",
            choices=("local", "ray"),
            default="local",
            help="threads of this machine, or Ray (pip install 'energycopilot[ray]')",
        )
        command.add_argument("--ray-address", help="a Ray cluster; without it, this machine")
        command.add_argument(
            "--precision",
            choices=PRECISIONS,
            help="of the vectors of documents: fp32, or int8, which embeds faster (pip install "
            "'energycopilot[int8]'); default: that of the index to update, else fp32",
        )
        _model_option(command)


def _add_inspecting(commands: _Commands, run: Mapping[str, Run]) -> None:
    command = commands.add_parser("inspect", help="verify an index and say what it holds")
    command.set_defaults(run=run["inspect"])
    command.add_argument("index", nargs="?", type=Path, default=DEFAULT_INDEX)
    command.add_argument("--documents", action="store_true", help="list every document")


def _add_searching(commands: _Commands, run: Mapping[str, Run]) -> None:
    command = commands.add_parser("search", help="show the passages for a question")
    command.set_defaults(run=run["search"])
    command.add_argument("question")
    command.add_argument("--index", type=Path, default=DEFAULT_INDEX)
    command.add_argument("-k", type=int, default=5, help="how many passages")
    command.add_argument("--groups", default="public", help="the groups of the reader")
    command.add_argument("--filter", action="append", default=[], metavar="NAME=VALUE")
    command.add_argument("--json", action="store_true", help="one JSON object per passage")
    _model_option(command)


def _add_publishing(commands: _Commands, run: Mapping[str, Run]) -> None:
    for name, text in (
        ("publish", "upload an index to S3 as a new version and make it current"),
        ("versions", "list the versions in S3"),
        ("rollback", "make an earlier version in S3 current again"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run[name])
        if name == "publish":
            command.add_argument("index", nargs="?", type=Path, default=DEFAULT_INDEX)
            command.add_argument(
                "--keep", type=int, default=KEPT, help="older versions beyond so many are deleted"
            )
            _model_option(command)
        if name == "rollback":
            command.add_argument("version", help="its name in the list, or the beginning of it")
        where = command.add_mutually_exclusive_group(required=True)
        where.add_argument("--bucket", help="the bucket")
        where.add_argument("--stack", help="the CloudFormation stack that has IndexBucketName")


def _add_publishing_to_qdrant(commands: _Commands, run: Mapping[str, Run]) -> None:
    command = commands.add_parser(
        "publish-qdrant",
        help="upload the vectors of an index to Qdrant, for RETRIEVER=qdrant",
        description="Upload the vectors of an index to Qdrant. QDRANT_API_KEY may hold its key.",
    )
    command.set_defaults(run=run["publish-qdrant"])
    command.add_argument("index", nargs="?", type=Path, default=DEFAULT_INDEX)
    command.add_argument("--url", required=True, help="the server, such as http://localhost:6333")
    command.add_argument(
        "--name", default="energycopilot-index", help="beginning of the collections' names"
    )


def _add_exporting(commands: _Commands, run: Mapping[str, Run]) -> None:
    command = commands.add_parser(
        "export-model", help="write inference/model/ from a sentence-transformers folder"
    )
    command.set_defaults(run=run["export-model"])
    command.add_argument("source", type=Path, help="a sentence-transformers model folder")
    command.add_argument(
        "--cross-encoder",
        action="store_true",
        help="the folder is a cross-encoder's (RERANKER_DIR); needs --out",
    )
    command.add_argument("--out", type=Path, help="default: inference/model")
    command.add_argument(
        "--name", required=True, help="e.g. sentence-transformers/all-MiniLM-L6-v2"
    )
    command.add_argument("--url", default="", help="where the model is published")
    command.add_argument("--package", default="", help="the package it was taken from")
    command.add_argument("--licence", default="Apache-2.0")
    command.add_argument("--licence-file", type=Path, help="its text, if it is not Apache-2.0")
    command.add_argument(
        "--weights", choices=("fp16-stored", "fp32", "int8"), default="fp16-stored"
    )


def _model_option(command: argparse.ArgumentParser) -> None:
    command.add_argument("--model", type=Path, default=DEFAULT_MODEL, help="the embedding model")
