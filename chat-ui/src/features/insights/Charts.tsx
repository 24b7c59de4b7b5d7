/** The days of the period as charts. */
import { ChartCard } from "./ChartCard";
import { DayBars } from "./DayBars";
import { DayLines } from "./DayLines";
import type { DayPoint, Series } from "./series";
import { count, duration, money, percent } from "./words";

const OUTCOMES: readonly Series[] = [
  { key: "answered", label: "Answered", colour: "var(--series-1)" },
  { key: "abstained", label: "Abstained", colour: "var(--series-2)" },
  { key: "cancelled", label: "Stopped", colour: "var(--series-5)" },
  { key: "truncated", label: "Cut short", colour: "var(--series-3)" },
  { key: "errors", label: "Failed", colour: "var(--series-4)" },
];

const FIRST: readonly Series[] = [
  { key: "firstP50", label: "Median", colour: "var(--series-1)" },
  { key: "firstP95", label: "95th percentile", colour: "var(--series-2)", dashed: true },
];

const TOTAL: readonly Series[] = [
  { key: "totalP50", label: "Median", colour: "var(--series-1)" },
  { key: "totalP95", label: "95th percentile", colour: "var(--series-2)", dashed: true },
];

const SHARES: readonly Series[] = [
  { key: "cached", label: "From the cache", colour: "var(--series-1)" },
  { key: "abstentions", label: "Abstained", colour: "var(--series-2)", dashed: true },
];

const RATINGS: readonly Series[] = [
  { key: "up", label: "Good", colour: "var(--series-1)" },
  { key: "down", label: "Bad", colour: "var(--series-4)" },
];

const COST: readonly Series[] = [{ key: "cost", label: "Cost", colour: "var(--series-3)" }];

export function Charts({ points }: { readonly points: readonly DayPoint[] }) {
  return (
    <div className="grid gap-4 lg:grid-cols-2">
      <ChartCard title="Questions per day" series={OUTCOMES} points={points} format={count} wide>
        <DayBars series={OUTCOMES} points={points} format={count} whole />
      </ChartCard>
      <ChartCard title="Time to the first word" series={FIRST} points={points} format={duration}>
        <DayLines series={FIRST} points={points} format={duration} />
      </ChartCard>
      <ChartCard title="Time to the whole answer" series={TOTAL} points={points} format={duration}>
        <DayLines series={TOTAL} points={points} format={duration} />
      </ChartCard>
      <ChartCard
        title="Cache hits and abstentions"
        series={SHARES}
        points={points}
        format={percent}
      >
        <DayLines series={SHARES} points={points} format={percent} top={1} />
      </ChartCard>
      <ChartCard title="Ratings" series={RATINGS} points={points} format={count}>
        <DayBars series={RATINGS} points={points} format={count} whole />
      </ChartCard>
      <ChartCard title="Cost per day" series={COST} points={points} format={money} wide>
        <DayBars series={COST} points={points} format={money} />
      </ChartCard>
    </div>
  );
}
