"""What the commands of ``python -m embed`` take and print. No indexing logic.

Each command imports what it needs: ``export-model`` runs in an environment of its own, which has
torch but none of the document readers.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from copilot.index_bundle.bucket import BucketUnreachable
from copilot.index_bundle.manifest import IndexUnusable, precision_of, read_manifest
from embed.engine import Engine, LocalEngine
from embed.errors import EmbedError
from embed.precision import PRECISIONS, open_embedder
from embed.retention import KEPT, prune
from inference.encoders.onnx_embedder import EmbedderUnusable, OnnxEmbedder

if TYPE_CHECKING:
    from copilot.index_bundle.bucket import IndexBucket
    from embed.build import Outcome, Report
    from embed.publishing import Switched

_REPOSITORY = Path(__file__).resolve().parents[1]
DEFAULT_MODEL = _REPOSITORY / "inference" / "model"
DEFAULT_INDEX = Path("faiss_index")
_MEGABYTE = 2**20
_FORMATS = "Markdown, text, HTML, PDF, DOCX"


def main(arguments: Sequence[str]) -> int:
    """Run one command; return the exit status: 0, 1 for an error that was explained, 130."""
    parsed = _parser().parse_args(arguments)
    errors = Console(stderr=True, soft_wrap=True, highlight=False)
    run: Callable[[argparse.Namespace], None] = parsed.run
    try:
        run(parsed)
    except (EmbedError, IndexUnusable, EmbedderUnusable, BucketUnreachable) as error:
        errors.print(f"error: {error}", style="red", markup=False)
        return 1
    except KeyboardInterrupt:
        errors.print("Interrupted; the index is as it was.", markup=False)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m embed", description="Build and try an index.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    for name, run, text in (
        ("build", _build, "make an index of documents; nothing is done if it is up to date"),
        ("update", _update, "make an existing index match the documents; embeds what is new"),
    ):
        command = commands.add_parser(name, help=text, description=f"{text}. Formats: {_FORMATS}")
        command.set_defaults(run=run)
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

    command = commands.add_parser("inspect", help="verify an index and say what it holds")
    command.set_defaults(run=_inspect)
    command.add_argument("index", nargs="?", type=Path, default=DEFAULT_INDEX)
    command.add_argument("--documents", action="store_true", help="list every document")

    command = commands.add_parser("search", help="show the passages for a question")
    command.set_defaults(run=_search)
    command.add_argument("question")
    command.add_argument("--index", type=Path, default=DEFAULT_INDEX)
    command.add_argument("-k", type=int, default=5, help="how many passages")
    command.add_argument("--groups", default="public", help="the groups of the reader")
    command.add_argument("--filter", action="append", default=[], metavar="NAME=VALUE")
    command.add_argument("--json", action="store_true", help="one JSON object per passage")
    _model_option(command)

    for name, run, text in (
        ("publish", _publish, "upload an index to S3 as a new version and make it current"),
        ("versions", _versions, "list the versions in S3"),
        ("rollback", _rollback, "make an earlier version in S3 current again"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
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

    command = commands.add_parser(
        "publish-qdrant",
        help="upload the vectors of an index to Qdrant, for RETRIEVER=qdrant",
        description="Upload the vectors of an index to Qdrant. QDRANT_API_KEY may hold its key.",
    )
    command.set_defaults(run=_publish_qdrant)
    command.add_argument("index", nargs="?", type=Path, default=DEFAULT_INDEX)
    command.add_argument("--url", required=True, help="the server, such as http://localhost:6333")
    command.add_argument(
        "--name", default="energycopilot-index", help="beginning of the collections' names"
    )

    command = commands.add_parser(
        "export-model", help="write inference/model/ from a sentence-transformers folder"
    )
    command.set_defaults(run=_export)
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
    return parser


def _model_option(command: argparse.ArgumentParser) -> None:
    command.add_argument("--model", type=Path, default=DEFAULT_MODEL, help="the embedding model")


def _build(arguments: argparse.Namespace) -> None:
    _make(arguments, reuse=False)


def _update(arguments: argparse.Namespace) -> None:
    _make(arguments, reuse=True)


def _make(arguments: argparse.Namespace, *, reuse: bool) -> None:
    from embed.build import build
    from embed.reading import Reading
    from embed.sources import find_sources

    precision = arguments.precision or (_precision_of(arguments.out) if reuse else "fp32")
    embedder = open_embedder(arguments.model, precision)
    console = Console(soft_wrap=True, highlight=False)
    with _engine(arguments) as engine, _progress(console) as report:
        reading = Reading(
            find_sources(arguments.documents),
            engine,
            default_groups=_names(arguments.groups),
            max_bytes=arguments.max_file_mb * _MEGABYTE,
            report=report,
        )
        outcome = build(
            reading,
            arguments.out,
            embedder,
            engine=engine,
            reuse=reuse,
            report=report,
        )
    for skipped in reading.skipped:
        console.print(f"skipped {skipped}", style="yellow", markup=False)
    console.print(_summary(outcome, arguments.out, reading.repeated), markup=False)


def _precision_of(index: Path) -> str:
    return precision_of(read_manifest(index).model_id)


def _engine(arguments: argparse.Namespace) -> AbstractContextManager[Engine]:
    if arguments.engine == "ray":
        from embed.ray_engine import RayEngine

        return RayEngine(arguments.workers, address=arguments.ray_address)
    return nullcontext(LocalEngine(arguments.workers or os.cpu_count() or 1))


def _summary(outcome: Outcome, out: Path, duplicates: int) -> str:
    counts = outcome.manifest.counts
    held = f"{counts.documents} documents, {counts.chunks} chunks, corpus {_version(outcome)}"
    if outcome.unchanged:
        return f"{out} is up to date: {held}."
    repeats = f", {duplicates} repeated chunks left out" if duplicates else ""
    return f"{out}: {held}; {outcome.embedded} embedded, {outcome.kept} kept{repeats}."


def _version(outcome: Outcome) -> str:
    return outcome.manifest.corpus_version


def _inspect(arguments: argparse.Namespace) -> None:
    from embed.inspection import describe

    describe(arguments.index, Console(), list_documents=arguments.documents)


def _search(arguments: argparse.Namespace) -> None:
    from embed.inspection import results
    from inference.retrieval.faiss_retriever import FaissRetriever

    embedder = OnnxEmbedder(arguments.model)
    retriever = FaissRetriever.open(arguments.index, embedder)
    passages = retriever.retrieve(
        arguments.question,
        embedder.embed([arguments.question])[0],
        k=arguments.k,
        groups=frozenset(_names(arguments.groups)),
        filters=_filters(arguments.filter),
    )
    results(passages, Console(), as_json=arguments.json)


def _publish_qdrant(arguments: argparse.Namespace) -> None:
    from embed.qdrant_upload import upload
    from inference.qdrant.http import QdrantHttp

    console = Console(soft_wrap=True, highlight=False)
    transport = QdrantHttp(arguments.url, api_key=os.environ.get("QDRANT_API_KEY", ""))
    with _progress(console) as report:
        done = upload(arguments.index, transport, arguments.name, report=report)
    state = "was there already" if done.unchanged else "uploaded"
    console.print(
        f"{done.chunks} chunks and {done.windows} windows in {done.collection}: {state}.",
        markup=False,
    )


def _export(arguments: argparse.Namespace) -> None:
    from embed.export_cross_encoder import export_cross_encoder
    from embed.export_model import Origin, export_model

    if arguments.cross_encoder and arguments.out is None:
        raise EmbedError("--cross-encoder needs --out FOLDER, for example inference/reranker")
    origin = Origin(
        name=arguments.name,
        url=arguments.url,
        package=arguments.package,
        licence=arguments.licence,
    )
    out = arguments.out or DEFAULT_MODEL
    export = export_cross_encoder if arguments.cross_encoder else export_model
    agreement = export(
        arguments.source,
        out,
        origin=origin,
        weights=arguments.weights,
        licence_file=arguments.licence_file,
    )
    measure = "largest difference from" if arguments.cross_encoder else "lowest cosine with"
    Console().print(f"{out}: {measure} sentence-transformers {agreement:.6f}")


def _publish(arguments: argparse.Namespace) -> None:
    from embed.carrying import with_uploads
    from embed.publishing import publish

    bucket = _bucket(arguments)
    console = Console(soft_wrap=True, highlight=False)
    over = bucket.current()
    with _progress(console) as report, TemporaryDirectory() as folder:
        bundle = with_uploads(
            arguments.index,
            bucket,
            over,
            lambda: open_embedder(arguments.model, _precision_of(arguments.index)),
            Path(folder),
            workers=os.cpu_count() or 1,
            report=report,
        )
        switched = publish(bucket, bundle, over=over, report=report)
    _say_current(console, bucket, switched)
    try:
        deleted = prune(bucket, keep=arguments.keep, before=switched.before)
    except BucketUnreachable as error:
        console.print(f"Old versions were not deleted: {error}", style="yellow", markup=False)
        return
    for version in deleted:
        console.print(f"{version}, an old version, was deleted.", markup=False)


def _rollback(arguments: argparse.Namespace) -> None:
    from embed.publishing import roll_back

    bucket = _bucket(arguments)
    switched = roll_back(bucket, arguments.version)
    _say_current(Console(soft_wrap=True, highlight=False), bucket, switched)


def _say_current(console: Console, bucket: IndexBucket, switched: Switched) -> None:
    name, before = switched.current.version, switched.before
    if before == switched.current:
        console.print(f"s3://{bucket.name}: {name} is current already.", markup=False)
    else:
        was = f", before it was {before.version}" if before else ""
        console.print(f"s3://{bucket.name}: {name} is current{was}.", markup=False)


def _versions(arguments: argparse.Namespace) -> None:
    from embed.inspection import list_versions
    from embed.publishing import versions

    found, current = versions(_bucket(arguments))
    list_versions(found, None if current is None else current.version, Console())


def _bucket(arguments: argparse.Namespace) -> IndexBucket:
    from embed.buckets import index_bucket

    return index_bucket(arguments.bucket, arguments.stack)


def _names(text: str) -> list[str]:
    return sorted({name.strip() for name in text.split(",") if name.strip()})


def _filters(pairs: Sequence[str]) -> dict[str, str]:
    filters: dict[str, str] = {}
    for pair in pairs:
        name, found, value = pair.partition("=")
        if not found:
            raise EmbedError(f"--filter takes NAME=VALUE, for example year=2024; got {pair!r}")
        filters[name.strip()] = value.strip()
    return filters


@contextmanager
def _progress(console: Console) -> Iterator[Report]:
    columns = (
        TextColumn("{task.description:<10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=not console.is_terminal) as progress:
        tasks: dict[str, int] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage, total=total)
            progress.update(progress.task_ids[tasks[stage]], completed=done, total=total)

        yield report
