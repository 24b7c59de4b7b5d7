/** Questions of corpus/questions.jsonl that show what the sample documents hold. */
export const STARTERS = [
  {
    topic: "Wind PPA",
    question:
      "To what was the free curtailment allowance at Harrow Ridge lowered by the First Amendment?",
  },
  {
    topic: "Tariffs",
    question:
      "During which hours is electricity most expensive on the 2025 time-of-use plan for homes?",
  },
  {
    topic: "Storage",
    question:
      "What does the utility pay each month for keeping the Millbrook battery available, per kW?",
  },
  {
    topic: "Carbon accounting",
    question: "Does signing a virtual PPA by itself lower a company's scope 2 figure?",
  },
] as const;
