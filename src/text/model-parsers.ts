import type { ReasoningParserName, ToolParserName } from '../config/parser-names.js';
import type { ChatTemplate } from './chat-template.js';
import {
  detectReasoningParser,
  detectToolParser,
  type Detected,
  type ParserEvidence,
} from './detect-parsers.js';
import { thinkingToggle, type ThinkingToggle } from './thinking-toggle.js';

/** How the model of this server writes calls and thoughts; null = as nothing that is known. */
export interface ModelParsers {
  readonly tool: ToolParserName | null;
  readonly reasoning: ReasoningParserName | null;
  /** How requests turn thoughts on and off; null = the template does not say. */
  readonly toggle: ThinkingToggle | null;
}

export const NO_PARSERS: ModelParsers = { tool: null, reasoning: null, toggle: null };

export interface ParserFlags {
  readonly toolCallParser: ToolParserName | 'auto' | 'none';
  readonly reasoningParser: ReasoningParserName | 'auto' | 'none';
}

export interface ParserChoice {
  readonly parsers: ModelParsers;
  /** What was chosen and why, for the log. */
  readonly lines: readonly string[];
}

/** The parsers that the flags name, or that the template speaks for. */
export function chooseParsers(
  flags: ParserFlags,
  template: ChatTemplate | null,
  hasToken: (token: string) => boolean,
): ParserChoice {
  const evidence: ParserEvidence | null =
    template === null ? null : { source: template.source, program: template.program, hasToken };
  const tool = choose(flags.toolCallParser, () => evidence && detectToolParser(evidence));
  const reasoning = choose(
    flags.reasoningParser,
    () => evidence && detectReasoningParser(evidence),
  );
  return {
    parsers: {
      tool: tool.name,
      reasoning: reasoning.name,
      toggle: evidence === null ? null : thinkingToggle(evidence),
    },
    lines: [
      `tool_call_parser=${tool.name ?? 'none'}: ${tool.why}`,
      `reasoning_parser=${reasoning.name ?? 'none'}: ${reasoning.why}`,
    ],
  };
}

function choose<Name extends string>(
  flag: Name | 'auto' | 'none',
  detect: () => Detected<Name> | null,
): Detected<Name> {
  if (flag === 'none') return { name: null, why: 'as its flag says.' };
  if (flag !== 'auto') return { name: flag, why: 'as its flag says.' };
  const found = detect();
  if (found === null)
    return { name: null, why: 'the chat template shows no format that is known.' };
  if (found.name !== null) return { name: found.name, why: `by the chat template, ${found.why}.` };
  return {
    name: null,
    why: `the chat template is of a format that this server lacks: ${found.why}.`,
  };
}
