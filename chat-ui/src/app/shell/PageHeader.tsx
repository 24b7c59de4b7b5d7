/** The bar above a page: its title, and what can be done with it. */
import { PanelLeft } from "lucide-react";
import { type ReactNode, useEffect } from "react";
import { IconButton } from "../../ui/Button";
import { NewConversation } from "./NewConversation";
import { useFrame } from "./shell_context";

const PRODUCT = "EnergyCopilot";

export interface PageHeaderProps {
  /** Shown in the bar; the browser's title as well, if it is text. */
  readonly title: ReactNode;
  /** Where `title` is no text: the browser's title. */
  readonly documentTitle?: string;
  readonly actions?: ReactNode;
}

export function PageHeader({ title, documentTitle, actions }: PageHeaderProps) {
  const { sidebarShown, toggleSidebar, toggleKeys } = useFrame();
  const named = documentTitle ?? (typeof title === "string" ? title : "");
  useEffect(() => {
    document.title = named === "" || named === PRODUCT ? PRODUCT : `${named} · ${PRODUCT}`;
  }, [named]);
  return (
    <header className="header">
      {!sidebarShown && (
        <IconButton
          label="Show the sidebar"
          data-sidebar-toggle
          shortcut={toggleKeys}
          onClick={toggleSidebar}
        >
          <PanelLeft aria-hidden className="rtl:-scale-x-100" />
        </IconButton>
      )}
      <div className="min-w-0 flex-1 truncate font-semibold tracking-tight">
        {typeof title === "string" && title !== "" ? <h1 className="truncate">{title}</h1> : title}
      </div>
      <div className="flex shrink-0 items-center gap-1">
        {actions}
        {!sidebarShown && <NewConversation compact />}
      </div>
    </header>
  );
}
