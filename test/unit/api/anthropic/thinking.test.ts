import t from 'tap';

import { parseThinking } from '../../../../src/api/anthropic/thinking.js';
import { NO_PARSERS, type ModelParsers } from '../../../../src/text/model-parsers.js';
import { partOf, plain, refusal } from './parts.js';

const toggled = (toggle: ModelParsers['toggle']): ModelParsers => ({
  tool: null,
  reasoning: 'qwen3',
  toggle,
});
const BY_VARIABLE = toggled({ kind: 'variable', name: 'enable_thinking', byDefault: true });
const BY_EFFORT = toggled({ kind: 'effort' });
const ALWAYS = toggled({ kind: 'always' });
const UNKNOWN = toggled(null);
const enabled = { type: 'enabled', budget_tokens: 1024 };
const adaptive = { type: 'adaptive' };
const disabled = { type: 'disabled' };

function kwargsOf(parsers: ModelParsers, body: object, isContinued = false): unknown {
  const context = { parsers, maxTokens: 2000, isContinued };
  return plain(parseThinking(partOf(body), context).fields['chat_template_kwargs'] ?? null);
}

t.test('the template is told in its own words', (t) => {
  const effort = { effort: 'low' };
  const rows: [string, ModelParsers, object, unknown][] = [
    ['nothing said', BY_VARIABLE, {}, null],
    ['on', BY_VARIABLE, { thinking: enabled }, { enable_thinking: true }],
    ['as it likes', BY_VARIABLE, { thinking: adaptive }, { enable_thinking: true }],
    ['off', BY_VARIABLE, { thinking: disabled }, { enable_thinking: false }],
    ['effort alone', BY_VARIABLE, { output_config: effort }, { reasoning_effort: 'low' }],
    ['xhigh', BY_VARIABLE, { output_config: { effort: 'xhigh' } }, { reasoning_effort: 'max' }],
    ['no known switch', UNKNOWN, { thinking: enabled }, { thinking: true, enable_thinking: true }],
    ['always', ALWAYS, { thinking: enabled }, null],
    ['by effort', BY_EFFORT, { thinking: enabled }, { reasoning_effort: 'medium' }],
    [
      'off by effort',
      BY_EFFORT,
      { thinking: disabled, output_config: effort },
      { reasoning_effort: 'none' },
    ],
    [
      'its own effort',
      BY_EFFORT,
      { thinking: adaptive, output_config: effort },
      { reasoning_effort: 'low' },
    ],
    ['no thoughts, as it likes', NO_PARSERS, { thinking: adaptive }, null],
    ['no thoughts, off', NO_PARSERS, { thinking: disabled }, null],
  ];
  for (const [name, parsers, body, expected] of rows)
    t.same(kwargsOf(parsers, body), expected, name);
  t.same(kwargsOf(BY_VARIABLE, {}, true), { enable_thinking: false }, 'a text is continued');
  t.same(kwargsOf(BY_VARIABLE, { thinking: adaptive }, true), { enable_thinking: false });
  t.end();
});

t.test('budget and display', (t) => {
  const parse = (thinking: object) =>
    parseThinking(partOf({ thinking }), {
      parsers: BY_VARIABLE,
      maxTokens: 2000,
      isContinued: false,
    });
  t.equal(parse(enabled).fields['max_thinking_tokens'], 1024);
  t.equal(parse(adaptive).fields['max_thinking_tokens'], null);
  t.equal(parse({ ...adaptive, display: 'omitted' }).isOmitted, true);
  t.equal(parse({ ...adaptive, display: 'summarized' }).isOmitted, false);
  t.end();
});

t.test('what is refused', (t) => {
  const rows: [object, ModelParsers, RegExp][] = [
    [{ thinking: {} }, BY_VARIABLE, /^thinking\.type: Field required$/],
    [{ thinking: { type: 'on' } }, BY_VARIABLE, /^thinking\.type: Input should be one of/],
    [{ thinking: { type: 'enabled' } }, BY_VARIABLE, /^thinking\.budget_tokens: Field required$/],
    [
      { thinking: { ...enabled, budget_tokens: 1023 } },
      BY_VARIABLE,
      /greater than or equal to 1024$/,
    ],
    [
      { thinking: { ...enabled, budget_tokens: 2000 } },
      BY_VARIABLE,
      /^`max_tokens` must be greater/,
    ],
    [
      { thinking: { ...adaptive, budget_tokens: 1024 } },
      BY_VARIABLE,
      /budget_tokens needs type `enabled`$/,
    ],
    [
      { thinking: { ...adaptive, display: 'all' } },
      BY_VARIABLE,
      /^thinking\.display: Input should be/,
    ],
    [
      { output_config: { effort: 'ultra' } },
      BY_VARIABLE,
      /^output_config\.effort: Input should be/,
    ],
    [{ thinking: enabled }, NO_PARSERS, /not supported for models without a reasoning parser$/],
    [{ thinking: disabled }, ALWAYS, /cannot be disabled/],
  ];
  for (const [body, parsers, expected] of rows)
    t.match(
      refusal(() => kwargsOf(parsers, body)),
      expected,
    );
  t.match(
    refusal(() => kwargsOf(BY_VARIABLE, { thinking: enabled }, true)),
    /^messages: when `thinking` is enabled/,
  );
  t.end();
});
