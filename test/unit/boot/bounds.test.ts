import { readFileSync } from 'node:fs';
import t from 'tap';
import { boundsOf } from '../../../src/boot/bounds.js';
import { flagEntries } from '../../../src/config/server-args.js';
import type { Bound } from '../../../src/core/bound.js';
import { defaultArgs } from '../api/test-app.js';

const bounds = boundsOf({
  args: { ...defaultArgs(), maxQueuedRequests: 9 },
  limits: { maxTotalTokens: 77, slotLength: 50, maxRunningRequests: 3 },
  numStatePlaces: 0,
  contextLength: 66,
  maxFiles: 1000,
});

/** Rows of the document: what is bounded → the words of its bound. */
function documented(): Map<string, string> {
  const page = readFileSync('docs/architecture.md', 'utf8');
  const [, section = ''] = page.split('\n## Limits\n');
  const rows = section.split('\n## ')[0]?.split('\n') ?? [];
  const cells = rows
    .filter((line) => line.startsWith('| '))
    .slice(2)
    .map((line) => line.split('|').map((cell) => cell.trim()));
  return new Map(cells.map(([, what = '', bound = '']) => [what, bound]));
}

const FACTORS: Readonly<Record<string, number>> = {
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  K: 1e3,
  M: 1e6,
  minutes: 60,
  h: 3600,
};

/** Every number that the words mean, in the units that the table has; times in s and in ms. */
function numbersIn(words: string): Set<number> {
  const found = new Set<number>(words.includes('a quarter') ? [0.25] : []);
  for (const [, digits = '', unit = ''] of words.matchAll(/(\d[\d,.]*)(?: ([A-Za-z]+))?/g)) {
    const value = Math.round(Number(digits.replaceAll(',', '')) * (FACTORS[unit] ?? 1));
    found.add(value);
    if (['s', 'minutes', 'h'].includes(unit)) found.add(value * 1000);
  }
  return found;
}

/** A configured bound is named by its flag or note, a fixed one has its number. */
function isTold({ value, note, flag, what }: Bound, words: string): boolean {
  if (flag === null && what !== 'connections') return numbersIn(words).has(value ?? -1);
  return [flag, note].some((name) => name !== null && words.includes(name));
}

t.test('the document and the table have the same rows', (t) => {
  const rows = [...documented().keys()].sort();
  t.ok(rows.length > 40, `${rows.length} rows`);
  t.same([...new Set(bounds.map(({ what }) => what))].sort(), rows);
  t.end();
});

t.test('the document has the value of each bound, or names what sets it', (t) => {
  const rows = documented();
  for (const bound of bounds) {
    const words = rows.get(bound.what) ?? '';
    t.ok(isTold(bound, words), `${bound.what}: ${bound.value} ${bound.unit} is «${words}»`);
  }
  t.end();
});

t.test('every flag is one of the server', (t) => {
  const flags = new Set(flagEntries().map(([name]) => `--${name}`));
  const named = bounds.map(({ flag }) => flag).filter((flag) => flag !== null);
  t.ok(named.length >= 6);
  for (const flag of named) t.ok(flags.has(flag), flag);
  t.end();
});

t.test('what is configured has the value of this server', (t) => {
  const valueOf = (name: string): number | null | undefined =>
    bounds.find(({ flag, note }) => flag === name || note === name)?.value;
  t.equal(valueOf('--max-queued-requests'), 9);
  t.equal(valueOf('--max-running-requests'), 3);
  t.equal(valueOf('--max-total-tokens'), 77);
  t.equal(valueOf('--context-length'), 66);
  t.equal(valueOf('ulimit -n'), 968);
  t.end();
});
