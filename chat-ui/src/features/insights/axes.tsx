/** What all charts have in common: days below, figures beside, and what is under the pointer. */
import type { TooltipContentProps } from "recharts";
import type { DayPoint, Series } from "./series";
import { day, NOTHING } from "./words";

export interface DayChartProps {
  readonly series: readonly Series[];
  readonly points: readonly DayPoint[];
  readonly format: (value: number) => string;
}

export const MARGIN = { top: 8, right: 8, bottom: 0, left: 0 } as const;

export const GRID = { vertical: false, stroke: "var(--line)" } as const;

export const X_AXIS = {
  dataKey: "day",
  tickFormatter: (value: unknown) => day(String(value)),
  tickLine: false,
  axisLine: { stroke: "var(--line)" },
  tick: { fill: "var(--muted)", fontSize: 11 },
  minTickGap: 32,
  tickMargin: 6,
} as const;

export const Y_AXIS = {
  tickLine: false,
  axisLine: false,
  tick: { fill: "var(--muted)", fontSize: 11 },
  width: "auto",
  tickCount: 5,
} as const;

/** The figures of one day. */
export function PointTooltip(props: Partial<TooltipContentProps> & Omit<DayChartProps, "points">) {
  const { active, payload, series, format } = props;
  const point = payload?.[0]?.payload as DayPoint | undefined;
  if (!active || point === undefined) return null;
  return (
    <div className="rounded-lg border border-line bg-raised px-3 py-2 text-xs shadow-md">
      <p className="font-medium text-ink">{day(point.day)}</p>
      <ul className="mt-1 grid gap-0.5">
        {series.map(({ key, label, colour }) => {
          const value = point[key];
          return (
            <li key={key} className="flex items-center gap-1.5 text-muted">
              <span className="size-2 rounded-full" style={{ background: colour }} />
              {label}
              <span className="ms-auto ps-4 font-medium text-ink tabular-nums">
                {value === null ? NOTHING : format(value)}
              </span>
            </li>
          );
        })}
      </ul>
    </div>
  );
}
