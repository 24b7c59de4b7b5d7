/** Where the conversations of the past are read from: a port, which the HTTP API implements. */
import type { StoredTurn } from "./stored";

export type Found =
  | { readonly kind: "found"; readonly turns: readonly StoredTurn[] }
  /** There is no such conversation, or not for this person. */
  | { readonly kind: "missing" }
  /** The server could not be asked, or could not answer. */
  | { readonly kind: "unreachable" };

export interface History {
  /** All turns of all branches, oldest first. Never rejects. */
  load(conversationId: string): Promise<Found>;
}
