/** What Python's `re` finds, token by token: test/fixtures/make_regex_goldens.py. */
import { readFileSync } from 'node:fs';
import t from 'tap';

import { RegexPool } from '../../../src/text/regex-budget.js';
import { StopRegex } from '../../../src/text/stop-regex.js';

interface Case {
  readonly pattern: string;
  readonly parts: readonly string[];
  readonly found: readonly [number, number] | 'invalid' | null;
}

const GOLDENS = new URL('../../../../test/fixtures/regex-goldens.json', import.meta.url);

/** As Python counts: in characters. */
function find({ pattern, parts }: Case): Case['found'] {
  let search;
  try {
    search = new StopRegex(pattern).search(new RegexPool().meter());
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return 'invalid';
  }
  let text = '';
  for (const [i, part] of parts.entries()) {
    text += part;
    const start = search.push(part);
    if (start !== null) return [i, Array.from(text.slice(0, start)).length];
  }
  return null;
}

t.test('patterns mean what they mean in Python', (t) => {
  const cases = JSON.parse(readFileSync(GOLDENS, 'utf8')) as Case[];
  t.ok(cases.length > 2000);
  const wrong = cases.filter((one) => JSON.stringify(find(one)) !== JSON.stringify(one.found));
  t.strictSame(
    wrong.slice(0, 20).map((one) => [one.pattern, one.parts, one.found, find(one)]),
    [],
  );
  t.equal(wrong.length, 0);
  t.end();
});

t.test('a pattern that is too large or too deep is refused', (t) => {
  for (const pattern of ['(a{1000}){1000}', '('.repeat(500) + ')'.repeat(500)]) {
    t.throws(() => new StopRegex(pattern), SyntaxError);
  }
  t.end();
});
