/** Content blocks of a conversation, by who says them. */
import { field } from '../../http/fields.js';
import { named, nested, shape, variants } from '../../http/shapes.js';

const TEXT = named('AnthropicText', shape({ text: field.string('The text.') }, ['text']));

/** Blocks of a system prompt. */
export const SYSTEM_BLOCKS = named('AnthropicSystemBlock', variants('type', { text: TEXT }));

const SEARCH_RESULT = named(
  'AnthropicSearchResult',
  shape({
    title: field.string('Comes before the texts.'),
    source: field.string('Comes before the texts.'),
    content: nested.list('The texts.', TEXT),
  }),
);

const RESULT_BLOCKS = named(
  'AnthropicResultBlock',
  variants('type', {
    text: TEXT,
    search_result: SEARCH_RESULT,
    tool_reference: shape({ tool_name: field.string('A tool that was found.') }, ['tool_name']),
  }),
);

export const USER_BLOCKS = named(
  'AnthropicUserBlock',
  variants('type', {
    text: TEXT,
    search_result: SEARCH_RESULT,
    tool_result: shape(
      {
        tool_use_id: field.string('The `tool_use` block that it answers.'),
        content: nested.textOrList('What the tool gave.', RESULT_BLOCKS),
        is_error: field.boolean('It failed.', { default: false }),
      },
      ['tool_use_id'],
    ),
  }),
);

export const ASSISTANT_BLOCKS = named(
  'AnthropicAssistantBlock',
  variants('type', {
    text: TEXT,
    search_result: SEARCH_RESULT,
    thinking: shape({ thinking: field.string('The thought.') }),
    redacted_thinking: shape({}),
    tool_use: shape(
      {
        id: field.string('By it the result names the call.'),
        name: field.string('The tool.'),
        input: field.raw('Its arguments.', { type: 'object' }),
      },
      ['id', 'name'],
    ),
  }),
);
