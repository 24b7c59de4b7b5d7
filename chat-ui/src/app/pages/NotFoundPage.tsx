import { Compass } from "lucide-react";
import { Link } from "wouter";
import { Button } from "../../ui/Button";
import { EmptyState } from "../../ui/EmptyState";
import { PageHeader } from "../shell/PageHeader";

/** The address stands for nothing. */
export function NotFoundPage() {
  return (
    <>
      <PageHeader title="Not found" />
      <main id="main" className="flex flex-1 items-center">
        <EmptyState
          icon={Compass}
          title="There is nothing at this address"
          actions={
            <Button asChild variant="primary">
              <Link href="/">Ask a question</Link>
            </Button>
          }
        >
          Check the address, or start from the first page.
        </EmptyState>
      </main>
    </>
  );
}
