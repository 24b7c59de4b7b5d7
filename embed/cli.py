"""What the commands of ``python -m embed`` do and print. No indexing logic.

Each command imports what it needs: ``export-model`` runs in an environment of its own, which has
torch but none of the document readers.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from copilot.index_bundle.bucket import BucketUnreachable
from copilot.index_bundle.manifest import IndexUnusable, precision_of, read_manifest
from embed.arguments import DEFAULT_MODEL, Run, parser
from embed.engine import Engine, LocalEngine
from embed.errors import EmbedError
from embed.precision import open_embedder
from embed.retention import prune
from inference.encoders.onnx_embedder import EmbedderUnusable, OnnxEmbedder

if TYPE_CHECKING:
    from copilot.index_bundle.bucket import IndexBucket
    from embed.build import Outcome, Report
    from embed.publishing import Switched

_MEGABYTE = 2**20


def main(arguments: Sequence[str]) -> int:
    """Run one command; return the exit status: 0, 1 for an error that was explained, 130."""
    parsed = parser(RUN).parse_args(arguments)
    errors = Console(stderr=True, soft_wrap=True, highlight=False)
    run: Run = parsed.run
    try:
        run(parsed)
    except (EmbedError, IndexUnusable, EmbedderUnusable, BucketUnreachable) as error:
        errors.print(f"error: {error}", style="red", markup=False)
        return 1
    except KeyboardInterrupt:
        errors.print("Interrupted; the index is as it was.", markup=False)
        return 130
    return 0


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


RUN: Mapping[str, Run] = {
    "build": _build,
    "update": _update,
    "inspect": _inspect,
    "search": _search,
    "publish": _publish,
    "versions": _versions,
    "rollback": _rollback,
    "publish-qdrant": _publish_qdrant,
    "export-model": _export,
}
