/** Keeps the frame standing where one page of it fails, and says what to do. */
import { CircleAlert } from "lucide-react";
import { Component, type ErrorInfo, type ReactNode } from "react";
import { Button } from "../ui/Button";
import { EmptyState } from "../ui/EmptyState";
import { PageHeader } from "./shell/PageHeader";

interface State {
  readonly failed: boolean;
}

/** Give it the address as its `key`: going somewhere else starts anew. */
export class PageBoundary extends Component<{ readonly children: ReactNode }, State> {
  override state: State = { failed: false };

  static getDerivedStateFromError(): State {
    return { failed: true };
  }

  override componentDidCatch(error: unknown, { componentStack }: ErrorInfo): void {
    console.error("A page failed.", error, componentStack);
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return (
      <>
        <PageHeader title="Something failed" />
        <main id="main" className="flex flex-1 items-center">
          <EmptyState
            icon={CircleAlert}
            title="This page could not be shown"
            alert
            actions={
              <Button variant="primary" onClick={() => window.location.reload()}>
                Reload
              </Button>
            }
          >
            Reload it. If the page was updated meanwhile, that brings the new version. Your
            conversations are kept.
          </EmptyState>
        </main>
      </>
    );
  }
}
