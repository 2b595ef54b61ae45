import { Dict, type Value } from '../../text/jinja/values.js';
import type { Part } from './part.js';

/** `tools` and `tool_choice` as fields of a chat body. @throws RequestError */
export function toolFields(body: Part): Readonly<Record<string, Value>> {
  const given = body.children('tools') ?? [];
  checkNames(given);
  const tools = given.map((tool) => functionOf(tool));
  const choice = body.child('tool_choice');
  return {
    tools: tools.length === 0 ? null : tools,
    tool_choice: choice === null ? null : choiceOf(choice, tools.length > 0),
    parallel_tool_calls: choice?.flag('disable_parallel_tool_use') === true ? false : null,
  };
}

/** As Anthropic demands it: a call could not say which of two it means. @throws RequestError */
function checkNames(tools: readonly Part[]): void {
  const names = new Set<string | null>();
  for (const tool of tools) {
    const name = tool.text('name');
    if (name !== null && names.has(name)) tool.fail('tool names must be unique');
    names.add(name);
  }
}

/** With the fields that were sent, so that a tool looks the same to templates whatever dialect describes it. */
function functionOf(tool: Part): Dict {
  const type = tool.text('type');
  if (type !== null && type !== 'custom') {
    tool.fail(
      `tools of type \`${type.slice(0, 80)}\` are not supported: Anthropic defines or runs those. ` +
        'Describe the tool with `name`, `description` and `input_schema`',
    );
  }
  const described = [
    ['name', tool.neededText('name')],
    ['description', tool.text('description')],
    ['parameters', schemaOf(tool)],
    ['strict', tool.flag('strict')],
  ] as const;
  return Dict.of([
    ['type', 'function'],
    ['function', Dict.of(described.filter(([, value]) => value !== null))],
  ]);
}

/** `input_schema`, an object's where it does not say; `input_examples` are its `examples`. */
function schemaOf(tool: Part): Dict {
  const { dict } = tool.child('input_schema') ?? tool.missing('input_schema');
  const schema = Dict.of(dict.entries());
  if (!schema.has('type')) schema.set('type', 'object');
  const examples = (tool.children('input_examples') ?? []).map((example) => example.dict);
  if (examples.length > 0 && !schema.has('examples')) schema.set('examples', examples);
  return schema;
}

const CHOICES = ['auto', 'any', 'tool', 'none'] as const;

/** Without tools there is nothing to choose, unless a call is asked for: the chat route refuses that. */
function choiceOf(choice: Part, hasTools: boolean): Value {
  const type = choice.word('type', CHOICES) ?? choice.missing('type');
  switch (type) {
    case 'auto':
      return hasTools ? 'auto' : null;
    case 'none':
      return 'none';
    case 'any':
      return 'required';
    case 'tool':
      return Dict.of([
        ['type', 'function'],
        ['function', Dict.of([['name', choice.neededText('name')]])],
      ]);
  }
}
