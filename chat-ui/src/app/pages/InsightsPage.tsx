/** `/insights`. */
import { InsightsView } from "../../features/insights/InsightsView";
import { PageHeader } from "../shell/PageHeader";

export default function InsightsPage() {
  return (
    <>
      <PageHeader title="Insights" />
      <main id="main" tabIndex={-1} className="page-scroll">
        <InsightsView />
      </main>
    </>
  );
}
