/** The frame of every page: the sidebar (a drawer where the window is narrow) beside the content. */
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";
import { useChangePreferences, usePreferences } from "../../features/settings/preferences_context";
import { useMediaQuery } from "../../ui/media_query";
import { Sheet } from "../../ui/Sheet";
import { useShortcut } from "../../ui/shortcuts";
import { ShellContext } from "./shell_context";

/** From this width on there is room for the sidebar beside the content. */
export const WIDE = "(min-width: 60rem)";

export interface ShellProps {
  readonly sidebar: ReactNode;
  readonly children: ReactNode;
}

export function Shell({ sidebar, children }: ShellProps) {
  const wide = useMediaQuery(WIDE);
  const preferred = usePreferences().sidebar;
  const change = useChangePreferences();
  const [drawer, setDrawer] = useState(false);
  const [path] = useLocation();
  const shown = wide && preferred;
  const toggle = () => (wide ? change({ sidebar: !preferred }) : setDrawer(!drawer));
  const keys = useShortcut(
    { chord: "Mod+B", label: "Show or hide the sidebar", group: "Page" },
    toggle,
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: going somewhere else closes the drawer
  useEffect(() => setDrawer(false), [path, wide]);
  useKeptFocus(shown);
  const frame = { sidebarShown: shown, toggleSidebar: toggle, toggleKeys: keys };
  return (
    <ShellContext value={frame}>
      <a href="#main" className="skip-link">
        Skip to the content
      </a>
      <div className="flex h-dvh overflow-clip">
        {shown && (
          <aside aria-label="Sidebar" className="sidebar w-72 shrink-0 border-line border-e">
            {sidebar}
          </aside>
        )}
        {!wide && (
          <Sheet open={drawer} onOpenChange={setDrawer} side="start" title="Menu" bare>
            <div className="sidebar size-full">{sidebar}</div>
          </Sheet>
        )}
        <div className="relative flex min-w-0 flex-1 flex-col">{children}</div>
      </div>
    </ShellContext>
  );
}

/** The button that hid or showed the sidebar is gone with it: focus goes to its counterpart. */
function useKeptFocus(shown: boolean): void {
  const before = useRef(shown);
  useEffect(() => {
    if (before.current === shown) return;
    before.current = shown;
    if (document.activeElement !== document.body) return;
    document.querySelector<HTMLElement>("[data-sidebar-toggle]")?.focus();
  }, [shown]);
}
