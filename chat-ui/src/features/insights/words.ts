/** Figures in words. */

const counts = new Intl.NumberFormat("en");
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const percents = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 });
const days = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
const moments = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});

export const NOTHING = "–";

export function count(value: number): string {
  return counts.format(value);
}

/** "12.3K". */
export function short(value: number): string {
  return compact.format(value);
}

export function percent(value: number | null): string {
  return value === null ? NOTHING : percents.format(value);
}

/** Dollars, with as many places as a small sum needs to be seen. */
export function money(usd: number): string {
  const places = usd === 0 || usd >= 1 ? 2 : Math.min(6, 1 - Math.floor(Math.log10(usd)));
  return new Intl.NumberFormat("en", {
    style: "currency",
    currency: "USD",
    minimumFractionDigits: 2,
    maximumFractionDigits: places,
  }).format(usd);
}

/** Seconds as "850 ms", "1.25 s", "12.5 s" or "2 min 5 s". */
export function duration(seconds: number | null): string {
  if (seconds === null) return NOTHING;
  if (seconds < 0.9995) return `${Math.round(seconds * 1_000)} ms`;
  if (seconds < 9.995) return `${Number(seconds.toFixed(2))} s`;
  if (seconds < 59.95) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** "2026-11-21" as "21 Nov". */
export function day(iso: string): string {
  return days.format(Date.parse(iso));
}

export function moment(ms: number): string {
  return moments.format(ms);
}
