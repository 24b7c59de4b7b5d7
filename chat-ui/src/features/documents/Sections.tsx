/** The sections of a document, where there is room for them; a click leads there. */
import type { Section } from "../../api/schema";

export interface SectionsProps {
  readonly sections: readonly Section[];
  readonly onChoose: (section: Section) => void;
}

export function Sections({ sections, onChoose }: SectionsProps) {
  if (sections.length < 2) return null;
  return (
    <nav
      aria-label="Sections"
      className="sticky top-6 hidden max-h-[calc(100dvh-8rem)] w-60 shrink-0 overflow-y-auto lg:block"
    >
      <h2 className="px-2.5 pb-1.5 font-medium text-muted text-xs">Sections</h2>
      <ul>
        {sections.map((section) => (
          <li key={section.start}>
            <button
              type="button"
              onClick={() => onChoose(section)}
              style={{ paddingInlineStart: `${0.625 + depthOf(section) * 0.75}rem` }}
              className="block w-full rounded-lg py-1 pe-2.5 text-start text-muted text-sm leading-5 transition-colors hover:bg-hover hover:text-ink"
            >
              {section.title.split(" > ").at(-1)}
            </button>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** How deep a section stands, from 0. */
function depthOf({ title }: Section): number {
  return title.split(" > ").length - 1;
}
