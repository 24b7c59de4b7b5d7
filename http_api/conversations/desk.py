"""Conversations of one person, on the table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from copilot.answer_log.stopping import Stopping
from copilot.conversations.deletion import Deletion
from copilot.conversations.heads import Heads
from copilot.conversations.history import ConversationHead, Conversations
from copilot.conversations.listing import ConversationList, Position
from copilot.identity import Identity
from copilot.table import Table
from http_api.answers.reading import AnswerReading
from http_api.conversations import exporting
from http_api.conversations.presenting import branch_of, conversation_of, summary_of, turns_of
from http_api.conversations.search import Pattern, find, patterns_of
from http_api.cursors import decode_cursor, encode_cursor
from http_api.models.conversations import (
    Conversation,
    ConversationChange,
    ConversationPage,
    ConversationSummary,
    DeletedConversation,
    NewConversation,
    SearchHit,
    SearchPage,
    Turn,
)
from http_api.problems import not_found
from http_api.services import Export, ExportFormat

_SEARCHED = 25
"""How many conversations one request searches at most."""


class TableConversationDesk:
    """``services.ConversationDesk``. ``now`` is the wall clock in seconds.

    Personal data of the kinds ``redacted`` is removed from titles.
    """

    def __init__(
        self,
        table: Table,
        now: Callable[[], float],
        *,
        retention_s: int,
        audit_s: int,
        redacted: Iterable[str],
    ) -> None:
        self._list = ConversationList(table, now, retention_s=retention_s, redacted=redacted)
        self._heads = Heads(table, now)
        self._deletion = Deletion(table, now, retention_s=retention_s)
        self._conversations = Conversations(table, now)
        self._stopping = Stopping(table, now, retention_s=retention_s, audit_s=audit_s)
        self._answers = AnswerReading(table, now)

    def page(self, who: Identity, cursor: str | None, limit: int) -> ConversationPage:
        after = Position(*decode_cursor(cursor, tuple[int, str])) if cursor else None
        page = self._list.page(who, limit=limit, after=after)
        return ConversationPage(
            items=[summary_of(head) for head in page.heads],
            next_cursor=_cursor(page.after) if page.after else None,
        )

    def create(self, who: Identity, new: NewConversation) -> ConversationSummary:
        return summary_of(self._list.create(who, new.title))

    def get(self, who: Identity, conversation_id: str) -> Conversation:
        head = self._heads.undeleted(who, conversation_id)
        return conversation_of(head, self._turns(who, head))

    def change(
        self, who: Identity, conversation_id: str, change: ConversationChange
    ) -> ConversationSummary:
        head = self._heads.undeleted(who, conversation_id)
        if change.title is not None:
            head = self._list.rename(who, conversation_id, change.title)
        if change.pinned is not None:
            head = self._list.pin(who, conversation_id, change.pinned)
        return summary_of(head)

    def delete(self, who: Identity, conversation_id: str) -> DeletedConversation:
        head = self._deletion.delete(who, conversation_id)
        if head.active_answer is not None:
            self._stopping.cancel(who, head.active_answer)
        return DeletedConversation(
            conversation_id=conversation_id, undo_until=head.deleted_until or 0
        )

    def restore(self, who: Identity, conversation_id: str) -> ConversationSummary:
        return summary_of(self._deletion.restore(who, conversation_id))

    def export(
        self, who: Identity, conversation_id: str, form: ExportFormat, leaf: str | None
    ) -> Export:
        conversation = self.get(who, conversation_id)
        if form == "json":
            name = exporting.file_name(conversation.title, "json")
            return Export(name, "application/json", conversation.model_dump_json(indent=2))
        branch = branch_of(conversation.turns, leaf or conversation.leaf)
        if leaf is not None and not branch:
            raise not_found("unknown_turn", "There is no such turn in this conversation.")
        return Export(
            exporting.file_name(conversation.title, "md"),
            "text/markdown; charset=utf-8",
            exporting.markdown(conversation.title, branch),
        )

    def search(self, who: Identity, query: str, cursor: str | None, limit: int) -> SearchPage:
        """Hits in the newest conversations first; at most ``_SEARCHED`` of them are read."""
        order, after_id, skip = (
            decode_cursor(cursor, tuple[int, str, int]) if cursor else (0, "", 0)
        )
        before = Position(order, after_id) if after_id else None
        page = self._list.page(who, limit=_SEARCHED, after=before)
        patterns = patterns_of(query)
        items: list[SearchHit] = []
        for head in page.heads:
            hits = self._hits(who, head, patterns)[max(0, skip) :]
            room = limit - len(items)
            items += hits[:room]
            if len(hits) > room:
                place = (before.list_order, before.conversation_id) if before else (0, "")
                following = encode_cursor([*place, max(0, skip) + room])
                return SearchPage(items=items, next_cursor=following)
            skip = 0
            before = Position(head.list_order, head.conversation_id)
        rest = page.after
        return SearchPage(
            items=items,
            next_cursor=encode_cursor([rest.list_order, rest.conversation_id, 0]) if rest else None,
        )

    def _turns(self, who: Identity, head: ConversationHead) -> list[Turn]:
        messages = self._conversations.messages(who.tenant, head.conversation_id)
        ended = {m.answer_id for m in messages if m.role == "assistant"}
        unfinished = {
            m.answer_id: self._answers.unfinished(m.answer_id, head.conversation_id)
            for m in messages
            if m.answer_id not in ended
        }
        return turns_of(messages, unfinished)

    def _hits(
        self, who: Identity, head: ConversationHead, patterns: Sequence[Pattern]
    ) -> list[SearchHit]:
        texts: list[tuple[str, str | None, str, int]] = [("title", None, head.title, head.updated)]
        for message in self._conversations.messages(who.tenant, head.conversation_id):
            where = "question" if message.role == "user" else "answer"
            texts.append((where, message.answer_id, message.text, message.at))
        hits = []
        for where, answer_id, text, at in texts:
            if (found := find(text, patterns)) is not None:
                fields = {"where": where, "answer_id": answer_id, "at": at * 1000}
                hits.append(
                    SearchHit.model_validate(
                        {
                            "conversation_id": head.conversation_id,
                            "title": head.title,
                            "excerpt": found[0],
                            "marks": found[1],
                            **fields,
                        }
                    )
                )
        return hits


def _cursor(position: Position) -> str:
    return encode_cursor([position.list_order, position.conversation_id])
