/** Around the thread: says where a conversation is still loading, gone, or only partly here. */
import { CloudOff, MessageCircleOff } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { useSession, useView } from "../../session/session_context";
import { Button } from "../../ui/Button";
import { EmptyState } from "../../ui/EmptyState";
import { Skeleton } from "../../ui/Skeleton";
import { Note } from "./Note";

/** Takes the room of the thread, so that the question box stays where it is. */
const FILLING = "min-h-0 flex-1 justify-center overflow-y-auto";

export function ConversationGate({ children }: { readonly children: ReactNode }) {
  const phase = useView(({ chat }) => chat.phase);
  const isEmpty = useView(({ chat }) => chat.turns.length === 0);
  if (!isEmpty) {
    return (
      <>
        <KeptOnly />
        {children}
      </>
    );
  }
  switch (phase) {
    case "ready":
      return children;
    case "loading":
      return <Loading />;
    case "missing":
      return <Missing />;
    case "unreachable":
      return <Unreachable />;
  }
}

/** Above turns that this browser kept, where the server has no more of them or is away. */
function KeptOnly() {
  const session = useSession();
  const phase = useView(({ chat }) => chat.phase);
  if (phase === "missing") {
    return (
      <Note icon={MessageCircleOff}>
        The server no longer has this conversation. This is the copy in your browser; your next
        question begins a new one.
      </Note>
    );
  }
  if (phase === "unreachable") {
    return (
      <Note icon={CloudOff}>
        <span className="min-w-0 flex-1">
          The server did not answer. This is the copy in your browser.
        </span>
        <Button variant="ghost" size="sm" onClick={() => session.retryNow()}>
          Try again
        </Button>
      </Note>
    );
  }
  return null;
}

function Loading() {
  return (
    <div
      role="status"
      aria-label="Loading the conversation"
      className="column flex min-h-0 flex-1 flex-col gap-5 pt-10"
    >
      <Skeleton className="ms-auto h-10 w-3/5 rounded-2xl" />
      <Skeleton className="h-4 w-11/12" />
      <Skeleton className="h-4 w-4/5" />
      <Skeleton className="h-4 w-2/3" />
    </div>
  );
}

function Unreachable() {
  const session = useSession();
  return (
    <EmptyState
      icon={CloudOff}
      title="The conversation could not be loaded"
      alert
      className={FILLING}
      actions={<Button onClick={() => session.retryNow()}>Try again</Button>}
    >
      The server did not answer, and this browser has kept no copy. It is tried again by itself once
      the connection is back.
    </EmptyState>
  );
}

function Missing() {
  return (
    <EmptyState
      icon={MessageCircleOff}
      title="This conversation does not exist"
      alert
      className={FILLING}
      actions={
        <Button asChild>
          <Link href="/">Start a new conversation</Link>
        </Button>
      }
    >
      It was deleted, has expired, or belongs to somebody else.
    </EmptyState>
  );
}
