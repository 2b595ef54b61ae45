import type { ReasoningParserName, ToolParserName } from '../config/parser-names.js';
import type { Body } from './jinja/ast.js';
import { isAlwaysThinkingGlm, thinkingToggle, type ThinkingToggle } from './thinking-toggle.js';

/** What parsers are chosen by. */
export interface ParserEvidence {
  readonly source: string;
  readonly program: Body;
  /** True for a token of the model's vocabulary. */
  readonly hasToken: (token: string) => boolean;
}

/** A parser and what spoke for it. `name` is null where only SGLang has the parser. */
export interface Detected<Name> {
  readonly name: Name | null;
  readonly why: string;
}

interface Clues extends ParserEvidence {
  readonly toggle: ThinkingToggle | null;
}

/** True, or the mark that speaks for it. */
type Test = (clues: Clues) => boolean | string;

interface Rule<Name> {
  /** What speaks for it, where the test gives no mark. */
  readonly why: string;
  readonly name: Name | null;
  readonly test: Test;
}

/** The first rule that holds; null = the template shows no calls that are known. */
export function detectToolParser(evidence: ParserEvidence): Detected<ToolParserName> | null {
  return firstOf(TOOL_RULES, evidence);
}

export function detectReasoningParser(
  evidence: ParserEvidence,
): Detected<ReasoningParserName> | null {
  return firstOf(REASONING_RULES, evidence);
}

function firstOf<Name>(
  rules: readonly Rule<Name>[],
  evidence: ParserEvidence,
): Detected<Name> | null {
  const clues: Clues = { ...evidence, toggle: thinkingToggle(evidence) };
  for (const { name, why, test } of rules) {
    const found = test(clues);
    if (found !== false)
      return { name, why: found === true ? why : `it has ${found.replaceAll('\n', '\\n')}` };
  }
  return null;
}

const text =
  (...marks: readonly string[]): Test =>
  ({ source }) =>
    marks.every((mark) => source.includes(mark)) ? marks.join(' and ') : false;

const anyText =
  (...marks: readonly string[]): Test =>
  ({ source }) =>
    marks.find((mark) => source.includes(mark)) ?? false;

const token =
  (mark: string): Test =>
  ({ hasToken }) =>
    hasToken(mark) ? `the token ${mark}` : false;

const toggled =
  (name: string, byDefault: boolean): Test =>
  ({ toggle }) =>
    toggle?.kind === 'variable' && toggle.name === name && toggle.byDefault === byDefault;

const all =
  (...tests: readonly Test[]): Test =>
  (clues) => {
    const found = tests.map((test) => test(clues));
    if (found.includes(false)) return false;
    return found.find((one) => typeof one === 'string') ?? true;
  };

const isGlm: Test = (clues) =>
  isAlwaysThinkingGlm(clues.source) ||
  (/\[gMASK\]<sop>|(?<!<)\/(?:no)?think/.test(clues.source) &&
    clues.hasToken('<tool_call>') &&
    toggled('enable_thinking', true)(clues) === true &&
    (clues.hasToken('<|user|>') || clues.hasToken('<|endoftext|>')));

const any =
  (...tests: readonly Test[]): Test =>
  (clues) =>
    tests.map((test) => test(clues)).find((found) => found !== false) ?? false;

const KIMI_K2 = '<|tool_calls_section_begin|>';
const isKimiK2 = any(text(KIMI_K2), token(KIMI_K2));
const isQwen3Coder = text('<function=', '<parameter=');
const isNemotron = all(text('truncate_history_thinking'), toggled('enable_thinking', true));
const isStep3 = anyText('<steptml:invoke', '<｜tool_calls_begin｜>');
const isMiniMaxM3 = anyText('<mm:think>', ']<]minimax[>[');

/** A prompt that ends with the opening tag, so that the answer has none. */
const opensThought: Test = ({ source }) => /add_generation_prompt[^]*<think>/.test(source);

function rule<Name>(name: Name | null, test: Test, why = 'of its shape'): Rule<Name> {
  return { name, why, test };
}

/** Families that SGLang tells apart first and whose parsers are not here. */
const FOREIGN: readonly Rule<never>[] = [
  rule<never>(null, anyText('<|iquest_assistant|>', '<｜GCML｜tool_calls>', '<|channel>')),
  rule<never>(null, text('<ifm|think>', '<ifm|tool_call>')),
  rule<never>(null, token('<|inner_prefix|>')),
  rule<never>(null, text('<|channel|>', '<rfl:parameter')),
];

/** SGLang's rules in its order; those at the end are for templates that it knows no parser for. */
const TOOL_RULES: readonly Rule<ToolParserName>[] = [
  ...FOREIGN,
  rule<ToolParserName>('gpt-oss', text('<|channel|>')),
  rule<ToolParserName>('kimi_k2', isKimiK2),
  rule<ToolParserName>(null, isMiniMaxM3),
  rule<ToolParserName>('minimax-m2', text('<minimax:tool_call>')),
  rule<ToolParserName>(null, text('default_thinking_sys')),
  rule<ToolParserName>(null, anyText('<｜DSML｜')),
  rule<ToolParserName>('deepseekv3', text('<｜tool▁calls▁begin｜>', '```json')),
  rule<ToolParserName>('deepseekv31', text('<｜tool▁calls▁begin｜>', '<｜tool▁sep｜>')),
  rule<ToolParserName>(null, text('<|tool_call_start|>')),
  rule<ToolParserName>('glm45', isGlm, 'it is shaped like those of GLM'),
  rule<ToolParserName>(null, text('<tool_calls>', '<tool_sep>')),
  rule<ToolParserName>(null, text('<arg_key>', 'unescaped XML-like object')),
  rule<ToolParserName>('step3p5', ({ source }) => /Step-?3[.p]?[57]/i.test(source)),
  rule<ToolParserName>('step3', isStep3),
  rule<ToolParserName>('glm45', text('<arg_key>', '<arg_value>')),
  rule<ToolParserName>('glm45', all(token('<arg_key>'), token('<arg_value>'))),
  rule<ToolParserName>('qwen3_coder', isQwen3Coder),
  rule<ToolParserName>('mistral', text('[TOOL_CALLS]')),
  rule<ToolParserName>('pythonic', text('<|python_start|>')),
  rule<ToolParserName>('llama3', anyText('<|python_tag|>', 'Environment: ipython')),
  rule<ToolParserName>('qwen25', anyText('<tool_call>\\n', '<tool_call>\n')),
  rule<ToolParserName>('hermes', text('<tool_call>')),
];

const REASONING_RULES: readonly Rule<ReasoningParserName>[] = [
  ...FOREIGN,
  rule<ReasoningParserName>('kimi', text('◁think▷')),
  rule<ReasoningParserName>(null, text('default_thinking_sys')),
  rule<ReasoningParserName>(null, text('reasoning_effort', '[THINK]')),
  rule<ReasoningParserName>('gpt-oss', text('<|channel|>')),
  rule<ReasoningParserName>('kimi_k2', isKimiK2),
  rule<ReasoningParserName>(null, all(isNemotron, text('defer_loading'))),
  rule<ReasoningParserName>('nemotron_3', isNemotron),
  rule<ReasoningParserName>('glm45', isGlm, 'it is shaped like those of GLM'),
  rule<ReasoningParserName>(null, text('<tool_calls>', '<tool_sep>')),
  rule<ReasoningParserName>(null, isMiniMaxM3),
  rule<ReasoningParserName>('minimax', text('<minimax:tool_call>')),
  rule<ReasoningParserName>('step3p5', ({ source }) => /Step-?3[.p]?[57]/i.test(source)),
  rule<ReasoningParserName>('step3', isStep3),
  rule<ReasoningParserName>(
    'qwen3',
    toggled('enable_thinking', true),
    'enable_thinking is true by default',
  ),
  rule<ReasoningParserName>(
    'qwen3',
    all(anyText('<think>', '</think>'), toggled('enable_thinking', false)),
  ),
  rule<ReasoningParserName>('deepseek-r1', opensThought, 'its prompt ends within a thought'),
  rule<ReasoningParserName>('qwen3', anyText('<think>', '</think>')),
];
