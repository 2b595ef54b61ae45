import t from 'tap';

import { losslessBody } from '../../../../src/api/openai/lossless.js';
import { RESPONSE_FIELDS } from '../../../../src/api/responses/fields.js';
import { parseTextField } from '../../../../src/api/responses/text-field.js';
import { parseToolFields } from '../../../../src/api/responses/tools.js';
import { parseJsonObject } from '../../../../src/http/json.js';
import { jsonText } from '../../../../src/text/jinja/json-text.js';
import { Meter } from '../../../../src/text/jinja/meter.js';
import type { Value } from '../../../../src/text/jinja/values.js';

const LAYOUT = { ensureAscii: false, indent: null, separators: null, sortKeys: false };
const NO_LIMITS = { maxSteps: Infinity, maxChars: Infinity, maxMs: Infinity };
const shown = (value: Value): string => jsonText(value, LAYOUT, new Meter(NO_LIMITS));

function toolsOf(text: string): { tools: string; choice: string; shownChoice: unknown } {
  const body = parseJsonObject(Buffer.from(text), RESPONSE_FIELDS);
  const { chatTools, chatChoice, shownChoice } = parseToolFields(body, losslessBody(body));
  return { tools: shown(chatTools), choice: shown(chatChoice), shownChoice };
}

const F = '{"type": "function", "name": "f", "parameters": {"2": 1.0, "1": 9007199254740993}}';
const G = '{"type": "function", "name": "g", "strict": true}';
const NESTED_F =
  '{"type": "function", "function": {"name": "f", "parameters": {"2": 1.0, "1": 9007199254740993}}}';
const NESTED_G = '{"type": "function", "function": {"name": "g", "strict": true}}';

t.test('tools are a chat’s, every digit and the order of every key with them', (t) => {
  t.match(toolsOf(`{"tools": [${F}, ${G}]}`), {
    tools: `[${NESTED_F}, ${NESTED_G}]`,
    choice: '"auto"',
  });
  t.match(toolsOf('{"tools": []}'), { tools: 'null', choice: 'null' });
  t.end();
});

t.test('choices', (t) => {
  const named = '{"type": "function", "function": {"name": "g"}}';
  t.match(toolsOf(`{"tools": [${F}, ${G}], "tool_choice": {"type": "function", "name": "g"}}`), {
    choice: named,
    shownChoice: { type: 'function', name: 'g' },
  });
  t.match(toolsOf(`{"tools": [${F}, ${G}], "tool_choice": ${named}}`), { choice: named });
  const allowed =
    '{"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "g"}]}';
  t.match(toolsOf(`{"tools": [${F}, ${G}], "tool_choice": ${allowed}}`), {
    tools: `[${NESTED_G}]`,
    choice: '"required"',
    shownChoice: JSON.parse(allowed) as object,
  });
  t.end();
});

t.test('functions of a namespace have one name for the model, and two for the client', (t) => {
  const namespace = `{"type": "namespace", "name": "crm", "description": "Customers.",
    "tools": [${F}, {"type": "function", "name": "find", "description": "One of them."}]}`;
  const choice = '{"type": "function", "name": "f", "namespace": "crm"}';
  const text = `{"tools": [${G}, ${namespace}], "tool_choice": ${choice}}`;
  const body = parseJsonObject(Buffer.from(text));
  const field = parseToolFields(body, losslessBody(body));
  const nested = (name: string, about: string, rest: string): string =>
    `{"type": "function", "function": {"name": "${name}", "description": "${about}"${rest}}}`;
  const parameters = ', "parameters": {"2": 1.0, "1": 9007199254740993}';
  t.equal(
    shown(field.chatTools),
    `[${NESTED_G}, ${nested('crm__f', 'Customers.', parameters)}, ` +
      `${nested('crm__find', 'Customers.\\n\\nOne of them.', '')}]`,
  );
  t.equal(shown(field.chatChoice), '{"type": "function", "function": {"name": "crm__f"}}');
  t.strictSame(field.shownChoice, JSON.parse(choice));
  t.match(field.shown, [{ name: 'g' }, { type: 'namespace', tools: [{ name: 'f' }, {}] }]);
  t.strictSame(field.places.get('crm__find'), { namespace: 'crm', name: 'find' });
  const only = `{"type": "allowed_tools", "tools": [${choice}]}`;
  t.match(toolsOf(`{"tools": [${G}, ${namespace}], "tool_choice": ${only}}`), {
    tools: /^\[[^\[]*crm__f"[^\[]*\]$/,
    shownChoice: { mode: 'auto', tools: [JSON.parse(choice)] },
  });
  const refused: [string, RegExp][] = [
    [`{"tools": [${namespace}], "tool_choice": {"type": "function", "name": "f"}}`, /'f' is not/],
    [`{"tools": [${namespace}, ${namespace}]}`, /would be called 'crm__f'/],
    ['{"tools": [{"type": "namespace", "name": "n", "tools": [{"type": "custom"}]}]}', /'custom'/],
    ['{"tools": [{"type": "namespace", "name": "n", "tools": 5}]}', /tools\[0\].tools must be a/],
    ['{"tools": [{"type": "namespace"}]}', /Namespaces must include a name/],
  ];
  for (const [one, message] of refused) t.throws(() => toolsOf(one), { message });
  t.end();
});

t.test('formats', (t) => {
  const formatOf = (text: string): string => {
    const body = parseJsonObject(Buffer.from(text), RESPONSE_FIELDS);
    return shown(parseTextField(body, losslessBody(body)).responseFormat);
  };
  t.equal(formatOf('{}'), 'null');
  t.equal(formatOf('{"text": {"format": {"type": "text"}}}'), 'null');
  t.equal(formatOf('{"text": {"format": {"type": "json_object"}}}'), '{"type": "json_object"}');
  const schema = '{"2": 1, "1": {"minimum": 9007199254740993}}';
  t.equal(
    formatOf(`{"text": {"format": {"type": "json_schema", "name": "x", "schema": ${schema}}}}`),
    `{"type": "json_schema", "json_schema": {"name": "x", "schema": ${schema}}}`,
  );
  t.end();
});
