/**
 * Compares the lists of architectures in docs/models.md with the registries and their fixtures; `--write` brings them
 * up to date. Run from the repository's root.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { wrapped } from '../../src/config/flags-markdown.js';
import type { DecoderModel } from '../../src/model/families/family.js';
import { DECODERS, readDecoder } from '../../src/model/families/registry.js';
import { pagedObstacle } from '../../src/model/graph/paged/require-paged.js';
import { int8Obstacle } from '../../src/model/kv-type.js';
import { stateFacts } from '../../src/model/plan/facts.js';
import { OTHER_DECODERS } from '../../src/model/pooled/decoders.js';
import { ENCODERS } from '../../src/model/pooled/encoders/registry.js';
import type { PooledFamily } from '../../src/model/pooled/family.js';
import { GGUF_ARCHITECTURES } from '../../src/model/source/gguf/architectures/registry.js';

const PAGE = join('docs', 'models.md');
const FIXTURES = join('test', 'fixtures', 'families');

interface Fixture {
  readonly name: string;
  readonly model: DecoderModel;
}

const document = readFileSync(PAGE, 'utf8');
const lists = { decoders: decoders(), pooled: pooled(), gguf: asGguf() };
const expected = Object.entries(lists).reduce(
  (text, [name, list]) => withList(text, name, list),
  document,
);

if (process.argv.includes('--write')) {
  writeFileSync(PAGE, expected);
} else if (document !== expected) {
  console.error(`The lists in ${PAGE} are out of date: node dist/test/checks/models.js --write`);
  process.exitCode = 1;
}

/** One item for each network that generates. */
function decoders(): string {
  const fixtures = readdirSync(FIXTURES).map((name): Fixture => {
    const json: unknown = JSON.parse(readFileSync(join(FIXTURES, name, 'config.json'), 'utf8'));
    return { name, model: readDecoder(json) };
  });
  return DECODERS.map(({ architecture, models }) => {
    const own = fixtures.filter(({ model }) => model.config.architecture === architecture);
    const [first] = own;
    if (first === undefined) throw new Error(`No fixture is a ${architecture}.`);
    const notes = exceptions(first.model).map((note) => `; ${note}`);
    return wrapped(`- \`${architecture}\`: ${models}${notes.join('')}`);
  }).join('\n');
}

/** What does not hold for it that holds for most. */
function exceptions(model: DecoderModel): string[] {
  const lacking = (['webgpu', 'cuda'] as const).filter((device) => {
    return pagedObstacle(model, device) !== null;
  });
  if (stateFacts(model.plan) !== null) return ['recurrent state'];
  return [
    ...(int8Obstacle(model) === null ? [] : ['K and V in f32']),
    ...lacking.map((device) => `not on \`${device}\``),
  ];
}

/** Those beside the classes that each network that generates has. */
function pooled(): string {
  const families = [...ENCODERS, ...OTHER_DECODERS];
  const listed = (what: string, is: (family: PooledFamily) => boolean): string => {
    const names = families.filter(is).map(({ architecture }) => `\`${architecture}\``);
    return wrapped(`- ${what}: ${names.join(', ')}`);
  };
  return [
    listed('With vectors', ({ classifier }) => classifier === null),
    listed('With sparse vectors, by a `SpladePooling`', ({ words = null }) => words !== null),
    listed(
      'With the scores of a head',
      ({ classifier, pooling }) => classifier !== null && pooling !== 'tokens',
    ),
    listed('With labels of tokens', ({ pooling }) => pooling === 'tokens'),
  ].join('\n');
}

/** One item for each of llama.cpp's architectures. */
function asGguf(): string {
  return GGUF_ARCHITECTURES.map(({ name, classes }) => {
    return wrapped(`- \`${name}\`: ${classes.map((own) => `\`${own}\``).join(', ')}`);
  }).join('\n');
}

function withList(text: string, name: string, list: string): string {
  const [start, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${PAGE} has no ${start} … ${end}.`);
  return `${text.slice(0, from + start.length)}\n\n${list}\n\n${text.slice(to)}`;
}
