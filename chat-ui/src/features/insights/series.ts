/** The figures of `GET /insights`, made ready for charts and tables. Pure. */
import type { Figures, InsightsDay } from "../../api/schema";

/** How the questions of a day ended; each question is in exactly one part. */
export interface Outcomes {
  readonly answered: number;
  readonly abstained: number;
  readonly cancelled: number;
  readonly truncated: number;
  readonly errors: number;
}

export function outcomesOf(figures: Figures): Outcomes {
  const { done, abstained, cancelled, truncated, errors } = figures;
  // An abstention is an answer that was finished, and counted as such.
  return { answered: Math.max(0, done - abstained), abstained, cancelled, truncated, errors };
}

/** A part of a whole between 0 and 1; `null` where there is no whole. */
export function share(part: number, whole: number): number | null {
  return whole > 0 ? part / whole : null;
}

export interface DayPoint extends Outcomes {
  readonly day: string;
  readonly questions: number;
  /** Seconds; `null` where nothing was measured. */
  readonly firstP50: number | null;
  readonly firstP95: number | null;
  readonly totalP50: number | null;
  readonly totalP95: number | null;
  /** Shares of the day's questions. */
  readonly cached: number | null;
  readonly abstentions: number | null;
  readonly cost: number;
  readonly up: number;
  readonly down: number;
}

export function pointOf(day: InsightsDay): DayPoint {
  const { questions, first_token_ms: first, total_ms: total } = day;
  return {
    day: day.day,
    questions,
    ...outcomesOf(day),
    firstP50: seconds(first?.p50),
    firstP95: seconds(first?.p95),
    totalP50: seconds(total?.p50),
    totalP95: seconds(total?.p95),
    cached: share(day.cache_hits, questions),
    abstentions: share(day.abstained, questions),
    cost: day.cost_usd,
    up: day.up,
    down: day.down,
  };
}

function seconds(ms: number | undefined): number | null {
  return ms === undefined ? null : ms / 1_000;
}

/** One line or bar of a chart, by the figure of a day that it shows. */
export interface Series {
  readonly key: Exclude<keyof DayPoint, "day">;
  readonly label: string;
  readonly colour: string;
  /** Lines that are near each other are told apart without colour. */
  readonly dashed?: boolean;
}
