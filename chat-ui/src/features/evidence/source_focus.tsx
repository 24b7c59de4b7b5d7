/** Which source of an answer a person is looking at: a chip sets it, the list shows it. */
import { createContext, type ReactNode, useContext, useMemo, useState } from "react";
import type { Source } from "../../protocol/wire";

interface SourceFocus {
  readonly sources: readonly Source[];
  /** The chosen source; `at` tells one choice of the same source from the next. */
  readonly chosen: { readonly id: string; readonly at: number } | null;
  choose(id: string): void;
}

const SourceFocusContext = createContext<SourceFocus>({
  sources: [],
  chosen: null,
  choose: () => {},
});

export function SourceFocusProvider(props: {
  readonly sources: readonly Source[];
  readonly children: ReactNode;
}) {
  const [chosen, setChosen] = useState<SourceFocus["chosen"]>(null);
  const { sources, children } = props;
  const value = useMemo(
    () => ({
      sources,
      chosen,
      choose: (id: string) => setChosen((before) => ({ id, at: (before?.at ?? 0) + 1 })),
    }),
    [sources, chosen],
  );
  return <SourceFocusContext value={value}>{children}</SourceFocusContext>;
}

export function useSourceFocus(): SourceFocus {
  return useContext(SourceFocusContext);
}
