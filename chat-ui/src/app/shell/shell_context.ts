import { createContext, useContext } from "react";

export interface Frame {
  readonly sidebarShown: boolean;
  readonly toggleSidebar: () => void;
  /** The keys that do it, for display. */
  readonly toggleKeys: string;
}

export const ShellContext = createContext<Frame>({
  sidebarShown: false,
  toggleSidebar: () => {},
  toggleKeys: "",
});

/** The frame around the current page. */
export function useFrame(): Frame {
  return useContext(ShellContext);
}
