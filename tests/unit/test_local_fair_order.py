"""Who is next when several tenants wait in one queue."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from local.triggers.fair_order import FairOrder, group_of


def message(number: int, tenant: str | None) -> dict[str, Any]:
    attributes = {} if tenant is None else {"MessageGroupId": tenant}
    return {"MessageId": f"{tenant}-{number}", "Attributes": attributes}


def messages(tenant: str | None, count: int) -> list[dict[str, Any]]:
    return [message(number, tenant) for number in range(count)]


def ids(taken: list[dict[str, Any]]) -> list[str]:
    return [message["MessageId"] for message in taken]


def test_one_tenants_messages_keep_their_order() -> None:
    order = FairOrder()
    order.add(messages("a", 5), 0)
    assert ids(order.take(9)) == ["a-0", "a-1", "a-2", "a-3", "a-4"]


def test_a_tenant_that_asks_once_is_next_behind_anothers_flood() -> None:
    order = FairOrder()
    order.add(messages("flood", 200), 0)
    busy = order.take(4)
    order.add([*messages("quiet", 1), *messages("calm", 1)], 1)
    for expected in ("quiet-0", "calm-0", "flood-4"):
        order.done([busy.pop(0)])
        [taken] = order.take(1)
        assert taken["MessageId"] == expected
        busy.append(taken)


def test_with_one_worker_tenants_take_turns() -> None:
    order = FairOrder()
    order.add([*messages("a", 3), *messages("b", 2), *messages("c", 1)], 0)
    served = []
    while order:
        [taken] = order.take(1)
        served.append(taken["MessageId"])
        order.done([taken])
    assert served == ["a-0", "b-0", "c-0", "a-1", "b-1", "a-2"]


def test_a_tenant_that_is_slow_gives_way_to_one_that_has_nothing_in_flight() -> None:
    order = FairOrder()
    order.add([*messages("slow", 4), *messages("quick", 4)], 0)
    busy = order.take(4)
    order.done([taken for taken in busy if group_of(taken) == "quick"])
    assert ids(order.take(2)) == ["quick-2", "quick-3"]


def test_messages_without_a_group_do_not_wait_for_each_other() -> None:
    order = FairOrder()
    order.add([*messages("a", 2), *messages(None, 2)], 0)
    assert ids(order.take(4)) == ["a-0", "None-0", "None-1", "a-1"]


def test_what_waits_long_is_renewed_or_given_up() -> None:
    order = FairOrder()
    order.add(messages("a", 2), 0)
    order.add(messages("b", 1), 10)
    assert ids(order.held_since(10)) == ["a-0", "a-1"]
    order.renew([message(0, "a")], 12)
    order.drop([message(1, "a")])
    assert ids(order.held_since(13)) == ["a-0", "b-0"]
    assert order.held_since(10) == []
    assert ids(order.take(9)) == ["a-0", "b-0"]


@given(
    st.lists(st.sampled_from(["a", "b", "c", None, "take", "done"]), max_size=60),
    st.integers(1, 3),
)
def test_each_message_is_handed_out_once_and_goes_to_who_has_the_fewest_in_flight(
    steps: list[str | None], workers: int
) -> None:
    order, sent, served = FairOrder(), Counter[str | None](), Counter[str]()
    busy: list[dict[str, Any]] = []
    for step in [*steps, *["take", "done"] * 120]:
        if step == "take" and len(busy) < workers:
            waiting = {group_of(held) for held in order.held_since(1)}
            flying = Counter(group_of(taken) for taken in busy)
            for taken in order.take(1):
                assert flying[group_of(taken)] == min(flying[group] for group in waiting)
                served[taken["MessageId"]] += 1
                busy.append(taken)
        elif step == "done" and busy:
            order.done([busy.pop(0)])
        elif step not in ("take", "done"):
            order.add([message(sent[step], step)], 0)
            sent[step] += 1
    assert not order
    assert set(served.values()) <= {1}
    assert served.total() == sent.total()
