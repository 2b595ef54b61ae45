import { field, type Variants } from '../../http/fields.js';
import { named, nested, shape, tag, variants } from '../../http/shapes.js';
import { ITEM_STATUSES, ROLES } from './item.js';

const TEXT = shape({ text: field.string('The text.') }, ['text']);
const TEXTS = { input_text: TEXT, output_text: TEXT, text: TEXT };
const CONTENT = named(
  'ResponsesContent',
  variants('type', {
    ...TEXTS,
    refusal: shape({ refusal: field.string('Why not.') }, ['refusal']),
  }),
);

const id = field.string('One is made where it is left out.');
const status = field.raw('How far it is.', { enum: ITEM_STATUSES });
const call_id = field.string('By it the output names the call.');

/** Objects of `input`, and of the `items` of a conversation. Two of them are known without a type. */
export const ITEMS: Variants = named('ResponsesItem', {
  shapes: {
    message: shape(
      {
        type: tag('message'),
        id,
        status,
        role: field.string('Who says it.', { enum: ROLES }),
        content: nested.textOrList('What is said.', CONTENT),
      },
      ['role', 'content'],
    ),
    function_call: shape(
      {
        type: tag('function_call'),
        id,
        status,
        call_id,
        name: field.string('The function.'),
        namespace: field.string('Of the function, where it is in one.'),
        arguments: field.raw('Its arguments, as JSON text or as they are.', {
          type: ['string', 'object'],
        }),
      },
      ['type', 'call_id', 'name', 'arguments'],
    ),
    function_call_output: shape(
      {
        type: tag('function_call_output'),
        id,
        status,
        call_id,
        output: nested.textOrList('What the function gave.', variants('type', TEXTS)),
      },
      ['type', 'call_id', 'output'],
    ),
    reasoning: shape(
      {
        type: tag('reasoning'),
        id,
        status,
        summary: nested.list('The thought, in short.', TEXT),
        content: nested.list('The thought.', TEXT),
        encrypted_content: field.string('The thought, as this server sealed it.'),
      },
      ['type'],
    ),
    compaction: shape(
      {
        type: tag('compaction'),
        id,
        encrypted_content: field.string('What stood before, as this server sealed it.'),
      },
      ['type', 'encrypted_content'],
    ),
    item_reference: shape(
      { type: tag('item_reference'), id: field.string('An item that is kept.') },
      ['id'],
    ),
  },
  pick: itemTypeOf,
  common: { type: field.raw('Which of them it is.'), role: field.raw('Only messages have one.') },
});

/** What kind of item an object is: one without a type is a message where it has a role, else a reference. */
export function itemTypeOf(read: (name: string) => unknown): unknown {
  return read('type') ?? (read('role') === null ? 'item_reference' : 'message');
}
