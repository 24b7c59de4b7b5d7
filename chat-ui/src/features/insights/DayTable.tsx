import type { DayPoint, Series } from "./series";
import { day, NOTHING } from "./words";

export interface DayTableProps {
  readonly label: string;
  readonly series: readonly Series[];
  readonly points: readonly DayPoint[];
  readonly format: (value: number) => string;
}

/** A chart's figures, newest day first. */
export function DayTable({ label, series, points, format }: DayTableProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a long table is scrolled by keyboard as well
    <section tabIndex={0} aria-label={`${label}, as a table`} className="chart-table">
      <table className="w-full text-xs tabular-nums">
        <thead className="sticky top-0 bg-surface text-muted">
          <tr>
            <th scope="col" className="text-start">
              Day
            </th>
            {series.map(({ key, label: name }) => (
              <th key={key} scope="col" className="text-end">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {points.toReversed().map((point) => (
            <tr key={point.day}>
              <th scope="row" className="text-start">
                {day(point.day)}
              </th>
              {series.map(({ key }) => {
                const value = point[key];
                return (
                  <td key={key} className="text-end">
                    {value === null ? NOTHING : format(value)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
