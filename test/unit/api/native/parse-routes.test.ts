import t from 'tap';

import { startApp } from '../test-app.js';

const tools = ['now', 'add'].map((name) => ({ type: 'function', function: { name } }));

t.test('/parse_function_call', async (t) => {
  const app = await startApp();
  t.teardown(() => {
    app.app.close();
  });
  const parse = (body: object) => app.post('/parse_function_call', body);
  const qwen = {
    text: 'Ok <tool_call>\n{"name": "add", "arguments": {"a":1}}\n</tool_call>',
    tool_call_parser: 'qwen25',
  };
  t.strictSame((await parse({ ...qwen, tools })).json, {
    normal_text: 'Ok',
    calls: [{ tool_index: 1, name: 'add', parameters: '{"a": 1}' }],
  });
  t.strictSame((await parse(qwen)).json, { normal_text: qwen.text, calls: [] });
  const coder = { text: '<tool_call><function=add></function></tool_call>', tools };
  t.strictSame((await parse({ ...coder, tool_call_parser: 'qwen3_coder' })).json, {
    normal_text: '',
    calls: [{ tool_index: 0, name: 'add', parameters: '{}' }],
  });
  for (const [body, message] of [
    [{ text: 'a', tools, tool_call_parser: 'x' }, 'Unsupported tool_call_parser: x'],
    [{ text: 'a', tools }, 'Unsupported tool_call_parser: None'],
    [{ tools, tool_call_parser: 'qwen25' }, 'text is required.'],
    [
      { text: 'a'.repeat(1024 * 1024 + 1), tools, tool_call_parser: 'qwen25' },
      'text may have at most 1048576 characters, got 1048577.',
    ],
    [{ text: 'a', tools: 1, tool_call_parser: 'qwen25' }, 'tools must be a list, got 1.'],
  ] as const) {
    const { status, text } = await parse(body);
    t.equal(status, 400);
    t.match(text, message);
  }
});

t.test('/separate_reasoning', async (t) => {
  const app = await startApp();
  t.teardown(() => {
    app.app.close();
  });
  const separate = (body: object) => app.post('/separate_reasoning', body);
  const thought = { text: 'Hm.</think>Yes.', reasoning_parser: 'deepseek-r1' };
  const parts = { reasoning_text: 'Hm.', text: 'Yes.' };
  t.strictSame((await separate(thought)).json, parts);
  t.strictSame((await separate({ ...thought, return_blocks: true })).json, {
    ...parts,
    reasoning_blocks: ['Hm.'],
    text_blocks: ['Yes.'],
    blocks: [
      { type: 'reasoning', text: 'Hm.' },
      { type: 'text', text: 'Yes.' },
    ],
  });
  t.match(await separate({ text: 'a', reasoning_parser: 'x' }), {
    status: 400,
    text: 'Unsupported model type: x',
  });
  t.equal((await separate({ text: 'a' })).status, 400);
});
