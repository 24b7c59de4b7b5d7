/** The session, as components see it. */
import { createContext, type ReactNode, useContext, useSyncExternalStore } from "react";
import type { Session, View } from "../chat/session";
import type { Turn } from "../chat/state";
import type { Vault } from "../chat/vault";

interface Parts {
  readonly session: Session;
  readonly vault: Vault;
}

const SessionContext = createContext<Parts | null>(null);

export function SessionProvider({ children, ...parts }: Parts & { readonly children: ReactNode }) {
  return <SessionContext value={parts}>{children}</SessionContext>;
}

function useParts(): Parts {
  const parts = useContext(SessionContext);
  if (parts === null) throw new Error("A component is outside of SessionProvider.");
  return parts;
}

export function useSession(): Session {
  return useParts().session;
}

export function useVault(): Vault {
  return useParts().vault;
}

/** Part of the view; the component renders again when that part becomes another object. */
export function useView<T>(select: (view: View) => T): T {
  const session = useSession();
  return useSyncExternalStore(session.subscribe, () => select(session.view()));
}

export function useTurn(clientMsgId: string): Turn | undefined {
  return useView(({ chat }) => chat.turns.find((turn) => turn.clientMsgId === clientMsgId));
}
