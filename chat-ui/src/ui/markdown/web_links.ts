/**
 * Takes the address from every link that does not spell out its scheme: a rehype plugin. What
 * comes after it reads an address as a browser does, where `//x.org`, `/\x.org` and `\\x.org` lead
 * to another site.
 */
import type { Parents, Root } from "hast";

const SPELLED_OUT = /^(?:https?:\/\/[^/\\]|mailto:)/i;

export function rehypeWebLinks() {
  return (tree: Root): void => visit(tree);
}

function visit(parent: Parents): void {
  for (const child of parent.children) {
    if (child?.type !== "element") continue;
    const { href } = child.properties;
    if (href !== undefined && !SPELLED_OUT.test(String(href))) delete child.properties.href;
    visit(child);
  }
}
