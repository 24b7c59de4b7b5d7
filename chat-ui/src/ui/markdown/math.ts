/** Formulas by KaTeX; a chunk of its own, fetched when the first formula is seen. */
import "katex/dist/katex.min.css";
import { createMathPlugin } from "@streamdown/math";

/** Single dollars are prices here. */
export const math = createMathPlugin({
  singleDollarTextMath: false,
  errorColor: "var(--danger)",
});
