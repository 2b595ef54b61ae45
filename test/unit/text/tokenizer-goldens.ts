import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { folderFiles } from '../../../src/core/named-files.js';
import { Detokenizer } from '../../../src/text/detokenizer.js';
import type { TokenizerFiles } from '../../../src/text/added-tokens.js';
import type { Json } from '../../../src/text/hf-tokenizers.js';
import { Tokenizer } from '../../../src/text/tokenizer.js';

const FIXTURES = new URL('../../../../test/fixtures/tokenizers/', import.meta.url);

/** What Hugging Face's libraries made of each string. */
export interface Answers {
  readonly ids: readonly (readonly number[])[];
  /** Text without special tokens; null = the string itself, 0 = the library panics. */
  readonly decoded: readonly (string | null | 0)[];
}

interface Kind extends Answers {
  readonly tokenizer: Json;
}

interface Folder extends Answers {
  readonly kind: string;
  readonly files: Readonly<Record<string, Json>>;
  readonly eos: number | null;
  /** True = a vocabulary in the place of tokenizer.json. */
  readonly slow?: boolean;
}

export function readGolden(path: string): unknown {
  return JSON.parse(readFileSync(new URL(path, FIXTURES), 'utf8'));
}

/** Names of `kinds` or `effective`. */
export function goldenNames(folder: string): readonly string[] {
  return readdirSync(new URL(`${folder}/`, FIXTURES))
    .filter((name) => name !== 'strings.json')
    .map((name) => name.replace(/\.json$/, ''));
}

/** The tokenizer.json alone, as the library itself reads it. */
export function readKind(name: string): Kind & { readonly made: Tokenizer } {
  const kind = readGolden(`kinds/${name}.json`) as Kind;
  const { pre_tokenizer: pre } = kind.tokenizer as { pre_tokenizer: Json | null };
  const config = { add_prefix_space: pre?.['add_prefix_space'] ?? false };
  return { ...kind, made: new Tokenizer(kind.tokenizer, config) };
}

/** A folder's files around the tokenizer.json of a kind, or around its vocabulary. */
export async function readFolder(name: string): Promise<Folder & { readonly made: Tokenizer }> {
  const folder = readGolden(`effective/${name}.json`) as Folder;
  const { tokenizer } = readGolden(`kinds/${folder.kind}.json`) as Kind;
  if (folder.slow === true) return { ...folder, made: await loadSlow(folder, tokenizer) };
  const modelType = folder.files['config.json']?.['model_type'];
  const others: Partial<TokenizerFiles> = {
    specialTokensMap: folder.files['special_tokens_map.json'] ?? null,
    addedTokens: folder.files['added_tokens.json'] ?? null,
    modelType: typeof modelType === 'string' ? modelType : null,
  };
  const config = folder.files['tokenizer_config.json'] ?? {};
  return { ...folder, made: new Tokenizer(tokenizer, config, others) };
}

interface Vocabulary {
  readonly type: string;
  readonly vocab: Readonly<Record<string, number>>;
  readonly merges: readonly (readonly string[])[];
}

async function loadSlow({ files }: Folder, { model }: Json): Promise<Tokenizer> {
  const folder = mkdtempSync(join(tmpdir(), 'radish-slow-'));
  const write = (name: string, text: string): void => {
    writeFileSync(join(folder, name), text);
  };
  const { type, vocab, merges } = model as Vocabulary;
  if (type === 'WordPiece') {
    const tokens = Object.entries(vocab).sort(([, a], [, b]) => a - b);
    write('vocab.txt', tokens.map(([token]) => `${token}\n`).join(''));
  } else {
    write('vocab.json', JSON.stringify(vocab));
    write('merges.txt', `#version: 0.2\n${merges.map((pair) => `${pair.join(' ')}\n`).join('')}`);
  }
  for (const [name, json] of Object.entries(files)) write(name, JSON.stringify(json));
  try {
    return await Tokenizer.load(folderFiles(folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What a stream gives, delta by delta. */
export function streamed(tokenizer: Tokenizer, ids: readonly number[], skips: boolean): string[] {
  const prompt = new Int32Array(0);
  const detokenizer = new Detokenizer(tokenizer, { skipSpecialTokens: skips, prompt });
  return [...ids.map((id) => detokenizer.push(id)), detokenizer.flush()];
}
