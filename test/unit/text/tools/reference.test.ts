import { readFileSync } from 'node:fs';

import t from 'tap';

import type { ToolFunction } from '../../../../src/text/tools/pieces.js';
import { cuttings } from '../cuttings.js';
import { called } from './called.js';

interface Golden {
  readonly parser: string;
  readonly text: string;
  readonly normal: string;
  readonly calls: readonly (readonly [string, string])[];
}

const { tools, goldens } = JSON.parse(
  readFileSync(
    new URL('../../../../../test/fixtures/parsers/goldens.json', import.meta.url),
    'utf8',
  ),
) as { tools: Omit<ToolFunction, 'strict'>[]; goldens: Golden[] };
const TOOLS = tools.map((tool) => ({ ...tool, strict: false }));

t.test('whole texts and cut ones are what SGLang makes of whole ones', (t) => {
  t.ok(goldens.length > 100);
  for (const { parser, text, normal, calls } of goldens) {
    // SGLang strips the text before a call in some formats only.
    const expected = { text: calls.length > 0 ? normal.trimEnd() : normal, calls };
    t.strictSame(called(parser, [text], TOOLS), expected, `${parser}: ${text}`);
    for (const parts of cuttings(text, 4)) {
      const found = JSON.stringify(called(parser, parts, TOOLS));
      if (found !== JSON.stringify(expected)) t.fail(`${JSON.stringify(parts)} became ${found}`);
    }
  }
  t.end();
});
