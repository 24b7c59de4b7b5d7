/** How the page looks and behaves in this browser. */
import { Monitor, Moon, Sun } from "lucide-react";
import type { ReactNode } from "react";
import { Dialog, DialogContent } from "../../ui/Dialog";
import { Segmented } from "../../ui/Segmented";
import { Switch } from "../../ui/Switch";
import type { Density, Theme } from "./preferences";
import { useChangePreferences, usePreferences } from "./preferences_context";

const THEMES: readonly { readonly value: Theme; readonly label: ReactNode }[] = [
  { value: "system", label: <Choice icon={<Monitor aria-hidden />} words="System" /> },
  { value: "light", label: <Choice icon={<Sun aria-hidden />} words="Light" /> },
  { value: "dark", label: <Choice icon={<Moon aria-hidden />} words="Dark" /> },
];

const DENSITIES: readonly { readonly value: Density; readonly label: ReactNode }[] = [
  { value: "comfortable", label: "Comfortable" },
  { value: "compact", label: "Compact" },
];

export interface SettingsDialogProps {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
  /** Further sections, such as what can be done with one's data. */
  readonly children?: ReactNode;
}

export function SettingsDialog({ open, onOpenChange, children }: SettingsDialogProps) {
  const { theme, density, singleKeys } = usePreferences();
  const change = useChangePreferences();
  return (
    <Dialog open={open} onOpenChange={onOpenChange}>
      <DialogContent title="Settings">
        <div className="grid gap-6">
          <Setting words="Theme">
            <Segmented
              label="Theme"
              value={theme}
              options={THEMES}
              onChange={(chosen) => change({ theme: chosen })}
            />
          </Setting>
          <Setting words="Density">
            <Segmented
              label="Density"
              value={density}
              options={DENSITIES}
              onChange={(chosen) => change({ density: chosen })}
            />
          </Setting>
          <Switch
            label="Shortcuts of a single key"
            note="Such as ? for the list of shortcuts. They never act while you type."
            checked={singleKeys}
            onChange={(on) => change({ singleKeys: on })}
          />
          {children}
        </div>
      </DialogContent>
    </Dialog>
  );
}

function Choice({ icon, words }: { readonly icon: ReactNode; readonly words: string }) {
  return (
    <span className="inline-flex items-center gap-1.5 [&_svg]:size-4">
      {icon}
      {words}
    </span>
  );
}

/** A row of the dialog: its control has these words as its name as well. */
export function Setting({
  words,
  children,
}: {
  readonly words: string;
  readonly children: ReactNode;
}) {
  return (
    <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-2">
      <span aria-hidden className="text-sm">
        {words}
      </span>
      {children}
    </div>
  );
}
