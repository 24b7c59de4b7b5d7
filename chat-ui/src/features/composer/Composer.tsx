/** Where a question is written. Enter sends, Shift+Enter breaks the line, Send becomes Stop. */
import { ComposerPrimitive, useAui, useAuiState } from "@assistant-ui/react";
import { ArrowUp, Square } from "lucide-react";
import { type KeyboardEvent, useEffect, useRef } from "react";
import { useVault, useView } from "../../session/session_context";

/** From this share of the limit on, the count is shown. */
const SHOW_COUNT_FROM = 0.8;

export function Composer({ limit }: { readonly limit: number }) {
  useKeptDraft();
  const running = useAuiState(({ thread }) => thread.isRunning);
  const length = useAuiState(({ composer }) => composer.text.length);
  const offline = useView(({ connection }) => connection.phase !== "ready");
  const tooLong = length > limit;
  const keepEnter = (event: KeyboardEvent) => {
    // While nothing can be sent, Enter would break the line, or send what the server refuses.
    const send = event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing;
    if (send && (running || tooLong)) event.preventDefault();
  };
  return (
    <div className="composer-area">
      <ComposerPrimitive.Root className="composer">
        <ComposerPrimitive.Input
          id="question"
          aria-label="Your question"
          aria-describedby="composer-note"
          aria-invalid={tooLong || undefined}
          placeholder="Ask about your energy documents"
          rows={1}
          maxRows={10}
          autoFocus={hasKeyboard()}
          unstable_insertNewlineOnTouchEnter
          dir="auto"
          className="composer-input"
          onKeyDown={keepEnter}
          cancelOnEscape
        />
        {running ? (
          <ComposerPrimitive.Cancel className="send-button" aria-label="Stop the answer">
            <Square aria-hidden className="size-3.5 fill-current" />
          </ComposerPrimitive.Cancel>
        ) : (
          <ComposerPrimitive.Send
            className="send-button"
            aria-label="Send the question"
            disabled={tooLong}
          >
            <ArrowUp aria-hidden className="size-4.5" />
          </ComposerPrimitive.Send>
        )}
      </ComposerPrimitive.Root>
      <p id="composer-note" className="composer-note">
        <Note length={length} limit={limit} offline={offline} />
      </p>
    </div>
  );
}

/** On a touch screen, focus would cover half of the answer with a keyboard. */
function hasKeyboard(): boolean {
  return window.matchMedia("(pointer: fine)").matches;
}

function Note(props: {
  readonly length: number;
  readonly limit: number;
  readonly offline: boolean;
}) {
  const { length, limit, offline } = props;
  const count = new Intl.NumberFormat("en");
  if (length > limit) {
    return (
      <span className="text-danger" role="alert">
        {count.format(length - limit)} characters too long; the limit is {count.format(limit)}.
      </span>
    );
  }
  if (length > limit * SHOW_COUNT_FROM) {
    return `${count.format(length)} of ${count.format(limit)} characters`;
  }
  if (offline && length > 0) return "Your question will be sent once the connection is back.";
  return "Answers can be wrong. Check them against their sources.";
}

/** The draft outlives a reload. */
function useKeptDraft(): void {
  const vault = useVault();
  const aui = useAui();
  const text = useAuiState(({ composer }) => composer.text);
  const restored = useRef(false);
  useEffect(() => {
    if (restored.current) vault.saveDraft(text);
  }, [vault, text]);
  useEffect(() => {
    if (restored.current) return;
    restored.current = true;
    const draft = vault.loadDraft();
    if (draft !== "") aui.composer.setText(draft);
  }, [vault, aui]);
}
