import type { ServerArgs } from '../../../../src/config/server-args.js';
import type { FinishReason } from '../../../../src/core/finish-reason.js';
import type { ServedModel } from '../../../../src/engine/served-model.js';
import type { ReqInput } from '../../../../src/messages.js';
import { ChatTemplate } from '../../../../src/text/chat-template.js';
import { openAiApp } from '../openai/openai-app.js';
import type { TestApp } from '../test-app.js';
import { tinyTokenizer } from '../tiny-tokenizer.js';

export const STOP: FinishReason = { type: 'stop', matched: 300 };
export const PARSERS = {
  tool: 'qwen25',
  reasoning: 'qwen3',
  toggle: { kind: 'variable', name: 'enable_thinking', byDefault: false },
} as const;

/** Prints roles, what else a message has, tools and the switches for thoughts. */
const TEMPLATE =
  '<s>{% if tools %}{{ tools | length }} tools{% endif %}' +
  '{% for m in messages %}[{{ m.role }}:{{ m.content }}' +
  '{% for c in m.tool_calls or [] %}!{{ c.id }}={{ c.function.name }}{{ c.function.arguments | tojson }}{% endfor %}' +
  '{% if m.tool_call_id %}?{{ m.tool_call_id }}={{ m.name }}{% endif %}' +
  '{% if m.reasoning_content %}~{{ m.reasoning_content }}{% endif %}]{% endfor %}' +
  '{% if enable_thinking is defined %}/{{ enable_thinking }}{% endif %}' +
  '{% if reasoning_effort is defined %}/{{ reasoning_effort }}{% endif %}' +
  '{% if add_generation_prompt %}>{% endif %}';

export const TOOLS = [
  {
    type: 'function',
    function: {
      name: 'get_weather',
      parameters: { type: 'object', properties: { city: { type: 'string' } } },
    },
  },
  { type: 'function', function: { name: 'now' } },
];

/** An app over a model that thinks and calls, unless `model` says otherwise. */
export function ollamaApp(
  t: { teardown(fn: () => void): void },
  model: Partial<ServedModel> = {},
  args: Partial<ServerArgs> = {},
): Promise<TestApp> {
  const chatTemplate = new ChatTemplate(TEMPLATE, new Map());
  return openAiApp(t, args, undefined, { chatTemplate, parsers: PARSERS, ...model });
}

/** The prompt as the model gets it. */
export function promptOf(req: Pick<ReqInput, 'inputIds'> | undefined): string {
  return tinyTokenizer(true).decode(req?.inputIds ?? new Int32Array(), false);
}

export interface Line {
  readonly model: string;
  readonly created_at: string;
  readonly done: boolean;
  readonly done_reason?: string;
  readonly response?: string;
  readonly thinking?: string;
  readonly context?: number[];
  readonly error?: string;
  readonly logprobs?: readonly { readonly token: string; readonly logprob: number }[];
  readonly message?: {
    readonly role: string;
    readonly content: string;
    readonly thinking?: string;
    readonly tool_calls?: readonly ToolCall[];
  };
}

interface ToolCall {
  readonly id: string;
  readonly function: { readonly index: number; readonly name: string; readonly arguments: unknown };
}

/** Every line ends with a line feed, the last one too. */
export function linesOf(text: string): Line[] {
  const lines = text.split('\n');
  if (lines.pop() !== '') throw new Error(`an open line: ${text}`);
  return lines.map((line) => JSON.parse(line) as Line);
}
