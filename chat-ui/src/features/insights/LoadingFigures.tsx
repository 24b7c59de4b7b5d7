import { Skeleton } from "../../ui/Skeleton";

const PLACES = ["a", "b", "c", "d", "e", "f"];

/** The page's shape while its figures are read. */
export function LoadingFigures() {
  return (
    <div className="grid gap-4">
      <span className="sr-only" role="status">
        Loading the figures
      </span>
      <div className="figure-grid">
        {PLACES.map((place) => (
          <Skeleton key={place} className="h-24 rounded-xl" />
        ))}
      </div>
      <div className="grid gap-4 lg:grid-cols-2">
        {PLACES.slice(0, 4).map((place) => (
          <Skeleton key={place} className="h-72 rounded-xl" />
        ))}
      </div>
    </div>
  );
}
