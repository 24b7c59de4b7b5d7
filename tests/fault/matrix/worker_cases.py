"""What happens to workers, to the queue and to the language model."""

from __future__ import annotations

import asyncio

from copilot.identity import Identity
from copilot.table import META_SK, idempotency_pk
from tests.fault.matrix.case import case
from tests.fault.matrix.network_cases import streaming
from tests.fault.matrix.run import Run, text_of

INFERENCE = "InferenceFunction"
WEBSOCKET = "WebSocketFunction"


def signal(run: Run, verb: str, working_on: str, function: str = INFERENCE) -> list[int]:
    return run.stack.signal_workers(function, verb, working_on)


@case("8", "SIGKILL of the worker in mid-answer")
async def kill(run: Run) -> None:
    script, again = run.words(60), run.words(60)
    asked = run.question(script, again)
    async with run.client() as client:
        accepted = await run.ask(client, asked)
        transcript = run.read(accepted.answer_id, text=text_of(again))
        await run.until(client, transcript, run.random.randint(1, 30))
        run.expect(signal(run, "kill", accepted.answer_id), "no worker was there to kill")
        run.strike(beyond_epoch=transcript.epoch)
        await run.follow(client, transcript)
    run.expect(transcript.epoch == 2, f"it ended in epoch {transcript.epoch}")


@case("9", "SIGKILL after the end is stored, before the queue hears of it")
async def kill_after_end(run: Run) -> None:
    script = run.words(20)
    asked = run.question(script)
    async with run.client() as client:
        accepted = await run.ask(client, asked)
        transcript = run.read(accepted.answer_id, text=text_of(script))
        run.stack.fault(
            "late",
            service="dynamodb",
            contains="TransactWriteItems",
            body=f"ANS#{accepted.answer_id}",
            ms=20_000,
        )
        following = asyncio.create_task(run.follow(client, transcript))
        await run.settle(lambda: "end" in run.stack.header(accepted.answer_id), "a stored end")
        run.expect(signal(run, "kill", accepted.answer_id), "no worker was there to kill")
        run.strike()
        await following
        run.stack.send("QuestionQueue", accepted.answer_id)  # Redelivered, as at-least-once may.
        await asyncio.sleep(1)
    run.expect(len(run.served(asked)) == 1, "the model was asked more than once")


@case("10", "two workers with the same message")
async def two_workers(run: Run) -> None:
    async with run.client() as client:
        script = run.words(60)
        asked = run.question(script)
        accepted = await run.ask(client, asked)
        run.strike()
        for _ in range(run.random.randint(1, 3)):
            run.stack.send("QuestionQueue", accepted.answer_id)
        transcript = run.read(accepted.answer_id, text=text_of(script))
        await run.follow(client, transcript)
    run.expect(len(run.served(asked)) == 1, "the model was asked more than once")


@case("11", "a paused worker wakes after its takeover")
async def paused(run: Run) -> None:
    script, again = run.words(60), run.words(60)
    async with run.client() as client:
        accepted = await run.ask(client, run.question(script, again))
        transcript = run.read(accepted.answer_id, text=text_of(again))
        await run.until(client, transcript, run.random.randint(1, 20))
        run.expect(signal(run, "pause", accepted.answer_id), "no worker was there to pause")
        run.strike(beyond_epoch=transcript.epoch)
        await run.until(client, transcript, run.random.choice((1, 30, 60)), epoch=2)
        signal(run, "continue", accepted.answer_id)
        await run.follow(client, transcript)
        await run.settle(lambda: not signal(run, "continue", accepted.answer_id), "idle workers")
        late = run.read(accepted.answer_id, text=text_of(again))
        await client.resume(late)
        await run.follow(client, late)


@case("14", "crash between the transaction and SendMessage")
async def crash_before_send(run: Run) -> None:
    script = run.words(20)
    asked = run.question(script)
    async with run.client() as client:
        identity = Identity(tenant="default", user=f"anon-{client.client_id}")
        row = idempotency_pk(identity, asked.message_id)
        run.stack.fault(
            "late",
            service="dynamodb",
            contains="TransactWriteItems",
            body=asked.message_id,
            ms=8_000,
        )
        asking = asyncio.create_task(run.ask(client, asked))
        await run.settle(lambda: run.stack.row(row, META_SK), "a stored question")
        run.expect(
            signal(run, "kill", asked.message_id, WEBSOCKET), "no function was there to kill"
        )
        run.strike()
        accepted = await asking
        transcript = run.read(accepted.answer_id, text=text_of(script))
        await run.follow(client, transcript)
    run.expect(len(run.served(asked)) == 1, "the model was asked more than once")


@case("15", "a poison message goes to the dead letters and ends in an error", runs=3)
async def poison(run: Run) -> None:
    asked = run.question(run.words(20))
    async with run.client() as client:
        accepted = await run.ask(client, asked)
        rule = run.stack.fault(
            "deny",
            service="dynamodb",
            contains="PutItem",
            body=f"ANS#{accepted.answer_id}",
            status=400,
            code="ValidationException",
            times=None,
        )
        run.strike(to_end=True)
        transcript = run.read(accepted.answer_id, states=("error",))
        await run.follow(client, transcript)
        run.stack.lift(rule)
    end = transcript.end
    run.expect(end and end.error and end.error.code == "answer_failed", f"{end and end.error}")


@case("16", "the dead-letter consumer runs twice")
async def buried_twice(run: Run) -> None:
    asked = run.question(run.words(60, stall_after=10), run.words(60, stall_after=10))
    async with run.client(watchdog_s=60.0) as client:
        accepted = await run.ask(client, asked)
        transcript = run.read(accepted.answer_id, states=("error",))
        await run.until(client, transcript, 5)
        run.expect(signal(run, "kill", accepted.answer_id), "no worker was there to kill")
        run.strike()
        run.stack.expire_lease(accepted.answer_id)  # Nobody takes it over meanwhile.
        await asyncio.sleep(1)
        run.stack.expire_lease(accepted.answer_id)  # The dead worker's last call may come late.
        for _ in range(2):
            run.stack.send("DeadLetterQueue", accepted.answer_id)
        await run.follow(client, transcript)
        await asyncio.sleep(0.5)
        late = run.read(accepted.answer_id, states=("error",))
        await client.resume(late)
        await run.follow(client, late)


@case("17", "model: 429 with Retry-After")
async def model_429(run: Run) -> None:
    script = run.words(20)
    refusal = run.words(1, status=429, retry_after=str(run.random.randint(1, 2)))
    async with run.client() as client:
        run.strike(to_end=True)
        accepted = await run.ask(client, run.question(refusal, script))
        transcript = run.read(accepted.answer_id, text=text_of(script))
        await run.follow(client, transcript)


@case("18", "model: an error after 50 tokens, in the stream or by a cut connection")
async def model_500(run: Run) -> None:
    script = run.words(60)
    fault = run.random.choice(("break_after", "fail_after"))
    broken = run.words(80, **{fault: 50})
    async with run.client() as client:
        run.strike(beyond_epoch=1)
        accepted = await run.ask(client, run.question(broken, script))
        transcript = run.read(accepted.answer_id, text=text_of(script))
        await run.follow(client, transcript)
    run.expect(transcript.epoch == 2, f"it ended in epoch {transcript.epoch}")


@case("19", "model: the stream ends without finish_reason")
async def model_unfinished(run: Run) -> None:
    script = run.words(40)
    async with run.client() as client:
        run.strike(beyond_epoch=1)
        accepted = await run.ask(client, run.question(run.words(30, finish=None), script))
        transcript = run.read(accepted.answer_id, text=text_of(script))
        await run.follow(client, transcript)
    run.expect(transcript.epoch == 2, f"it ended in epoch {transcript.epoch}")


@case("20", "model: it stalls")
async def model_stalls(run: Run) -> None:
    script = run.words(40)
    stalled = run.words(40, stall_after=run.random.randint(1, 30))
    async with run.client() as client:
        run.strike(beyond_epoch=1)
        accepted = await run.ask(client, run.question(stalled, script))
        transcript = run.read(accepted.answer_id, text=text_of(script))
        await run.follow(client, transcript)


@case("33", "DynamoDB throttles and refuses")
async def throttles(run: Run) -> None:
    async with run.client() as client:
        _, transcript = await streaming(run, client)
        for code in ("ProvisionedThroughputExceededException", "TransactionConflictException"):
            run.stack.fault(
                "deny",
                service="dynamodb",
                body=transcript.answer_id,
                status=400,
                code=code,
                probability=run.random.uniform(0.1, 0.4),
                times=run.random.randint(3, 15),
            )
        run.strike()
        run.readings[0].text = None  # A worker that gives up is followed by another attempt.
        await run.follow(client, transcript)
