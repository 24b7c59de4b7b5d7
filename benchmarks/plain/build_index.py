"""Build the plain index: ``python -m benchmarks.plain.build_index CHUNKS OUT``.

``CHUNKS`` holds one JSON object per line: ``text`` and ``title``. ``OUT`` becomes a langchain FAISS
folder (``index.faiss`` and a pickle). Prints one JSON object: seconds to load the model, to embed
and index, to save; the number of chunks; peak memory.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

BEGAN = time.monotonic()

from langchain_community.vectorstores import FAISS  # noqa: E402
from langchain_core.documents import Document  # noqa: E402

from benchmarks.plain.embeddings import MiniLm  # noqa: E402


def main(chunks: Path, out: Path) -> None:
    documents = [
        Document(page_content=row["text"], metadata={"title": row["title"]})
        for row in map(json.loads, chunks.read_text().splitlines())
    ]
    embeddings = MiniLm()
    loaded = time.monotonic()
    store = FAISS.from_documents(documents, embeddings)
    indexed = time.monotonic()
    store.save_local(str(out))
    print(
        json.dumps(
            {
                "chunks": len(documents),
                "load_s": loaded - BEGAN,
                "build_s": indexed - loaded,
                "save_s": time.monotonic() - indexed,
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
