/** Which source the panel shows: a chip or a card opens it; closing leads back to where one was. */
import { createContext, type ReactNode, useContext, useMemo, useState } from "react";

export interface OpenedSource {
  readonly turnId: string;
  readonly sourceId: string;
  /** Where the mark that was followed begins in the answer; `null` from the list of sources. */
  readonly at: number | null;
}

interface Panel {
  readonly opened: OpenedSource | null;
  /** Opens a source, or another one; focus returns to the element that opened the panel. */
  open(source: OpenedSource): void;
  close(): void;
}

const PanelContext = createContext<Panel>({ opened: null, open: () => {}, close: () => {} });

export function SourcePanelProvider({ children }: { readonly children: ReactNode }) {
  const [opened, setOpened] = useState<OpenedSource | null>(null);
  const [opener, setOpener] = useState<Element | null>(null);
  const value = useMemo<Panel>(
    () => ({
      opened,
      open(source) {
        const from = document.activeElement;
        if (from?.closest(`[${PANEL}]`) === null) setOpener(from);
        setOpened(source);
      },
      close() {
        setOpened(null);
        if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
      },
    }),
    [opened, opener],
  );
  return <PanelContext value={value}>{children}</PanelContext>;
}

/** Attribute of the panel's element. */
export const PANEL = "data-source-panel";

export function useSourcePanel(): Panel {
  return useContext(PanelContext);
}
