import t from 'tap';

import { seededRandom } from '../../../../src/core/clock.js';
import { ToolReader } from '../../../../src/text/tools/format.js';
import { TOOL_FORMATS } from '../../../../src/text/tools/registry.js';
import { Dice } from '../../../sim/dice.js';
import { cuttings } from '../cuttings.js';
import { gathered, TOOLS, type Called } from './called.js';
import { CASES } from './cases.js';

/** Parts of a format's own texts, so that they meet its marks in every order. */
function partsOf(parser: string): readonly string[] {
  const texts = (CASES[parser] ?? []).map(({ text }) => text);
  const parts = texts.flatMap((text) => text.split(/(<[^<>]*>|[{}[\]":,=()]|\n| )/u));
  return [...new Set(parts)].filter((part) => part !== '');
}

function read(parser: string, parts: readonly string[]): Called {
  const reader = new ToolReader(TOOL_FORMATS[parser as 'qwen'], TOOLS);
  const pieces = parts.flatMap((part) => reader.push(part));
  return gathered([...pieces, ...reader.end()]);
}

t.test('garbage of a format’s own marks: nothing is thrown, and no cut tells', (t) => {
  const seed = Number(process.argv[2] ?? 1);
  for (const parser of Object.keys(CASES)) {
    const dice = new Dice(seededRandom(seed));
    const parts = partsOf(parser);
    for (let round = 0; round < 150; round++) {
      const text = Array.from({ length: 2 + dice.below(14) }, () => dice.pick(parts)).join('');
      const whole = JSON.stringify(read(parser, [text]));
      for (const cut of cuttings(text, 3)) {
        const found = JSON.stringify(read(parser, cut));
        if (found !== whole)
          t.fail(`seed ${seed}, ${parser}: ${JSON.stringify(cut)}`, { found, whole });
      }
    }
  }
  t.end();
});
