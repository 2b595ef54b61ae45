import { refuse } from '../../core/errors.js';
import type { GrammarSpec } from '../../core/grammar.js';
import type { ContentPlan } from '../../engine/content-plan.js';
import type { ThoughtMarks } from '../../core/thought.js';
import type { ModelParsers } from '../../text/model-parsers.js';
import type { ReasoningFormat } from '../../text/reasoning/format.js';
import { reasoningFormat } from '../../text/reasoning/registry.js';
import type { Tokenizer } from '../../text/tokenizer.js';
import type { Dict } from '../../text/jinja/values.js';
import type { ThinkingToggle } from '../../text/thinking-toggle.js';
import { ambiguousDefinition, boundCalls, type BoundCalls } from '../../text/tools/grammar.js';
import { toolFormat } from '../../text/tools/registry.js';
import type { ChatPrompt, ChatWishes } from './chat-prompt.js';

/** A prompt, with its text where a template made it. */
export interface PromptForPlan extends Pick<ChatPrompt, 'prefix' | 'kwargs'> {
  readonly ids: unknown;
  readonly rendered: string | null;
}

export interface ContentContext {
  readonly tokenizer: Tokenizer;
  readonly parsers: ModelParsers;
  readonly generate: { readonly thoughtTags: ThoughtMarks | null };
}

export interface PlannedContent {
  readonly plan: ContentPlan;
  /** How the tokens of a thought are counted; null = there are none. */
  readonly thought: ThoughtMarks | null;
  /** What calls are bound to; null = nothing. */
  readonly spec: GrammarSpec | null;
  /** Ids that end the thought before which no grammar counts; null = there is none. */
  readonly after: readonly number[] | null;
  /** The readers need marks that are special tokens. */
  readonly keepsSpecialTokens: boolean;
}

export interface ContentWishes extends ChatWishes {
  /** The request says itself what its answer must match. */
  readonly hasGrammar: boolean;
}

/** What the text of a chat's answer is read as, and what it must match. @throws RequestError */
export function planContent(
  prompt: PromptForPlan,
  wishes: ContentWishes,
  { tokenizer, parsers, generate: { thoughtTags } }: ContentContext,
): PlannedContent {
  const { reasoning, tools } = wishes;
  const { prefix } = prompt;
  const thoughts = parsers.reasoning === null ? null : reasoningFormat(parsers.reasoning);
  const calls = callsOf(wishes, parsers);
  const begins = thoughts === null ? null : isThinkingAt(prompt, thoughts);
  const isThinking = begins ?? thoughts?.beginsThinking ?? false;
  const mayThink = isThinking || (begins === null && asksForThought(parsers.toggle, prompt.kwargs));
  return {
    plan: {
      reasoning:
        thoughts === null || !reasoning.isSeparate
          ? null
          : { format: thoughts, isThinking: begins, streams: reasoning.streams, prefix },
      tools: calls === null ? null : { format: calls.format, functions: tools.functions },
    },
    thought: thoughtTags !== null && isThinking ? { ...thoughtTags, start: [] } : thoughtTags,
    spec: calls?.spec ?? null,
    after: mayThink ? (thoughtTags?.end ?? null) : null,
    keepsSpecialTokens:
      tools.functions.length > 0 || (thoughts !== null && needsSpecialTokens(thoughts, tokenizer)),
  };
}

/**
 * Formats that SGLang forces by tags of XGrammar's own: there two functions may define one name of `$defs` differently,
 * and a function that is asked for is called once.
 */
const NATIVE_TAGS: ReadonlySet<string> = new Set([
  'glm47',
  'gpt-oss',
  'kimi_k2',
  'nanbeige',
  'qwen3_coder',
  'step3p5',
]);

/** A request with a grammar of its own gets that one, as in SGLang: its calls are not bound. */
function callsOf({ tools, hasGrammar }: ContentWishes, parsers: ModelParsers): BoundCalls | null {
  const { choice, functions, isParallel } = tools;
  if (functions.length === 0) return null;
  const isForced = choice === 'required' || typeof choice === 'object';
  const named = functions.filter(({ name }) => typeof choice === 'string' || name === choice.name);
  const format = parsers.tool === null ? null : toolFormat(parsers.tool);
  const isNative = parsers.tool !== null && NATIVE_TAGS.has(parsers.tool);
  const isOnce = isNative && typeof choice === 'object';
  const wish = { isForced: isForced && !hasGrammar, isParallel: isParallel && !isOnce };
  const ambiguous = wish.isForced && !isNative ? ambiguousDefinition(named) : null;
  if (ambiguous === null) return boundCalls(format, named, wish);
  return refuse(`Tool definition '${ambiguous}' has multiple schemas, which is not supported.`);
}

/** Whether the model opens a thought by itself, as far as its template and the request say. */
function asksForThought(toggle: ThinkingToggle | null, kwargs: Dict): boolean {
  if (toggle?.kind !== 'variable') return toggle?.kind === 'always';
  const given = kwargs.get(toggle.name);
  return toggle.byDefault ? given !== false : given === true;
}

/** Whether the answer begins within a thought, by the end of its prompt; null = that says nothing. */
function isThinkingAt(
  { rendered, prefix }: PromptForPlan,
  format: ReasoningFormat,
): boolean | null {
  const tail = `${rendered ?? ''}${prefix}`.trimEnd();
  if (tail.endsWith(format.start)) return true;
  return tail.endsWith(format.end) ? false : null;
}

function needsSpecialTokens(format: ReasoningFormat, tokenizer: Tokenizer): boolean {
  const { start, end } = format;
  return format.needsSpecialTokens || [start, end].some((tag) => tokenizer.isSpecialText(tag));
}
