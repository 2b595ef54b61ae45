#!/usr/bin/env bash
# Prints a JSON file of public models' chat templates by name, from the npm package that carries them.
set -euo pipefail
package=@huggingface/ollama-utils@0.0.18
cache="${XDG_CACHE_HOME:-$HOME/.cache}/radish-test/chat-templates"
file="$cache/ollama-utils-0.0.18.json"
if [ ! -f "$file" ]; then
  work=$(mktemp -d)
  {
    (cd "$work" && npm pack --silent "$package" && tar xzf ./*.tgz)
    # Only the table is wanted, which the package keeps to itself, not the renderer that it imports.
    sed '/^import .*@huggingface\/jinja/d' "$work/package/dist/index.mjs" > "$work/table.mjs"
    echo 'export { OLLAMA_CHAT_TEMPLATE_MAPPING };' >> "$work/table.mjs"
    mkdir -p "$cache"
    node --input-type=module -e '
      import { renameSync, writeFileSync } from "node:fs";
      const [work, file] = process.argv.slice(1);
      const { OLLAMA_CHAT_TEMPLATE_MAPPING: table } = await import(`${work}/table.mjs`);
      const templates = Object.fromEntries(table.map(({ model, gguf }) => [model, gguf]));
      writeFileSync(`${file}.new`, JSON.stringify(templates));
      renameSync(`${file}.new`, file);
    ' "$work" "$file"
    rm -rf "$work"
  } >&2
fi
echo "$file"
