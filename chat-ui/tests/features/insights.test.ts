import { expect, it } from "vitest";
import { outcomesOf, pointOf, share } from "../../src/features/insights/series";
import { day, duration, money, percent } from "../../src/features/insights/words";
import { insightsDay } from "../api_builders";

it("every question of a day is in exactly one part", () => {
  const figures = insightsDay("2026-11-20", {
    questions: 10,
    done: 6,
    abstained: 2,
    cancelled: 1,
    truncated: 1,
    errors: 2,
  });
  const parts = outcomesOf(figures);
  expect(parts).toEqual({ answered: 4, abstained: 2, cancelled: 1, truncated: 1, errors: 2 });
  expect(Object.values(parts).reduce((sum, part) => sum + part)).toBe(figures.questions);
});

it("a day without questions has no times and no shares, instead of zeros", () => {
  const point = pointOf(insightsDay("2026-11-20", { questions: 0 }));
  expect(point).toMatchObject({ firstP50: null, totalP95: null, cached: null, abstentions: null });
});

it("milliseconds become seconds", () => {
  const day = insightsDay("2026-11-20", { questions: 1, first_token_ms: { p50: 250, p95: 1500 } });
  expect(pointOf(day)).toMatchObject({ firstP50: 0.25, firstP95: 1.5 });
});

it.each([
  [null, "–"],
  [0, "0 ms"],
  [0.4123, "412 ms"],
  [0.9996, "1 s"],
  [1.35, "1.35 s"],
  [12.53, "12.5 s"],
  [59.96, "1 min 0 s"],
  [125, "2 min 5 s"],
])("%s seconds are %s", (seconds, words) => {
  expect(duration(seconds)).toBe(words);
});

it.each([
  [0, "$0.00"],
  [0.0031, "$0.0031"],
  [0.5, "$0.50"],
  [1234.5, "$1,234.50"],
])("%s dollars are %s", (usd, words) => {
  expect(money(usd)).toBe(words);
});

it("shares and days in words", () => {
  expect([percent(share(1, 8)), percent(share(0, 0)), day("2026-11-09")]).toEqual([
    "12.5%",
    "–",
    "9 Nov",
  ]);
});
