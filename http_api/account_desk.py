"""Everything of one person, deleted from the table and from the semantic cache."""

from __future__ import annotations

from copilot.forgetting import Forgetting
from copilot.identity import Identity
from copilot.queue_messages import ForgetUser
from copilot.queue_sender import QueueSender
from http_api import models


class TableAccountDesk:
    """``services.AccountDesk``."""

    def __init__(self, forgetting: Forgetting, queue: QueueSender) -> None:
        self._forgetting = forgetting
        self._queue = queue

    def forget(self, who: Identity) -> models.DeletedRows:
        # The message first: should the deletion break off, asking again finishes it.
        self._queue.send(ForgetUser(tenant=who.tenant, user=who.user), who.tenant)
        return models.DeletedRows(deleted_rows=self._forgetting.forget(who))
