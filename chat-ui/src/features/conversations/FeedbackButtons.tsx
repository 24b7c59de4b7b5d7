/** Thumbs up or down; after a thumbs down a word on why, if one likes. */
import { ThumbsDown, ThumbsUp } from "lucide-react";
import { useState } from "react";
import type { Feedback } from "../../chat/conversation";
import { IconButton } from "../../ui/Button";
import { Popover, PopoverAnchor, PopoverContent } from "../../ui/Popover";
import { FeedbackForm } from "./FeedbackForm";
import { useRating } from "./rating";

interface FeedbackButtonsProps {
  readonly answerId: string;
  readonly feedback: Feedback | null;
}

export function FeedbackButtons({ answerId, feedback }: FeedbackButtonsProps) {
  const rate = useRating(answerId, feedback);
  const [asksWhy, setAsksWhy] = useState(false);
  const rating = feedback?.rating ?? null;
  const judge = (wanted: "up" | "down") => {
    const withdrawn = rating === wanted;
    void rate(withdrawn ? null : { rating: wanted });
    setAsksWhy(wanted === "down" && !withdrawn);
  };
  return (
    <Popover open={asksWhy} onOpenChange={setAsksWhy}>
      <IconButton
        label="Good answer"
        size="sm"
        aria-pressed={rating === "up"}
        className="aria-pressed:text-accent"
        onClick={() => judge("up")}
      >
        <ThumbsUp aria-hidden className={rating === "up" ? "fill-current/20" : undefined} />
      </IconButton>
      <PopoverAnchor asChild>
        <span>
          <IconButton
            label="Bad answer"
            size="sm"
            aria-pressed={rating === "down"}
            className="aria-pressed:text-danger"
            onClick={() => judge("down")}
          >
            <ThumbsDown aria-hidden className={rating === "down" ? "fill-current/20" : undefined} />
          </IconButton>
        </span>
      </PopoverAnchor>
      <PopoverContent aria-label="What was wrong with the answer?">
        <FeedbackForm
          feedback={feedback}
          onDone={(given) => {
            setAsksWhy(false);
            if (given !== null) void rate(given);
          }}
        />
      </PopoverContent>
    </Popover>
  );
}
