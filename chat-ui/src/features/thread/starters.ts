/** Questions of corpus/questions.jsonl that show what the sample documents hold. */
export const STARTERS = [
  {
    topic: "Wind PPA",
    question:
      "To what was the free curtailment allowance at Harrow Ridge lowered by the First Amendment?",
  },
  {
    topic: "Tariffs",
    question: "What did a peak kilowatt-hour cost on the residential time-of-use schedule in 2024?",
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
