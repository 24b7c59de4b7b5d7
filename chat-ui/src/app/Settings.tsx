/** The settings: how the page looks, and what can be done with one's data. */
import { DeleteMyData } from "../features/conversations/DeleteMyData";
import { Setting, SettingsDialog } from "../features/settings/SettingsDialog";
import { SignOut } from "../features/sign_in/SignOut";

export interface SettingsProps {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
}

export default function Settings({ open, onOpenChange }: SettingsProps) {
  return (
    <SettingsDialog open={open} onOpenChange={onOpenChange}>
      <Setting words="Your data">
        <SignOut onSignedOut={() => window.location.assign("/")} />
        <DeleteMyData onDeleted={() => window.location.assign("/")} />
      </Setting>
    </SettingsDialog>
  );
}
