/** Where a question is written. Enter sends, Shift+Enter breaks the line, Send becomes Stop. */
import { ArrowUp, Square } from "lucide-react";
import { type KeyboardEvent, useId, useRef, useState } from "react";
import { useConnected } from "../../session/connected";
import { useSession, useView } from "../../session/session_context";
import { ComposerNote } from "./ComposerNote";
import { useDraft } from "./draft";

/** Until the server has said its own. */
const USUAL_LIMIT = 4_000;

export function Composer() {
  const session = useSession();
  const note = useId();
  const box = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useDraft();
  const [early, setEarly] = useState(false);
  const limit = useView(({ chat }) => chat.limits?.question_chars ?? USUAL_LIMIT);
  const running = useView(({ chat }) => chat.running !== null);
  const connected = useConnected();
  const tooLong = text.length > limit;
  const send = () => {
    setEarly(running);
    if (running || tooLong || text.trim() === "") return;
    session.ask(text);
    setText("");
    box.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // While a word is composed (Japanese, Chinese), Enter chooses it.
    if (event.nativeEvent.isComposing || event.keyCode === IME) return;
    if (event.key === "Escape" && running) session.stop();
    if (event.key !== "Enter" || event.shiftKey || isTouch()) return;
    event.preventDefault();
    send();
  };
  return (
    <div className="composer-area">
      <form
        className="composer"
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        {/* The copy of the text makes the box as high as its text, without measuring. */}
        <div className="composer-grow" data-text={text}>
          <textarea
            ref={box}
            id="question"
            aria-label="Your question"
            aria-describedby={note}
            aria-invalid={tooLong || undefined}
            placeholder="Ask about your energy documents"
            rows={1}
            // biome-ignore lint/a11y/noAutofocus: the page is for asking; on touch screens it is not done
            autoFocus={!isTouch()}
            dir="auto"
            enterKeyHint="enter"
            className="composer-input"
            value={text}
            onChange={(event) => setText(event.target.value)}
            onKeyDown={onKeyDown}
          />
        </div>
        {running ? (
          <button
            type="button"
            className="send-button"
            aria-label="Stop the answer"
            title="Stop the answer (Esc)"
            onClick={() => session.stop()}
          >
            <Square aria-hidden className="size-3.5 fill-current" />
          </button>
        ) : (
          <button
            type="submit"
            className="send-button"
            aria-label="Send the question"
            title="Send (Enter)"
            disabled={tooLong || text.trim() === ""}
          >
            <ArrowUp aria-hidden className="size-4.5" />
          </button>
        )}
      </form>
      <p id={note} className="composer-note">
        <ComposerNote
          length={text.length}
          limit={limit}
          connected={connected}
          waiting={running && early && text.trim() !== ""}
        />
      </p>
    </div>
  );
}

/** The key code that browsers give while a word is composed, where they do not say so otherwise. */
const IME = 229;

/** On a touch screen Enter breaks the line, and focus would cover the page with a keyboard. */
function isTouch(): boolean {
  return !window.matchMedia("(pointer: fine)").matches;
}
