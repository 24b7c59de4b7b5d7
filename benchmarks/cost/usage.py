"""What a month uses: of this design, and of the plain one beside it. Pure and exact.

The plain design has the same services and the same model; it posts every token, waits for each
post, answers one question per invocation, starts cold as it measured, and has no cache.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from benchmarks.cost.bill import Usage
from benchmarks.cost.figures import Calls, Figure
from benchmarks.cost.workload import Workload

GB = 1024**3
MB_PER_GB = 1024
WEBSOCKET_UNIT_BYTES = 32 * 1024


@dataclass(frozen=True, slots=True)
class Model:
    """The figures, and what they say of one workload."""

    calls: Calls
    figures: Mapping[str, Figure]
    month_hours: int

    def value(self, name: str) -> Fraction:
        """The figure ``name``."""
        return self.figures[name].value

    # --- one answer ---------------------------------------------------------------------------

    def rate(self, work: Workload) -> Fraction:
        """Tokens a second of the model's stream."""
        return work.tokens_per_second or self.value("tokens_per_second")

    def text_bytes(self, work: Workload) -> int:
        """Bytes of an answer's text."""
        return _up(work.answer_tokens * self.value("chars_per_token"))

    def prompt_tokens(self, work: Workload) -> int:
        """Tokens of a prompt: asked for, or as many as the measured prompt has."""
        if work.prompt_tokens is not None:
            return work.prompt_tokens
        return _up(self.calls.prompt_chars / self.value("chars_per_token"))

    def deltas(self, work: Workload) -> int:
        """Frames of text: the first token at once, then one for each window that holds a token.

        An upper bound: a flush takes time too, which makes the real window a little longer.
        """
        windows = (
            Fraction(work.answer_tokens - 1) / self.rate(work) / Fraction(work.window_ms, 1000)
        )
        return min(work.answer_tokens, 1 + _up(windows))

    def stream_ms(self, work: Workload) -> Fraction:
        """Milliseconds in which the model writes an answer of the mean length."""
        return 1000 * Fraction(work.answer_tokens) / self.rate(work)

    def answer_ms(self, work: Workload) -> Fraction:
        """Milliseconds that one question holds its worker, from delivery to the end's post."""
        fixed = self.value("stack_ms") + self.value("first_token_ms") + self.value("ending_ms")
        return fixed + self.stream_ms(work)

    def hit_ms(self) -> Fraction:
        """Milliseconds of an answer from the cache."""
        return self.value("stack_ms") + self.value("cache_ms")

    def offered(self, work: Workload) -> Fraction:
        """Streams at one time (Little's law): arrivals a second times seconds of an answer."""
        return work.qps * self.batch_ms(work, Fraction(1)) / 1000

    def batch_ms(self, work: Workload, size: Fraction) -> Fraction:
        """Milliseconds of a batch: as long as its longest answer.

        Lengths of answers vary; as exponential variables the longest of n has the mean of one times
        the harmonic number of n (Renyi 1953). A batch of one takes the mean over hits and misses.
        """
        hits, stream = work.cache_hits, self.stream_ms(work)
        fixed = hits * self.hit_ms() + (1 - hits) * (self.answer_ms(work) - stream)
        return fixed + stream * _harmonic(size * (1 - hits))

    def questions_per_invocation(self, work: Workload) -> Fraction:
        """How many questions share an invocation, on average.

        Without a batching window a poller hands over what waits at that moment. While workers are
        free that is one question. Once ``maximum_concurrency`` binds, batches grow until they carry
        the load: until ``qps`` x ``batch_ms`` of a batch is what so many workers do in that time.
        `make capacity` checks this against a simulation.
        """
        a_worker = work.qps / work.maximum_concurrency / 1000
        for whole in range(1, work.batch_size + 1):
            size = Fraction(whole)
            missing = a_worker * self.batch_ms(work, size) - size
            if missing <= 0:
                if whole == 1:
                    return Fraction(1)
                before = a_worker * self.batch_ms(work, size - 1) - (size - 1)
                return size - 1 + before / (before - missing)
        return Fraction(work.batch_size)

    def worker_ms(self, work: Workload) -> Fraction:
        """Milliseconds of a worker that are billed for a question: its share of its batch."""
        size = self.questions_per_invocation(work)
        return self.batch_ms(work, size) / size

    def overloaded(self, work: Workload) -> bool:
        """Whether more is asked than these workers can ever answer."""
        size = Fraction(work.batch_size)
        return work.qps * self.batch_ms(work, size) >= 1000 * size * work.maximum_concurrency

    # --- a month ------------------------------------------------------------------------------

    def ours(self, work: Workload) -> Usage:
        """A month of this design, without what it costs at rest (`idle`)."""
        answers = work.answers(self.month_hours)
        hits = answers * work.cache_hits
        return (
            self._answer(work, hit=False) * (answers - hits)
            + self._answer(work, hit=True) * hits
            + self.visits(work)
        )

    def plain(self, work: Workload) -> Usage:
        """The same month of the plain design."""
        return self._plain_answer(work) * work.answers(self.month_hours) + self.visits(work)

    def visits(self, work: Workload) -> Usage:
        """Minutes, handshakes, pings, the page and its requests; both designs alike."""
        minutes = work.connected_minutes(self.month_hours)
        visits = minutes / self.value("visit_minutes")
        pings = minutes / self.value("ping_minutes")
        requests = visits * self.value("http_requests_per_visit")
        calls, zip_gb = self.calls, Fraction(work.zip_memory_mb, MB_PER_GB)
        milliseconds = visits * (self.value("authorizer_ms") + 3 * self.value("zip_ms"))
        milliseconds += pings * self.value("zip_ms") + requests * self.value("http_ms")
        invocations = 4 * visits + pings + requests
        return Usage.of(
            websocket_minutes=minutes,
            websocket_messages=visits * calls.visit_messages + pings * calls.ping_messages,
            dynamodb_write_units=visits * calls.visit_writes,
            dynamodb_read_units=visits * calls.visit_reads + pings * calls.ping_reads + requests,
            http_requests=requests,
            lambda_requests=invocations,
            log_gb=invocations * self.value("platform_log_bytes") / GB,
            cloudfront_gb=visits * self.value("page_mb") / MB_PER_GB,
            cloudfront_requests=visits * 6,
        ) + self._gb_seconds(work, milliseconds * zip_gb / 1000)

    def _answer(self, work: Workload, *, hit: bool) -> Usage:
        calls = self.calls
        deltas = 1 if hit else self.deltas(work)
        text = self.text_bytes(work)
        shared = self.questions_per_invocation(work)
        cold = self.value("cold_share") * self.value("cold_ms")
        alone = Fraction(_up(self.hit_ms() if hit else self.answer_ms(work)))
        milliseconds = (alone if shared == 1 else self.worker_ms(work)) + cold / shared
        posts = deltas + calls.other_posts
        queue = 1 + Fraction(2) / shared  # One send; a receive and a delete of each batch.
        usage = self._work(work, milliseconds, invocations=1 / shared) + Usage.of(
            websocket_messages=calls.ask_messages + posts,
            dynamodb_write_units=calls.ask_writes + calls.writes(deltas, text),
            dynamodb_read_units=calls.ask_reads + calls.answer_reads,
            sqs_requests=queue,
            sqs_fair_requests=queue,
            dynamodb_gb_months=calls.stored(deltas, text) / GB,
            log_gb=Fraction(calls.log_bytes) / GB,
            transfer_gb=calls.posted(deltas, text) / GB,
            kms_requests=calls.kms_requests,
        )
        return usage if hit else usage + self._tokens(work)

    def _plain_answer(self, work: Workload) -> Usage:
        calls = self.calls
        text = self.text_bytes(work)
        per_token = max(1000 / self.rate(work), self.value("plain_post_ms"))
        milliseconds = _up(
            self.value("plain_stack_ms")
            + self.value("first_token_ms")
            + work.answer_tokens * per_token
        ) + self.value("cold_share") * self.value("plain_cold_ms")
        posts = work.answer_tokens + 1
        frame = calls.posted_per_delta * posts + text
        return (
            self._work(work, milliseconds, invocations=Fraction(1))
            + self._tokens(work)
            + Usage.of(
                websocket_messages=1 + posts,
                dynamodb_write_units=self.value("plain_write_units"),
                dynamodb_read_units=1,
                sqs_requests=3,
                dynamodb_gb_months=Fraction(2 * text) / GB,
                transfer_gb=frame / GB,
            )
        )

    def _work(self, work: Workload, milliseconds: Fraction, *, invocations: Fraction) -> Usage:
        """The two functions of an answer: the route that takes it, the worker that writes it."""
        gb_seconds = milliseconds * Fraction(work.memory_mb, MB_PER_GB) / 1000
        gb_seconds += self.value("zip_ms") * Fraction(work.zip_memory_mb, MB_PER_GB) / 1000
        count = 1 + invocations
        return self._gb_seconds(work, gb_seconds) + Usage.of(
            lambda_requests=count, log_gb=count * self.value("platform_log_bytes") / GB
        )

    def _tokens(self, work: Workload) -> Usage:
        return Usage(
            {
                f"{work.model} input": Fraction(self.prompt_tokens(work)),
                f"{work.model} output": Fraction(work.answer_tokens),
            }
        )

    def _gb_seconds(self, work: Workload, amount: Fraction) -> Usage:
        arm = work.architecture == "arm64"
        return Usage({"lambda_gb_seconds" if arm else "lambda_gb_seconds_x86": amount})


def _harmonic(count: Fraction) -> Fraction:
    """1 + 1/2 + ... + 1/count; between whole numbers in a straight line."""
    whole = count.numerator // count.denominator
    return sum((Fraction(1, n) for n in range(1, whole + 1)), Fraction(0)) + (count - whole) / (
        whole + 1
    )


def _up(value: Fraction) -> int:
    """Rounded up to a whole number."""
    return -(-value.numerator // value.denominator)
