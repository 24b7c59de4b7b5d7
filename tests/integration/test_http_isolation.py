"""Nobody sees or changes what is somebody else's: random calls of people in two tenants."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from moto import mock_aws

from copilot.access.tickets import Grant
from copilot.identity import Identity
from http_api import app as entry
from tests.conftest import REGION, Time, create_table
from tests.integration.http_client import Person, Worker

PEOPLE = ("one.ann", "one.bob", "two.ann")
ROOT = Path(__file__).resolve().parents[2]


def of_tenant(headers: Mapping[str, str]) -> Grant:
    """``tenant.user``: what a sign-in would establish."""
    tenant, user = headers["x-client-id"].split(".")
    identity = Identity(tenant=tenant, user=user)
    return Grant(identity=identity, expires_at=4_000_000_000, credential="test")


class Calls(RuleBasedStateMachine):
    """Keeps beside the API what each person must see of it."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            self.patch.setenv(name, "test")
        self.patch.setenv("AWS_DEFAULT_REGION", REGION)
        self.aws = mock_aws()
        self.aws.start()
        self.time = Time()
        self.table = create_table()
        url = boto3.client("sqs").create_queue(QueueName="questions")["QueueUrl"]
        self.patch.setenv("TABLE_NAME", self.table.name)
        self.patch.setenv("WEBSOCKET_ENDPOINT", "https://api/dev")
        self.patch.setenv("QUEUE_URL", url)
        self.patch.setenv("QUESTIONS_PER_MINUTE", "1000")
        self.patch.setattr("time.time", self.time)
        self.patch.setattr("time.sleep", self.wait)
        entry.services.cache_clear()
        services = dataclasses.replace(entry.services(), authenticate=of_tenant)
        self.patch.setattr(entry, "services", lambda: services)
        self.people = {name: Person(name) for name in PEOPLE}
        self.worker = Worker(self.table, self.time)
        self.titles: dict[str, dict[str, str]] = {name: {} for name in PEOPLE}
        self.deleted: dict[str, dict[str, str]] = {name: {} for name in PEOPLE}
        self.answers: dict[str, dict[str, str]] = {name: {} for name in PEOPLE}
        self.ratings: dict[str, str] = {}

    def teardown(self) -> None:
        self.patch.undo()
        self.aws.stop()

    def wait(self, seconds: float) -> None:
        self.time.now += seconds

    def owner_of(self, kind: dict[str, dict[str, str]], number: int) -> tuple[str, str]:
        """Some (owner, id) of what there is."""
        flat = [(name, key) for name, held in kind.items() for key in held]
        return flat[number % len(flat)]

    @initialize()
    def begin(self) -> None:
        for name in PEOPLE:
            self.ask(name, None)

    @rule(name=st.sampled_from(PEOPLE), number=st.none() | st.integers(0, 50))
    def ask(self, name: str, number: int | None) -> None:
        """Ask in a new conversation, or in anybody's."""
        self.time.now += 1
        fields: dict[str, Any] = {}
        owner, conversation = name, None
        if number is not None and any(self.titles.values()):
            owner, conversation = self.owner_of(self.titles, number)
            fields = {"conversation_id": conversation}
        text = f"What is it, {name}? {int(self.time.now)}"
        reply = self.people[name].post("/chat", {"text": text, **fields})
        if owner != name:
            assert reply.status == 404
            return
        assert reply.status == 202
        answer = reply.json
        self.worker.answer(answer["answer_id"], f"For {name} [1].")
        self.titles[name].setdefault(answer["conversation_id"], text)
        self.answers[name][answer["answer_id"]] = answer["conversation_id"]

    @precondition(lambda self: any(self.titles.values()))
    @rule(name=st.sampled_from(PEOPLE), number=st.integers(0, 50), pinned=st.booleans())
    def change(self, name: str, number: int, pinned: bool) -> None:
        owner, conversation = self.owner_of(self.titles, number)
        title = f"Named by {name}"
        reply = self.people[name].call(
            "PATCH", f"/conversations/{conversation}", {"title": title, "pinned": pinned}
        )
        assert reply.status == (200 if owner == name else 404)
        if owner == name:
            self.titles[name][conversation] = title

    @precondition(lambda self: any(self.titles.values()))
    @rule(name=st.sampled_from(PEOPLE), number=st.integers(0, 50))
    def delete(self, name: str, number: int) -> None:
        owner, conversation = self.owner_of(self.titles, number)
        reply = self.people[name].call("DELETE", f"/conversations/{conversation}")
        assert reply.status == (200 if owner == name else 404)
        if owner == name:
            self.deleted[name][conversation] = self.titles[name].pop(conversation)

    @precondition(lambda self: any(self.deleted.values()))
    @rule(name=st.sampled_from(PEOPLE), number=st.integers(0, 50), late=st.booleans())
    def restore(self, name: str, number: int, late: bool) -> None:
        owner, conversation = self.owner_of(self.deleted, number)
        if late:
            self.time.now += 61
            self.deleted[owner].pop(conversation)
            reply = self.people[name].post(f"/conversations/{conversation}/restore")
            assert reply.status == (410 if owner == name else 404)
            for held in self.deleted.values():
                held.clear()
            return
        reply = self.people[name].post(f"/conversations/{conversation}/restore")
        assert reply.status in ((200, 410) if owner == name else (404,))
        if reply.status == 200:
            self.titles[name][conversation] = self.deleted[name].pop(conversation)

    @precondition(lambda self: any(self.answers.values()))
    @rule(
        name=st.sampled_from(PEOPLE),
        number=st.integers(0, 50),
        rating=st.sampled_from(["up", "down"]),
    )
    def judge(self, name: str, number: int, rating: str) -> None:
        owner, answer = self.owner_of(self.answers, number)
        gone = self.answers[owner][answer] not in self.titles[owner]
        reply = self.people[name].post(f"/answers/{answer}/feedback", {"rating": rating})
        if owner != name:
            assert reply.status == 404
        elif not gone:
            assert reply.status == 200
        if reply.status == 200:
            self.ratings[answer] = rating

    @rule(name=st.sampled_from(PEOPLE))
    def forget(self, name: str) -> None:
        assert self.people[name].call("DELETE", "/me").status == 202
        for held in (self.titles, self.deleted, self.answers):
            held[name].clear()

    @invariant()
    def everybody_sees_their_own(self) -> None:
        for name, person in self.people.items():
            listed = person.get("/conversations?limit=100").json["items"]
            assert {i["conversation_id"]: i["title"] for i in listed} == self.titles[name]
            found = person.get("/search?q=it,&limit=100").json["items"]
            assert {hit["conversation_id"] for hit in found} <= self.titles[name].keys()
            insights = person.get("/insights?days=2").json["totals"]
            assert insights["questions"] == len(self.answers[name])
            said = [self.ratings.get(answer) for answer in self.answers[name]]
            assert (insights["up"], insights["down"]) == (said.count("up"), said.count("down"))

    @invariant()
    def nobody_reads_what_is_not_theirs(self) -> None:
        for owner, held in self.titles.items():
            for conversation in list(held)[:1]:
                for name, person in self.people.items():
                    reply = person.get(f"/conversations/{conversation}")
                    assert reply.status == (200 if name == owner else 404)


Calls.TestCase.settings = settings(
    max_examples=4,
    stateful_step_count=8,
    suppress_health_check=list(HealthCheck),
)
TestCalls = Calls.TestCase
