/** The document behind a citation, opened at the cited words; beside the thread, or over it. */
import { type ReactNode, useEffect, useRef } from "react";
import { useTurn } from "../../session/session_context";
import { useMediaQuery } from "../../ui/media_query";
import { Sheet } from "../../ui/Sheet";
import { citationsByPlace } from "./answer_ranges";
import { type OpenedSource, PANEL, useSourcePanel } from "./opened_source";
import { SourceView } from "./SourceView";

/** From this width on there is room beside the thread. */
const ROOM_BESIDE = "(min-width: 80rem)";

export function SourcePanel() {
  const { opened } = useSourcePanel();
  const beside = useMediaQuery(ROOM_BESIDE);
  if (opened === null) return null;
  const content = <OpenedView opened={opened} />;
  return beside ? <Beside key="beside">{content}</Beside> : <Over>{content}</Over>;
}

function OpenedView({ opened }: { readonly opened: OpenedSource }) {
  const turn = useTurn(opened.turnId);
  const answer = turn?.answer ?? null;
  const sources = answer?.sources ?? [];
  const source = sources.find(({ id }) => id === opened.sourceId);
  const cited = citationsByPlace(answer?.text ?? "", answer?.end?.citations ?? []);
  const followed = opened.at === null ? undefined : cited.get(opened.at);
  const citation =
    followed ?? [...cited.values()].find(({ source_id }) => source_id === opened.sourceId) ?? null;
  if (source === undefined) return null;
  return <SourceView opened={opened} source={source} sources={sources} citation={citation} />;
}

/** A region of the page: the thread stays readable and usable. */
function Beside({ children }: { readonly children: ReactNode }) {
  const { opened, close } = useSourcePanel();
  const region = useRef<HTMLElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each opened source takes the focus
  useEffect(() => region.current?.focus({ preventScroll: true }), [opened]);
  return (
    <aside
      ref={region}
      {...{ [PANEL]: "" }}
      tabIndex={-1}
      aria-label="Source"
      className="source-panel"
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        close();
      }}
    >
      {children}
    </aside>
  );
}

/** Over the page, where there is no room beside the thread. */
function Over({ children }: { readonly children: ReactNode }) {
  const { close } = useSourcePanel();
  return (
    <Sheet
      open
      onOpenChange={(open) => !open && close()}
      title="Source"
      bare
      className="w-[min(30rem,94vw)]"
    >
      <div {...{ [PANEL]: "" }} className="flex min-h-0 flex-1 flex-col">
        {children}
      </div>
    </Sheet>
  );
}
