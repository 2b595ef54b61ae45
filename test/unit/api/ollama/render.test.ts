import t from 'tap';

import type { Tokenizer } from '../../../../src/text/tokenizer.js';
import { nothingSent, sentAll } from '../../../../src/engine/content.js';
import type { Generation } from '../../../../src/engine/generation.js';
import type { FinishReason } from '../../../../src/core/finish-reason.js';
import { reasoningFormat } from '../../../../src/text/reasoning/registry.js';
import { toolFormat } from '../../../../src/text/tools/registry.js';
import { OllamaRenderer, showMessage, showResponse } from '../../../../src/api/ollama/render.js';
import { STOP, type Line } from './ollama-app.js';

const TEXT =
  '<think>\n Why {"not"}? </think>\n\nOk so.\n<tool_call>\n{"name": "f", "arguments": {"a": {"b": "}"}}}\n</tool_call>';
const ABORT: FinishReason = { type: 'abort', message: 'by a user', code: null };

function given<T>(value: T | null): T {
  if (value === null) throw new Error('there is no such format');
  return value;
}

function renderer(showsThoughts = true): OllamaRenderer {
  return new OllamaRenderer({
    model: 'm',
    show: showMessage,
    plan: {
      reasoning: {
        format: given(reasoningFormat('qwen3')),
        isThinking: null,
        streams: true,
        prefix: '',
      },
      tools: {
        format: given(toolFormat('qwen25')),
        functions: [{ name: 'f', parameters: null, strict: false }],
      },
    },
    callIds: (name, index) => `${name}${index}`,
    tokenizer: null as unknown as Tokenizer,
    showsThoughts,
    givesContext: false,
    arrivedMs: 0,
  });
}

/** A sample as far as a renderer looks at it. */
function sample(text: string, finish: FinishReason | null): Generation {
  const seen = {
    text,
    finish,
    outputIds: Array.from({ length: text.length }, (_, i) => i),
    inputIds: Int32Array.of(1, 2),
    promptTokens: 2,
    createdMs: 1,
    firstTokenMs: 3,
    finishedMs: 6,
    stats: { queueMs: 1 },
    input: { req: { logprobs: null } },
  };
  return seen as unknown as Generation;
}

/** Lines of `text`, which comes in pieces of `size`. */
function streamed(text: string, size: number, of = renderer()): Line[] {
  const lines: Line[] = [];
  let sent = nothingSent(0);
  for (let end = size; end < text.length + size; end += size) {
    const one = sample(text.slice(0, end), end >= text.length ? STOP : null);
    const chunks = of.chunks(one, 0, sent);
    lines.push(...(chunks as Line[]));
    sent = sentAll(one, sent);
  }
  return lines;
}

function summary(lines: readonly Line[]) {
  const messages = lines.flatMap(({ message }) => message ?? []);
  return {
    content: messages.map(({ content }) => content).join(''),
    thinking: messages.map(({ thinking }) => thinking ?? '').join(''),
    calls: messages.flatMap(({ tool_calls: calls }) => calls ?? []),
  };
}

t.test('every way of cutting the text gives the same whole', (t) => {
  const whole = summary([renderer().whole([sample(TEXT, STOP)]) as Line]);
  t.strictSame(whole, {
    content: 'Ok so.',
    thinking: 'Why {"not"}? ',
    calls: [{ id: 'f0', function: { index: 0, name: 'f', arguments: { a: { b: '}' } } } }],
  });
  for (let size = 1; size <= TEXT.length; size++) {
    t.strictSame(summary(streamed(TEXT, size)), whole, `pieces of ${size}`);
  }
  t.end();
});

t.test('thoughts that are not shown leave nothing behind', (t) => {
  const { thinking, content } = summary(streamed(TEXT, 3, renderer(false)));
  t.strictSame([thinking, content], ['', 'Ok so.']);
  t.end();
});

t.test('a call that never ended is none, one without arguments is one', (t) => {
  const cut = TEXT.slice(0, TEXT.indexOf('}"'));
  const length: FinishReason = { type: 'length', length: 9 };
  t.strictSame(summary([renderer().whole([sample(cut, length)]) as Line]).calls, []);
  t.end();
});

t.test('every ending, and durations in nanoseconds', (t) => {
  const reasonOf = (finish: FinishReason) =>
    (renderer().whole([sample('x', finish)]) as Line).done_reason;
  t.equal(reasonOf(STOP), 'stop');
  t.equal(reasonOf({ type: 'length', length: 1 }), 'length');
  t.equal(reasonOf(ABORT), 'abort');
  t.match(renderer().whole([sample('xy', STOP)]), {
    total_duration: 6_000_000,
    load_duration: 2_000_000,
    prompt_eval_count: 2,
    prompt_eval_duration: 1_000_000,
    eval_count: 2,
    eval_duration: 3_000_000,
  });
  t.end();
});

t.test('/api/generate has no message', (t) => {
  t.strictSame(showResponse({ text: 'a', thinking: '', calls: [] }), { response: 'a' });
  t.strictSame(showResponse({ text: '', thinking: 'b', calls: [] }), {
    response: '',
    thinking: 'b',
  });
  t.end();
});
