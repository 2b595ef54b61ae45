import type { ReasoningParserName } from '../../config/parser-names.js';
import type { ReasoningFormat } from './format.js';
import { gptOss } from './gpt-oss.js';
import { thinkTags } from './think-tags.js';

const THINK = { start: '<think>', end: '</think>' } as const;
const KIMI = { start: '◁think▷', end: '◁/think▷' } as const;

/** Thoughts from the first token on, without an opening tag. */
const forced = thinkTags({ ...THINK, toolStart: null }, true);
const forcedWithCalls = thinkTags({ ...THINK, toolStart: '<tool_call>' }, true);
/** Thoughts where an opening tag says so: the prompt's, or the model's own. */
const tagged = thinkTags({ ...THINK, toolStart: '<tool_call>' }, false);

/** Every format by SGLang's names for it. A new one is a line here, and one in detect-parsers.ts. */
export const REASONING_FORMATS: Readonly<Record<ReasoningParserName, ReasoningFormat>> = {
  'deepseek-r1': forced,
  glm45: tagged,
  'gpt-oss': gptOss,
  kimi: thinkTags({ ...KIMI, toolStart: null }, false),
  kimi_k2: thinkTags({ ...THINK, toolStart: '<|tool_calls_section_begin|>' }, false),
  minimax: forcedWithCalls,
  nano_v3: tagged,
  nemotron_3: tagged,
  qwen3: tagged,
  'qwen3-thinking': forcedWithCalls,
  step3: forced,
  step3p5: forced,
};

/** A parser by its name; null = there is none of this name. */
export function reasoningFormat(name: string): ReasoningFormat | null {
  return Object.hasOwn(REASONING_FORMATS, name)
    ? REASONING_FORMATS[name as ReasoningParserName]
    : null;
}
