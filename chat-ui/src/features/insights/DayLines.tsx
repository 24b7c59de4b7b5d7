import {
  CartesianGrid,
  Line,
  LineChart,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis,
} from "recharts";
import { type DayChartProps, GRID, MARGIN, PointTooltip, X_AXIS, Y_AXIS } from "./axes";

export interface DayLinesProps extends DayChartProps {
  /** The largest value there can be. */
  readonly top?: number;
}

/** A line for each figure; days without one leave a gap. */
export function DayLines({ series, points, format, top }: DayLinesProps) {
  return (
    <ResponsiveContainer width="100%" height="100%">
      <LineChart data={points} margin={MARGIN} accessibilityLayer>
        <CartesianGrid {...GRID} />
        <XAxis {...X_AXIS} />
        <YAxis {...Y_AXIS} domain={[0, top ?? "auto"]} tickFormatter={format} />
        <Tooltip
          cursor={{ stroke: "var(--edge)" }}
          isAnimationActive={false}
          content={<PointTooltip series={series} format={format} />}
        />
        {series.map(({ key, label, colour, dashed }) => (
          <Line
            key={key}
            dataKey={key}
            name={label}
            type="linear"
            stroke={colour}
            strokeWidth={2}
            {...(dashed ? { strokeDasharray: "5 4" } : {})}
            dot={{ r: 2, fill: colour, strokeWidth: 0 }}
            isAnimationActive={false}
          />
        ))}
      </LineChart>
    </ResponsiveContainer>
  );
}
