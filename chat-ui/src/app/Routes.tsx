/** What each address shows. Only the chat is part of the first load. */
import { lazy, Suspense } from "react";
import { Route, Switch, useLocation } from "wouter";
import { Spinner } from "../ui/Spinner";
import { PageBoundary } from "./PageBoundary";
import { ChatPage } from "./pages/ChatPage";
import { NotFoundPage } from "./pages/NotFoundPage";
import { PageHeader } from "./shell/PageHeader";

const DocumentsPage = lazy(() => import("./pages/DocumentsPage"));
const InsightsPage = lazy(() => import("./pages/InsightsPage"));

export function Routes() {
  const [path] = useLocation();
  return (
    <PageBoundary key={path.split("/")[1]}>
      <Suspense fallback={<LoadingPage />}>
        <Switch>
          <Route path="/">
            <ChatPage />
          </Route>
          <Route path={/^\/c\/[\w-]{1,64}$/}>
            <ChatPage />
          </Route>
          <Route path={/^\/documents(?:\/([^/]+))?\/?$/}>
            {(parts) => <DocumentsPage id={decoded(parts[0])} />}
          </Route>
          <Route path="/insights">
            <InsightsPage />
          </Route>
          <Route>
            <NotFoundPage />
          </Route>
        </Switch>
      </Suspense>
    </PageBoundary>
  );
}

function LoadingPage() {
  return (
    <>
      <PageHeader title="" />
      <main id="main" className="grid flex-1 place-items-center">
        <Spinner label="Loading" />
      </main>
    </>
  );
}

/** One part of an address, slashes included; `null` where it is absent. */
function decoded(part: string | undefined): string | null {
  if (part === undefined) return null;
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
