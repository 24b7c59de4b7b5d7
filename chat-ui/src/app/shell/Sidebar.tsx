/** What can be reached from everywhere: conversations, the other pages, settings. */
import {
  BookOpenText,
  ChartNoAxesColumn,
  Keyboard,
  type LucideIcon,
  PanelLeft,
  Settings,
} from "lucide-react";
import type { ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { IconButton } from "../../ui/Button";
import { Logo } from "../../ui/Logo";
import { NewConversation } from "./NewConversation";
import { useFrame } from "./shell_context";

export interface SidebarProps {
  /** The list of conversations: it takes the room between the links and the lower end. */
  readonly children?: ReactNode;
  readonly onSettings: () => void;
  readonly onShortcuts: () => void;
}

export function Sidebar({ children, onSettings, onShortcuts }: SidebarProps) {
  const { toggleSidebar, toggleKeys } = useFrame();
  return (
    <>
      <div className="flex h-14 shrink-0 items-center justify-between ps-4 pe-2.5">
        <Link
          href="/"
          className="flex items-center gap-2.5 rounded-lg font-semibold tracking-tight"
        >
          <Logo />
          EnergyCopilot
        </Link>
        <IconButton
          label="Hide the sidebar"
          data-sidebar-toggle
          shortcut={toggleKeys}
          onClick={toggleSidebar}
        >
          <PanelLeft aria-hidden className="rtl:-scale-x-100" />
        </IconButton>
      </div>
      <div className="px-3 pt-1">
        <NewConversation />
        <nav aria-label="Pages" className="mt-2 grid gap-px">
          <PageLink href="/documents" icon={BookOpenText}>
            Documents
          </PageLink>
          <PageLink href="/insights" icon={ChartNoAxesColumn}>
            Insights
          </PageLink>
        </nav>
      </div>
      <div className="mt-3 flex min-h-0 flex-1 flex-col">{children}</div>
      <div className="flex items-center gap-1 border-line border-t px-3 py-2">
        <button type="button" className="sidebar-row flex-1" onClick={onSettings}>
          <Settings aria-hidden />
          Settings
        </button>
        <IconButton label="Keyboard shortcuts" shortcut="?" tooltipSide="top" onClick={onShortcuts}>
          <Keyboard aria-hidden />
        </IconButton>
      </div>
    </>
  );
}

function PageLink(props: {
  readonly href: string;
  readonly icon: LucideIcon;
  readonly children: ReactNode;
}) {
  const { href, icon: Icon, children } = props;
  const [path] = useLocation();
  const here = path === href || path.startsWith(`${href}/`);
  return (
    <Link href={href} aria-current={here ? "page" : undefined} className="sidebar-row">
      <Icon aria-hidden />
      {children}
    </Link>
  );
}
