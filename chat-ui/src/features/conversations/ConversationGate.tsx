/** Around the thread: says where a conversation is still loading, gone, or only partly here. */
import { CloudOff, MessageCircleOff } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { useSession, useView } from "../../session/session_context";
import { Button } from "../../ui/Button";
import { EmptyState } from "../../ui/EmptyState";
import { Skeleton } from "../../ui/Skeleton";

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
      return (
        <EmptyState icon={MessageCircleOff} title="This conversation does not exist" alert>
          It was deleted, has expired, or belongs to somebody else. A question that you ask now
          begins a new one. <StartAgain />
        </EmptyState>
      );
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
      <p role="status" className="banner">
        <MessageCircleOff aria-hidden className="size-4 shrink-0" />
        The server no longer has this conversation. This is the copy in your browser; your next
        question begins a new one.
      </p>
    );
  }
  if (phase === "unreachable") {
    return (
      <p role="status" className="banner">
        <CloudOff aria-hidden className="size-4 shrink-0" />
        The server did not answer. This is the copy in your browser.
        <button type="button" className="text-button" onClick={() => session.retryNow()}>
          Try again
        </button>
      </p>
    );
  }
  return null;
}

function Loading() {
  return (
    <div role="status" aria-label="Loading the conversation" className="column grid gap-5 pt-10">
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
      actions={<Button onClick={() => session.retryNow()}>Try again</Button>}
    >
      The server did not answer, and this browser has kept no copy. It is tried again by itself once
      the connection is back.
    </EmptyState>
  );
}

function StartAgain() {
  return (
    <Link href="/" className="text-button">
      Start a new conversation
    </Link>
  );
}
