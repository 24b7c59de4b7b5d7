import { describe, expect, it } from "vitest";
import { isUnderWay, progressOf } from "../../src/features/documents/progress";
import { documentSummary } from "../api_builders";

describe("how far a document has come", () => {
  it("says nothing of one that is indexed", () => {
    expect(progressOf(documentSummary("a.md"))).toBeNull();
  });

  it("says why one failed", () => {
    const failed = documentSummary("scan.pdf", {
      status: "failed",
      reason: "it holds no text",
      chunks: 0,
    });
    expect(progressOf(failed)).toMatchObject({
      label: "Failed",
      tone: "danger",
      words: "it holds no text",
    });
  });

  it("says that the earlier version still answers while a newer one is read", () => {
    const newer = documentSummary("a.md", { status: "indexing", chunks: 3 });
    expect(progressOf(newer)?.words).toBe("Until then answers use the earlier version.");
    expect(progressOf({ ...newer, chunks: 0 })?.words).toBeNull();
  });

  it("says that a removed one is used no more once the index has let go of it", () => {
    const removed = documentSummary("a.md", { status: "removed", chunks: 0 });
    expect(progressOf(removed)?.words).toBe("Answers no longer use it.");
  });

  it("is looked at again as long as something is under way", () => {
    const status = (...found: ("queued" | "indexing" | "indexed" | "failed" | "removed")[]) =>
      isUnderWay(found.map((one) => documentSummary("a.md", { status: one })));
    expect(status("indexed", "queued")).toBe(true);
    expect(status("indexing")).toBe(true);
    expect(status("indexed", "failed", "removed")).toBe(false);
    expect(status()).toBe(false);
  });
});
