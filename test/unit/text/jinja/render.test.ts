import { readFileSync } from 'node:fs';
import t from 'tap';

import { LimitError, TemplateError } from '../../../../src/text/jinja/errors.js';
import { parseJsonValue } from '../../../../src/text/jinja/json-value.js';
import { parseTemplate } from '../../../../src/text/jinja/parse.js';
import { renderTemplate } from '../../../../src/text/jinja/render.js';
import { Dict, isText, textOf, type Value } from '../../../../src/text/jinja/values.js';

const FOLDER = new URL('../../../../../test/fixtures/jinja/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, FOLDER), 'utf8');

type Outcome = { readonly text: string } | { readonly error: string; readonly message: string };
type Case = readonly [template: string, now: string, outcome: Outcome];

function variables(text: string): ReadonlyMap<string, Value> {
  const dict = parseJsonValue(text);
  if (!(dict instanceof Dict)) throw new Error('variables are an object');
  return new Map(
    [...dict.entries()].map(([key, value]) => [isText(key) ? textOf(key) : '', value]),
  );
}

const { text: json } = JSON.parse(read('variables.json')) as { text: string };
const VARIABLES = variables(json);

function outcomeOf(template: string, now: string): Outcome {
  try {
    return {
      text: renderTemplate(parseTemplate(template), VARIABLES, { now: () => new Date(now) }),
    };
  } catch (error) {
    if (error instanceof TemplateError) return { error: error.kind, message: error.message };
    if (error instanceof RangeError || error instanceof LimitError) {
      return { error: error.name, message: error.message };
    }
    throw error;
  }
}

/** Errors that a template's author reads have their words; of the others it counts that they are errors. */
const WORDED = new Set([
  'TemplateError',
  'TemplateAssertionError',
  'UndefinedError',
  'SecurityError',
]);

t.test('templates render as Jinja2 renders them', (t) => {
  const cases = JSON.parse(read('cases.json')) as Case[];
  t.ok(cases.length > 5000, 'the table is there');
  const wrong = cases.flatMap(([template, now, expected]) => {
    const got = outcomeOf(template, now);
    const isSame =
      'text' in expected
        ? 'text' in got && got.text === expected.text
        : 'error' in got &&
          (!WORDED.has(expected.error) ||
            (got.error === expected.error && got.message === expected.message));
    return isSame ? [] : [{ template, expected, got }];
  });
  t.same(wrong, []);
  t.end();
});
