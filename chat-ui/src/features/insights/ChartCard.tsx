/** A chart with its name and legend, which can be read as a table as well. */
import { ChartLine, Table2 } from "lucide-react";
import { type ReactNode, useId, useState } from "react";
import { IconButton } from "../../ui/Button";
import { cn } from "../../ui/cn";
import { DayTable } from "./DayTable";
import type { DayPoint, Series } from "./series";

export interface ChartCardProps {
  readonly title: string;
  readonly series: readonly Series[];
  readonly points: readonly DayPoint[];
  readonly format: (value: number) => string;
  readonly wide?: boolean;
  readonly children: ReactNode;
}

export function ChartCard(props: ChartCardProps) {
  const { title, series, points, format, wide = false, children } = props;
  const [asTable, setAsTable] = useState(false);
  const name = useId();
  return (
    <section aria-labelledby={name} className={cn("figure-card", wide && "lg:col-span-2")}>
      <div className="flex items-start justify-between gap-3">
        <h2 id={name} className="font-medium text-sm leading-6">
          {title}
        </h2>
        <IconButton
          label={asTable ? "Show as a chart" : "Show as a table"}
          size="xs"
          onClick={() => setAsTable(!asTable)}
        >
          {asTable ? <ChartLine aria-hidden /> : <Table2 aria-hidden />}
        </IconButton>
      </div>
      {asTable ? (
        <DayTable label={title} series={series} points={points} format={format} />
      ) : (
        <>
          {series.length > 1 && <Legend series={series} />}
          <div dir="ltr" className="chart">
            {children}
          </div>
        </>
      )}
    </section>
  );
}

function Legend({ series }: { readonly series: readonly Series[] }) {
  return (
    <ul className="mt-1 flex flex-wrap gap-x-4 gap-y-1 text-muted text-xs">
      {series.map(({ key, label, colour, dashed }) => (
        <li key={key} className="flex items-center gap-1.5">
          <svg aria-hidden="true" viewBox="0 0 14 8" className="h-2 w-3.5">
            {dashed ? (
              <path d="M0 4h5M9 4h5" stroke={colour} strokeWidth="2.5" />
            ) : (
              <rect width="14" height="8" rx="2.5" fill={colour} />
            )}
          </svg>
          {label}
        </li>
      ))}
    </ul>
  );
}
