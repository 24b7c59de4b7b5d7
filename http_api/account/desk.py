"""Everything of one person, deleted from the table and from the semantic cache."""

from __future__ import annotations

from copilot.answer_log.forgetting import Forgetting
from copilot.identity import Identity
from copilot.question_queue.messages import ForgetUser
from copilot.question_queue.sender import QueueSender
from http_api.models.account import DeletedRows

LATE_STORES_S = 900
"""A turn that is under way stores its answer in the cache when it has ended, after the first
message perhaps. When the second one arrives no such turn is left: this is longer than the inference
function may run. An answer that is taken later finds that its rows are gone."""


class TableAccountDesk:
    """``services.AccountDesk``."""

    def __init__(self, forgetting: Forgetting, queue: QueueSender) -> None:
        self._forgetting = forgetting
        self._queue = queue

    def forget(self, who: Identity) -> DeletedRows:
        # The messages first: should the deletion break off, asking again finishes it.
        forget = ForgetUser(tenant=who.tenant, user=who.user)
        self._queue.send(forget, who.tenant)
        self._queue.send(forget, who.tenant, delay_s=LATE_STORES_S)
        return DeletedRows(deleted_rows=self._forgetting.forget(who))
