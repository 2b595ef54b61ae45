import { field, type Fields, type Shape } from '../../http/fields.js';
import { named, nested, shape, variants } from '../../http/shapes.js';
import { CACHE_INFO_FIELD } from '../native/generate-fields.js';
import { ASSISTANT_BLOCKS, SYSTEM_BLOCKS, USER_BLOCKS } from './block-fields.js';
import { REFUSED } from './refused-fields.js';

const TURNS = named(
  'AnthropicTurn',
  variants('role', {
    user: shape({ content: nested.textOrList('What the user says.', USER_BLOCKS) }, ['content']),
    assistant: shape({ content: nested.textOrList('What the model said.', ASSISTANT_BLOCKS) }, [
      'content',
    ]),
    system: shape({ content: nested.textOrList('Goes to the system prompt.', SYSTEM_BLOCKS) }),
  }),
);

const TOOL = named(
  'AnthropicTool',
  shape(
    {
      type: field.string('Tools that Anthropic defines or runs are refused.', { const: 'custom' }),
      name: field.string('By it the model calls the tool.'),
      description: field.string('What the model is told of it.'),
      input_schema: field.raw('A JSON schema of its arguments.', { type: 'object' }),
      strict: field.boolean('Arguments match the schema.'),
      input_examples: nested.list('Arguments as they may be.', shape({})),
    },
    ['name', 'input_schema'],
  ),
);

const disable_parallel_tool_use = field.boolean('One call at most.');
const TOOL_CHOICES = named(
  'AnthropicToolChoice',
  variants('type', {
    auto: shape({ disable_parallel_tool_use }),
    any: shape({ disable_parallel_tool_use }),
    tool: shape({ name: field.string('The tool.'), disable_parallel_tool_use }, ['name']),
    none: shape({ disable_parallel_tool_use }),
  }),
);

export const MIN_BUDGET = 1024;
export const DISPLAYS = ['summarized', 'omitted'] as const;
export const EFFORTS = ['minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const;

const display = field.string('`omitted`: thoughts come without their text.', { enum: DISPLAYS });
const budget_tokens = field.integer('Tokens of the thought at most.', { minimum: MIN_BUDGET });
const NO_BUDGET = field.integer('Only with `enabled`.', { type: 'null' });
const THINKING = named(
  'AnthropicThinking',
  variants('type', {
    enabled: shape({ budget_tokens, display }, ['budget_tokens']),
    adaptive: shape({ budget_tokens: NO_BUDGET, display }),
    disabled: shape({ budget_tokens: NO_BUDGET, display }),
  }),
);

const FORMAT = named(
  'AnthropicFormat',
  shape(
    {
      type: field.string('The only form.', { const: 'json_schema' }),
      schema: field.raw('What the answer must match.', { type: 'object' }),
    },
    ['type', 'schema'],
  ),
);

/** What the prompt is made of. */
const PROMPT = {
  model: field.string('Any name; it is sent back.'),
  messages: nested.list('The conversation so far.', TURNS, { minItems: 1 }),
  system: nested.textOrList('What the model is told first.', SYSTEM_BLOCKS),
  tools: nested.list('Functions that the model may call.', TOOL),
  tool_choice: nested.object('Whether it may, must or must not call.', TOOL_CHOICES),
  thinking: nested.object('Whether, and how much, it thinks.', THINKING),
  output_config: nested.object(
    'The form of the answer, and the effort.',
    shape({
      effort: field.string('How much to think.', { enum: EFFORTS }),
      format: nested.object('The form of the answer.', FORMAT),
    }),
  ),
  output_format: nested.object('The older place of `output_config.format`.', FORMAT),
  thread: field.raw('Refused: all messages are sent.', { enum: [false] }),
  ...Object.fromEntries(
    Object.entries(REFUSED).map(([name, { why, harmless = [] }]) => [
      name,
      field.refused(`Refused: ${why}.`, harmless),
    ]),
  ),
} satisfies Fields;

/** A body of `/v1/messages/count_tokens`. */
export const COUNT_TOKENS: Shape = shape(PROMPT, ['model', 'messages']);

/** A body of `/v1/messages`. */
export const MESSAGES: Shape = shape(
  {
    ...PROMPT,
    max_tokens: field.integer('Tokens of the answer at most.', { minimum: 0 }),
    stop_sequences: field.raw('Texts that end the answer.', {
      type: 'array',
      items: { type: 'string' },
    }),
    stream: field.boolean('The answer comes as server-sent events.', { default: false }),
    temperature: field.number('0 = greedy.', { minimum: 0 }),
    top_p: field.number('Of the most probable tokens, those that make up this share.', {
      exclusiveMinimum: 0,
      maximum: 1,
    }),
    top_k: field.integer('So many of the most probable tokens.', { minimum: -1 }),
    ...CACHE_INFO_FIELD,
  },
  ['model', 'messages', 'max_tokens'],
);
