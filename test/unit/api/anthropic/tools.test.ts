import t from 'tap';

import { responseFormat } from '../../../../src/api/anthropic/output-format.js';
import { checkRefusedFields } from '../../../../src/api/anthropic/refused-fields.js';
import { toolFields } from '../../../../src/api/anthropic/tools.js';
import { partOf, plain, refusal } from './parts.js';

const schema = { type: 'object', properties: { city: { type: 'string' } } };
const tool = { name: 'f', input_schema: schema };

t.test('a tool is a function with the fields that were sent', (t) => {
  const functionOf = (more: object): unknown => {
    const [made] = plain(
      toolFields(partOf({ tools: [{ ...tool, ...more }] }))['tools'] ?? null,
    ) as {
      function: unknown;
    }[];
    return made?.function;
  };
  const plainFunction = { name: 'f', parameters: schema };
  const rows: [object, object][] = [
    [{}, plainFunction],
    [{ type: 'custom', cache_control: { type: 'ephemeral' } }, plainFunction],
    [{ defer_loading: true, eager_input_streaming: true }, plainFunction],
    [
      { description: 'd', strict: true },
      { ...plainFunction, description: 'd', strict: true },
    ],
    [{ input_schema: {} }, { name: 'f', parameters: { type: 'object' } }],
    [
      { input_examples: [{ city: 'Rome' }] },
      { name: 'f', parameters: { ...schema, examples: [{ city: 'Rome' }] } },
    ],
  ];
  for (const [more, expected] of rows) t.same(functionOf(more), expected);
  t.end();
});

t.test('choices', (t) => {
  const choiceOf = (choice: object, tools: unknown[] = [tool]): unknown => {
    const fields = toolFields(partOf({ tools, tool_choice: choice }));
    return [plain(fields['tool_choice'] ?? null), fields['parallel_tool_calls']];
  };
  t.strictSame(choiceOf({ type: 'auto' }), ['auto', null]);
  t.strictSame(choiceOf({ type: 'auto' }, []), [null, null], 'nothing to choose from');
  t.strictSame(choiceOf({ type: 'none' }), ['none', null]);
  t.strictSame(choiceOf({ type: 'any', disable_parallel_tool_use: true }), ['required', false]);
  t.strictSame(choiceOf({ type: 'any', disable_parallel_tool_use: false }), ['required', null]);
  const named = { type: 'function', function: { name: 'f' } };
  t.strictSame(choiceOf({ type: 'tool', name: 'f' }), [named, null]);
  t.end();
});

t.test('what is refused', (t) => {
  const rows: [object, RegExp][] = [
    [{ tools: {} }, /^tools: Input should be a valid list$/],
    [{ tools: [{ input_schema: {} }] }, /^tools\.0\.name: Field required$/],
    [{ tools: [{ name: 'f' }] }, /^tools\.0\.input_schema: Field required$/],
    [
      { tools: [{ type: 'web_search_20250305', name: 'web_search' }] },
      /^tools\.0: .*`web_search_20250305`/,
    ],
    [{ tools: [{ type: 'bash_20250124', name: 'bash' }] }, /`bash_20250124` are not supported/],
    [{ tools: [tool, tool] }, /^tools\.1: tool names must be unique$/],
    [{ tools: [tool], tool_choice: 'auto' }, /^tool_choice: Input should be a valid object$/],
    [{ tools: [tool], tool_choice: {} }, /^tool_choice\.type: Field required$/],
    [{ tools: [tool], tool_choice: { type: 'all' } }, /^tool_choice\.type: Input should be one of/],
    [{ tools: [tool], tool_choice: { type: 'tool' } }, /^tool_choice\.name: Field required$/],
  ];
  for (const [body, expected] of rows)
    t.match(
      refusal(() => toolFields(partOf(body))),
      expected,
    );
  t.end();
});

t.test('the form of the answer', (t) => {
  const format = { type: 'json_schema', schema };
  const made = { type: 'json_schema', json_schema: { name: 'response', schema, strict: true } };
  t.same(plain(responseFormat(partOf({ output_config: { format } }))), made);
  t.same(plain(responseFormat(partOf({ output_format: format }))), made, 'as older clients say it');
  t.equal(responseFormat(partOf({ output_config: { effort: 'low' } })), null);
  const refused = (body: object): string => refusal(() => responseFormat(partOf(body)));
  t.match(
    refused({ output_format: { type: 'json_object' } }),
    /^output_format\.type: Input should be/,
  );
  t.match(refused({ output_format: { schema } }), /^output_format\.type: Field required$/);
  t.match(
    refused({ output_config: { format: { type: 'json_schema' } } }),
    /^output_config\.format\.schema: Field required$/,
  );
  t.end();
});

t.test('fields of what only Anthropic has', (t) => {
  const harmless = [
    {},
    { container: null, mcp_servers: [], speed: 'standard', inference_geo: 'global' },
    {
      metadata: { user_id: 'u' },
      service_tier: 'auto',
      betas: ['x'],
      context_management: { edits: [] },
    },
  ];
  for (const body of harmless) {
    checkRefusedFields(partOf(body));
    t.pass('accepted');
  }
  const refused = [
    { container: 'c' },
    { container: { skills: [{}] } },
    { mcp_servers: [{}] },
    { compaction: { type: 'auto' } },
    { speed: 'fast' },
    { inference_geo: 'us' },
  ];
  for (const body of refused) {
    const [name = ''] = Object.keys(body);
    t.match(
      refusal(() => {
        checkRefusedFields(partOf(body));
      }),
      new RegExp(`^${name}: not supported: `),
    );
  }
  t.end();
});
