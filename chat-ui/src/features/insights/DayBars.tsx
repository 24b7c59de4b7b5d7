import { Bar, BarChart, CartesianGrid, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";
import { type DayChartProps, GRID, MARGIN, PointTooltip, X_AXIS, Y_AXIS } from "./axes";

export interface DayBarsProps extends DayChartProps {
  /** The figures are counts: no ticks between whole numbers. */
  readonly whole?: boolean;
}

/** A bar a day, its parts on top of each other. */
export function DayBars({ series, points, format, whole = false }: DayBarsProps) {
  return (
    <ResponsiveContainer width="100%" height="100%">
      <BarChart data={points} margin={MARGIN} barCategoryGap="20%" accessibilityLayer>
        <CartesianGrid {...GRID} />
        <XAxis {...X_AXIS} />
        <YAxis {...Y_AXIS} allowDecimals={!whole} tickFormatter={format} />
        <Tooltip
          cursor={{ fill: "var(--hover)" }}
          isAnimationActive={false}
          content={<PointTooltip series={series} format={format} />}
        />
        {series.map(({ key, label, colour }) => (
          <Bar
            key={key}
            dataKey={key}
            name={label}
            stackId="day"
            fill={colour}
            maxBarSize={36}
            isAnimationActive={false}
          />
        ))}
      </BarChart>
    </ResponsiveContainer>
  );
}
