/** Which state of the documents is indexed: answers carry the same version in their receipts. */
import { Check, Copy } from "lucide-react";
import { useState } from "react";
import { IconButton } from "../../ui/Button";
import type { Corpus } from "./queries";
import { timeOf } from "./words";

export function CorpusLine({ corpus_version: version, model, built_at: builtAt }: Corpus) {
  return (
    <dl className="flex flex-wrap items-center gap-x-5 gap-y-1 text-muted text-sm">
      <div className="flex items-center gap-1.5">
        <dt>Corpus version</dt>
        <dd className="flex items-center gap-0.5 font-mono text-ink text-xs">
          {version.slice(0, 12)}
          <CopyVersion version={version} />
        </dd>
      </div>
      {builtAt != null && (
        <div className="flex gap-1.5">
          <dt>Indexed</dt>
          <dd className="text-ink">{timeOf(builtAt)}</dd>
        </div>
      )}
      <div className="flex min-w-0 gap-1.5">
        <dt>Embedded with</dt>
        <dd className="truncate text-ink">{model}</dd>
      </div>
    </dl>
  );
}

function CopyVersion({ version }: { readonly version: string }) {
  const [copied, setCopied] = useState(false);
  const copy = () => {
    void navigator.clipboard.writeText(version).then(() => setCopied(true));
  };
  return (
    <IconButton
      label={copied ? "Copied" : "Copy the whole version"}
      size="xs"
      onClick={copy}
      onBlur={() => setCopied(false)}
    >
      {copied ? <Check aria-hidden /> : <Copy aria-hidden />}
    </IconButton>
  );
}
