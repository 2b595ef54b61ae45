import { field } from '../../http/fields.js';
import { named, nested, shape, tag, variants } from '../../http/shapes.js';

/** `tool_choice`, where it is no object. */
export const CHOICE_WORDS = ['none', 'auto', 'required'] as const;

const FUNCTION = named(
  'ResponsesFunction',
  shape(
    {
      type: tag('function'),
      name: field.string('By it the model calls the function.'),
      description: field.string('What the model is told of it.'),
      parameters: field.raw('A JSON schema of its arguments.', { type: ['object', 'boolean'] }),
      strict: field.boolean('Arguments match the schema.', { default: false }),
    },
    ['type', 'name'],
  ),
);

/** Tools that run elsewhere than at the client are refused. */
const TOOLS = variants('type', {
  function: FUNCTION,
  namespace: shape(
    {
      name: field.string('It stands before the names of its functions: `name__function`.'),
      description: field.string('What the model is told of each of them.'),
      tools: nested.list('Its functions.', FUNCTION),
    },
    ['name'],
  ),
});

const name = field.raw('The function.', { type: 'string' });
const namespace = field.raw('Of the function, where it is in one.', { type: 'string' });

const CHOICES = named(
  'ResponsesToolChoice',
  variants('type', {
    function: shape({
      name,
      namespace,
      function: nested.object('Where chat has the name.', shape({ name })),
    }),
    allowed_tools: shape(
      {
        mode: field.raw('Whether one of them must be called.', { enum: CHOICE_WORDS }),
        tools: nested.list(
          'Those that may be called.',
          shape({ type: field.raw('The only type.', { const: 'function' }), name, namespace }, [
            'type',
            'name',
          ]),
          { minItems: 1 },
        ),
      },
      ['tools'],
    ),
  }),
);

export const TOOL_FIELDS = {
  tools: nested.list('Functions that the model may call.', TOOLS),
  tool_choice: nested.wordOrObject(
    CHOICE_WORDS,
    'Whether the model may, must or must not call, which one, or some of them.',
    CHOICES,
  ),
};
