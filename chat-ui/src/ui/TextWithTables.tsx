import { useMemo } from "react";
import { textBlocks } from "./text_blocks";

/** Text as it stands, its tables as tables. */
export function TextWithTables({ text }: { readonly text: string }) {
  const blocks = useMemo(() => keyed(textBlocks(text)), [text]);
  return (
    <div dir="auto" className="wrap-anywhere grid gap-3 text-[0.9375rem] leading-7">
      {blocks.map(({ key, block }) =>
        block.kind === "text" ? (
          <p key={key} className="whitespace-pre-wrap">
            {block.text}
          </p>
        ) : (
          <Table key={key} rows={block.rows} />
        ),
      )}
    </div>
  );
}

function Table({
  rows: [heading = [], ...body],
}: {
  readonly rows: readonly (readonly string[])[];
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table is scrolled by keyboard as well
    <section className="table-frame" aria-label="Table" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {keyed(heading).map(({ key, block }) => (
              <th key={key} scope="col" className="text-start">
                {block}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {keyed(body).map(({ key, block: row }) => (
            <tr key={key}>
              {keyed(row).map(({ key: cellKey, block }) => (
                <td key={cellKey}>{block}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** Nothing here is ever moved: the place is the key. */
function keyed<T>(parts: readonly T[]): readonly { readonly key: number; readonly block: T }[] {
  return parts.map((block, key) => ({ key, block }));
}
