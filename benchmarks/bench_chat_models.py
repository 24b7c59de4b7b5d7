"""What a token costs before anything is done with it: our stream reader, the SDK, langchain.

A server in a process of its own plays the same stream of chat-completion chunks to each adapter in
turn; counted is the CPU time of this process per token, and the wall time of import and client.
``python -m benchmarks.bench_chat_models [--tokens 6000] [--runs 5]``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

from inference.chat_models.chat_model import OpenAIChatModel
from inference.chat_models.langchain_model import LangchainChatModel
from inference.chat_models.sdk_chat_model import SdkChatModel
from inference.clock import SystemClock
from inference.ports import ChatMessage, Prompt, TextDelta

Model = OpenAIChatModel | SdkChatModel | LangchainChatModel
PROMPT = Prompt(messages=[ChatMessage(role="user", content="Fee?")], question="Fee?", passages=[])
IN_ONE_WRITE = 8
"""Chunks that arrive together: about what a provider's TLS records carry."""


def serve(tokens: int, ready: Connection) -> None:
    """Answer every request with the same ``tokens`` chunks, until killed."""
    head = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "scripted"}

    def chunk(delta: dict[str, str], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return f"data: {json.dumps({**head, 'choices': [choice]})}\n\n".encode()

    words = [chunk({"content": " word"}) for _ in range(tokens)]
    pieces = [b"".join(words[i : i + IN_ONE_WRITE]) for i in range(0, tokens, IN_ONE_WRITE)]
    tail = chunk({}, "stop") + b"data: [DONE]\n\n"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        header = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in header.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        )
        await reader.readexactly(length)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n")
        writer.write(b"Connection: close\r\n\r\n")
        for piece in [*pieces, tail]:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


async def one_stream(model: Model) -> tuple[int, float]:
    """Deltas of one stream and the CPU seconds that they took here."""
    began = time.process_time()
    deltas = 0
    async for item in model.stream(PROMPT):
        deltas += isinstance(item, TextDelta)
    return deltas, time.process_time() - began


def import_ms(statement: str) -> float:
    """Wall milliseconds of an import in a fresh process."""
    code = f"import time; t = time.perf_counter(); {statement}; print(time.perf_counter() - t)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout) * 1000


async def measure(
    makers: dict[str, Callable[[], Model]], runs: int, tokens: int
) -> dict[str, list[float]]:
    """Microseconds of CPU per token, run by run, the adapters taking turns."""
    models = {name: make() for name, make in makers.items()}
    for model in models.values():
        await one_stream(model)
    costs: dict[str, list[float]] = {name: [] for name in models}
    for _ in range(runs):
        for name, model in models.items():
            deltas, cpu = await one_stream(model)
            assert deltas == tokens, f"{name} read {deltas} of {tokens} tokens"
            costs[name].append(cpu / tokens * 1e6)
    for model in models.values():
        if not isinstance(model, LangchainChatModel):
            await model.close()
    return costs


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=6000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(
        target=serve, args=(options.tokens, theirs), daemon=True
    )
    server.start()
    url = f"http://127.0.0.1:{ours.recv()}/v1"
    clock = SystemClock()
    makers: dict[str, Callable[[], Model]] = {
        "stream": lambda: OpenAIChatModel("m", key=lambda: "k", base_url=url, clock=clock),
        "sdk": lambda: SdkChatModel("m", key=lambda: "k", base_url=url, clock=clock),
        "langchain": lambda: LangchainChatModel(
            "openai:m", key=lambda: "k", base_url=url, clock=clock
        ),
    }
    imports = {
        "stream": "import aiohttp, inference.chat_models.chat_model",
        "sdk": "from openai import AsyncOpenAI",
        "langchain": "from langchain_openai import ChatOpenAI",
    }
    try:
        costs = asyncio.run(measure(makers, options.runs, options.tokens))
    finally:
        server.terminate()
    base = statistics.median(costs["stream"])
    print(f"{options.tokens} tokens a stream, {options.runs} runs, adapters taking turns\n")
    print(
        f"{'adapter':<10} {'CPU per token':>14} {'lowest-highest':>16} {'ratio':>6} {'import':>9}"
    )
    for name, values in costs.items():
        middle = statistics.median(values)
        taken = statistics.median(import_ms(imports[name]) for _ in range(3))
        print(
            f"{name:<10} {middle:>11.1f} us {min(values):>7.1f}-{max(values):<8.1f} "
            f"{middle / base:>5.1f}x {taken:>6.0f} ms"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
