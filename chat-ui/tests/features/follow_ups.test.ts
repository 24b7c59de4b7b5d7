import { expect, it } from "vitest";
import { followUps, topicOf } from "../../src/features/thread/follow_ups";
import { source } from "../builders";

it.each([
  ["4. Contract price", "contract price"],
  ["Rates > 3.2 Time-of-use hours", "time-of-use hours"],
  ["Article IV. Curtailment", "curtailment"],
  ["What storage earns", "what storage earns"],
  ["Harrow Ridge Substation", "Harrow Ridge Substation"],
  ["CO2 accounting", "CO2 accounting"],
  ["Introduction", null],
  ["Page 3", null],
  ["7", null],
  ["", null],
  [null, null],
])("the topic of %j is %j", (section, topic) => {
  expect(topicOf(section)).toBe(topic);
});

const found = [
  source("1", { title: "Harrow Ridge PPA", document: "ppa", section: "4. Contract price" }),
  source("2", { title: "Harrow Ridge PPA", document: "ppa", section: "7. Curtailment" }),
  source("3", { title: "Tariff book", document: "tariff", section: "Demand charges" }),
  source("4", { title: "Tariff book", document: "tariff", section: "Demand charges" }),
  source("5", { title: "Nameless", document: "x" }),
];

it("offers what was found and not used, once each", () => {
  expect(followUps(found, ["1"], [])).toEqual([
    "What does “Harrow Ridge PPA” say about curtailment?",
    "What does “Tariff book” say about demand charges?",
  ]);
});

it("offers nothing that was asked before", () => {
  const asked = ["what does Harrow Ridge PPA say about Curtailment"];
  expect(followUps(found, ["1"], asked)).toEqual([
    "What does “Tariff book” say about demand charges?",
  ]);
});

it("a section that the answer cites is not offered again by its other passages", () => {
  expect(followUps(found, ["1", "3"], [])).toEqual([
    "What does “Harrow Ridge PPA” say about curtailment?",
  ]);
});
