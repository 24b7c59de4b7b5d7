/** How the questions of the last days were answered, from the stored receipts. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { ChartNoAxesColumn } from "lucide-react";
import { useMemo } from "react";
import { Link, useSearchParams } from "wouter";
import { useApi } from "../../api/api_context";
import type { Insights } from "../../api/schema";
import { Button } from "../../ui/Button";
import { cn } from "../../ui/cn";
import { EmptyState } from "../../ui/EmptyState";
import { QueryFailure } from "../../ui/QueryFailure";
import { Segmented } from "../../ui/Segmented";
import { Charts } from "./Charts";
import { Headlines } from "./Headlines";
import { LoadingFigures } from "./LoadingFigures";
import { FailedQuestions, TopQuestions } from "./QuestionLists";
import { pointOf } from "./series";
import { day } from "./words";

const RANGES = [
  { value: "7", label: "7 days" },
  { value: "30", label: "30 days" },
  { value: "90", label: "90 days" },
] as const;
type Range = (typeof RANGES)[number]["value"];

export function InsightsView() {
  const api = useApi();
  const [range, setRange] = useRange();
  const query = useQuery({
    queryKey: ["insights", range],
    queryFn: ({ signal }) => api.getInsights(Number(range), signal),
    placeholderData: keepPreviousData,
  });
  const { data } = query;
  return (
    <div className="page-column max-w-6xl">
      <div className="mb-5 flex flex-wrap items-center justify-between gap-3">
        <p className="text-muted text-sm">
          {data === undefined
            ? "\u00a0"
            : `${day(data.from_day)} to ${day(data.to_day)}, days in UTC`}
        </p>
        <Segmented label="Period" value={range} options={RANGES} onChange={setRange} />
      </div>
      {query.isPending && <LoadingFigures />}
      {query.isError && (
        <QueryFailure
          title="The figures could not be read"
          message={query.error.message}
          onRetry={() => void query.refetch()}
          retrying={query.isFetching}
        />
      )}
      {data !== undefined && !query.isError && (
        <div className={cn("transition-opacity", query.isPlaceholderData && "opacity-60")}>
          {data.totals.questions === 0 ? <NoQuestions /> : <Report insights={data} />}
        </div>
      )}
    </div>
  );
}

function Report({ insights }: { readonly insights: Insights }) {
  const points = useMemo(() => insights.days.map(pointOf), [insights.days]);
  return (
    <div className="grid gap-4">
      <Headlines totals={insights.totals} />
      <Charts points={points} />
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <TopQuestions questions={insights.top_questions} />
        <FailedQuestions questions={insights.failed_questions} />
      </div>
    </div>
  );
}

function NoQuestions() {
  return (
    <EmptyState
      icon={ChartNoAxesColumn}
      title="No questions in this time"
      actions={
        <Button asChild variant="primary">
          <Link href="/">Ask a question</Link>
        </Button>
      }
    >
      Once a question is answered, its time, cost and outcome are counted here.
    </EmptyState>
  );
}

/** The period stands in the address. */
function useRange() {
  const [parameters, setParameters] = useSearchParams();
  const given = parameters.get("days");
  const range: Range = RANGES.find(({ value }) => value === given)?.value ?? "30";
  const choose = (value: Range) => setParameters({ days: value }, { replace: true });
  return [range, choose] as const;
}
