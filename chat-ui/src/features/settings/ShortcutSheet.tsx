/** All keyboard shortcuts that work on the page that is open. */
import { displayChord } from "../../ui/chords";
import { Dialog, DialogContent } from "../../ui/Dialog";
import { Kbd } from "../../ui/Kbd";
import { useShortcuts } from "../../ui/shortcuts";
import { usePreferences } from "./preferences_context";

export interface ShortcutSheetProps {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
}

export default function ShortcutSheet({ open, onOpenChange }: ShortcutSheetProps) {
  const shortcuts = useShortcuts();
  const groups = [...new Set(shortcuts.map(({ group }) => group))];
  const { singleKeys } = usePreferences();
  return (
    <Dialog open={open} onOpenChange={onOpenChange}>
      <DialogContent title="Keyboard shortcuts" className="max-w-xl">
        <div className="grid gap-x-8 gap-y-5 sm:grid-cols-2">
          {groups.map((name) => (
            <section key={name} aria-label={name}>
              <h3 className="mb-1.5 font-medium text-muted text-xs">{name}</h3>
              <ul className="grid gap-0.5">
                {shortcuts
                  .filter(({ group }) => group === name)
                  .map(({ chord, label }) => (
                    <li key={chord} className="flex min-h-8 items-center justify-between gap-4">
                      <span className="text-sm">{label}</span>
                      <Kbd keys={displayChord(chord)} />
                    </li>
                  ))}
              </ul>
            </section>
          ))}
        </div>
        {!singleKeys && (
          <p className="mt-5 text-muted text-xs">
            Shortcuts of a single key are switched off in the settings.
          </p>
        )}
      </DialogContent>
    </Dialog>
  );
}
