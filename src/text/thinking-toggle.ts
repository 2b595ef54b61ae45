import { walkNodes, type Body } from './jinja/ast.js';

/** How requests turn a model's thoughts on and off, by its template. */
export type ThinkingToggle =
  /** It thinks always. */
  | { readonly kind: 'always' }
  /** `reasoning_effort` decides. */
  | { readonly kind: 'effort' }
  /** A variable of the template. */
  | {
      readonly kind: 'variable';
      readonly name: 'thinking' | 'enable_thinking';
      readonly byDefault: boolean;
    };

interface Template {
  readonly source: string;
  readonly program: Body;
}

/** SGLang's rules, in its order: the first that holds. Null = the template says nothing of thoughts. */
export function thinkingToggle(template: Template): ThinkingToggle | null {
  return RULES.find(([, holds]) => holds(template))?.[0] ?? null;
}

const ALWAYS: ThinkingToggle = { kind: 'always' };
const EFFORT: ThinkingToggle = { kind: 'effort' };

const RULES: readonly (readonly [ThinkingToggle, (template: Template) => boolean])[] = [
  [ALWAYS, ({ source }) => source.includes('<|channel|>')],
  [
    ALWAYS,
    ({ source }) =>
      /<\|im_start\|>assistant\\n<think>\\n/.test(source) && !source.includes('thinking'),
  ],
  [ALWAYS, ({ source }) => isAlwaysThinkingGlm(source)],
  [EFFORT, ({ source }) => source.includes('reasoning_effort') && source.includes('[THINK]')],
  [
    EFFORT,
    ({ source }) =>
      source.includes('reasoning_effort') &&
      source.includes('reasoning_mode_token') &&
      source.includes('no_think'),
  ],
  ...variableRules('enable_thinking'),
  ...variableRules('thinking'),
];

/** GLM 5.3: the tool calls of GLM 4.5, and a line that names the effort instead of a switch. */
export function isAlwaysThinkingGlm(source: string): boolean {
  const marks = ['[gMASK]<sop>', 'Reasoning Effort:', '<tool_call>', '<arg_key>', '<arg_value>'];
  return marks.every((mark) => source.includes(mark)) && !source.includes('enable_thinking');
}

function variableRules(
  name: 'thinking' | 'enable_thinking',
): readonly (readonly [ThinkingToggle, (template: Template) => boolean])[] {
  const whenUndefined = (value: string): RegExp =>
    new RegExp(
      `{%-?\\s*if\\s+not\\s+${name}\\s+is\\s+defined\\s*-?%}.*?{%-?\\s*set\\s+${name}\\s*=\\s*(?:${value})\\s*-?%}`,
      's',
    );
  const on = [
    whenUndefined('true|True'),
    new RegExp(
      `set\\s+${name}\\s*=\\s*${name}\\s+if\\s+${name}\\s+is\\s+defined\\s+else\\s+(?:true|True)`,
    ),
    new RegExp(`${name}\\s+is\\s+defined\\s+and\\s+(?:${name}\\s+is\\s+false|not\\s+${name})`),
    new RegExp(`${name}\\s+is\\s+not\\s+defined\\s+or\\s+${name}`),
    new RegExp(`namespace\\([^)]*${name}\\s*=\\s*true`),
  ];
  const off = whenUndefined('false|False');
  return [
    [
      { kind: 'variable', name, byDefault: false },
      ({ source, program }) => off.test(source) || hasDefault(program, name, false),
    ],
    [
      { kind: 'variable', name, byDefault: true },
      ({ source, program }) =>
        on.some((pattern) => pattern.test(source)) || hasDefault(program, name, true),
    ],
  ];
}

/** `name | default(value)`, but not `default(true, true)`, which no request can turn off. */
function hasDefault(program: Body, name: string, value: boolean): boolean {
  for (const node of walkNodes(program)) {
    if (node.kind !== 'filter' || (node.name !== 'default' && node.name !== 'd')) continue;
    if (node.of?.kind !== 'name' || node.of.name !== name) continue;
    const [first, second = node.kwargs.find(([key]) => key === 'boolean')?.[1]] = node.args;
    const isBoolean = second?.kind === 'const' && second.value === true;
    if (first?.kind !== 'const' || first.value !== value || (isBoolean && value)) continue;
    return true;
  }
  return false;
}
