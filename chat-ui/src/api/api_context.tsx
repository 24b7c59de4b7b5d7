/** The API's client, and what was read with it, as components see them. */
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useState } from "react";
import type { ApiClient } from "./client";
import { ApiError } from "./errors";

const ClientContext = createContext<ApiClient | null>(null);

const FRESH_MS = 30_000;
const MAX_RETRIES = 2;

export interface ApiProviderProps {
  readonly client: ApiClient;
  /** How often a read that may succeed later is repeated before its error is shown. */
  readonly retries?: number;
  readonly children: ReactNode;
}

export function ApiProvider({ client, retries = MAX_RETRIES, children }: ApiProviderProps) {
  const [queries] = useState(() => createQueries(retries));
  return (
    <ClientContext value={client}>
      <QueryClientProvider client={queries}>{children}</QueryClientProvider>
    </ClientContext>
  );
}

export function useApi(): ApiClient {
  const client = useContext(ClientContext);
  if (client === null) throw new Error("A component is outside of ApiProvider.");
  return client;
}

function createQueries(retries: number): QueryClient {
  const again = (count: number, error: Error) =>
    count < retries && error instanceof ApiError && error.isTransient;
  return new QueryClient({
    defaultOptions: {
      // `always`: without a network the error is shown at once instead of a wait without end.
      queries: { staleTime: FRESH_MS, retry: again, networkMode: "always" },
      mutations: { retry: false, networkMode: "always" },
    },
  });
}
