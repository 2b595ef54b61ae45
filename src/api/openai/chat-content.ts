import type { ContentPlan } from '../../engine/content-plan.js';
import type { ThoughtMarks } from '../../engine/thought-counter.js';
import type { ModelParsers } from '../../text/model-parsers.js';
import type { ReasoningFormat } from '../../text/reasoning/format.js';
import { reasoningFormat } from '../../text/reasoning/registry.js';
import type { Tokenizer } from '../../text/tokenizer.js';
import { toolFormat } from '../../text/tools/registry.js';
import type { ChatPrompt, ChatWishes } from './chat-prompt.js';

/** A prompt, with its text where a template made it. */
export interface PromptForPlan extends Pick<ChatPrompt, 'prefix'> {
  readonly ids: unknown;
  readonly rendered: string | null;
}

export interface ContentContext {
  readonly tokenizer: Tokenizer;
  readonly parsers: ModelParsers;
  readonly thoughtTags: ThoughtMarks | null;
}

export interface PlannedContent {
  readonly plan: ContentPlan;
  /** How the tokens of a thought are counted; null = there are none. */
  readonly thought: ThoughtMarks | null;
  /** The readers need marks that are special tokens. */
  readonly keepsSpecialTokens: boolean;
}

/** What the text of a chat's answer is read as. */
export function planContent(
  { rendered, prefix }: PromptForPlan,
  { tools, reasoning }: ChatWishes,
  { tokenizer, parsers, thoughtTags }: ContentContext,
): PlannedContent {
  const thoughts = parsers.reasoning === null ? null : reasoningFormat(parsers.reasoning);
  const calls = parsers.tool === null ? null : toolFormat(parsers.tool);
  const hasTools = tools.functions.length > 0;
  const isThinking =
    thoughts === null ? null : isThinkingAt(`${rendered ?? ''}${prefix}`, thoughts);
  return {
    plan: {
      reasoning:
        thoughts === null || !reasoning.isSeparate
          ? null
          : { format: thoughts, isThinking, streams: reasoning.streams, prefix },
      tools: calls === null || !hasTools ? null : { format: calls, functions: tools.functions },
    },
    thought:
      thoughts === null ? null : marksFor(isThinking ?? thoughts.beginsThinking, thoughtTags),
    keepsSpecialTokens: hasTools || (thoughts !== null && needsSpecialTokens(thoughts, tokenizer)),
  };
}

/** Whether the answer begins within a thought, by the end of its prompt; null = that says nothing. */
function isThinkingAt(prompt: string, format: ReasoningFormat): boolean | null {
  const tail = prompt.trimEnd();
  if (tail.endsWith(format.start)) return true;
  return tail.endsWith(format.end) ? false : null;
}

function marksFor(isThinking: boolean, tags: ThoughtMarks | null): ThoughtMarks | null {
  return tags !== null && isThinking ? { ...tags, start: [] } : tags;
}

function needsSpecialTokens(format: ReasoningFormat, tokenizer: Tokenizer): boolean {
  const { start, end } = format;
  return format.needsSpecialTokens || [start, end].some((tag) => tokenizer.isSpecialText(tag));
}
