import { parsed, type JsonObject } from '../shared/json.js';
import type { Message, Settings } from './message.js';

/** How many alternatives of a token are asked for. */
const NUM_ALTERNATIVES = 5;

export interface RequestOptions {
  readonly model: string;
  readonly settings: Settings;
  /** The conversation so far. */
  readonly messages: readonly Message[];
}

/** A body of `/v1/chat/completions`, as somebody would write it by hand. */
export function bodyOf({ model, settings, messages }: RequestOptions): JsonObject {
  const system = settings.system.trim();
  return {
    model: settings.adapter === '' ? model : `${model}:${settings.adapter}`,
    messages: [
      ...(system === '' ? [] : [{ role: 'system', content: settings.system }]),
      ...messages.filter(isSaid).map(wireMessage),
    ],
    ...samplingOf(settings),
    ...toolsOf(settings.tools),
  };
}

/** The same with what the page shows beside the text. */
export function streamBodyOf(options: RequestOptions): JsonObject {
  return {
    ...bodyOf(options),
    ...(options.settings.probabilities ? { logprobs: true, top_logprobs: NUM_ALTERNATIVES } : {}),
    stream: true,
    stream_options: { include_usage: true, continuous_usage_stats: true },
    return_cached_tokens_details: true,
    return_cache_info: true,
  };
}

/** What is wrong with the settings, in a sentence; null = nothing. */
export function faultIn(settings: Settings): string | null {
  for (const [name, label] of NUMBERS) {
    const text = settings[name].trim();
    if (text !== '' && !Number.isFinite(Number(text))) return `${label} must be a number.`;
  }
  const tools = settings.tools.trim();
  if (tools !== '' && !Array.isArray(parsed(tools)))
    return 'Tools must be a JSON list of functions.';
  return null;
}

const NUMBERS = [
  ['temperature', 'Temperature', 'temperature'],
  ['topP', 'Top p', 'top_p'],
  ['topK', 'Top k', 'top_k'],
  ['minP', 'Min p', 'min_p'],
  ['maxTokens', 'Most tokens', 'max_tokens'],
  ['repetitionPenalty', 'Repetition penalty', 'repetition_penalty'],
  ['seed', 'Seed', 'seed'],
] as const;

function samplingOf(settings: Settings): JsonObject {
  const given = NUMBERS.flatMap(([name, , wire]) => {
    const text = settings[name].trim();
    return text === '' ? [] : [[wire, Number(text)] as const];
  });
  const stops = settings.stop.split('\n').filter((line) => line !== '');
  return {
    ...Object.fromEntries(given),
    ...(stops.length === 0 ? {} : { stop: stops }),
    ...(settings.effort === '' ? {} : { reasoning_effort: settings.effort }),
  };
}

function toolsOf(text: string): JsonObject {
  const tools = parsed(text);
  return Array.isArray(tools) && tools.length > 0 ? { tools } : {};
}

/** An answer that failed before its first word was never said. */
function isSaid({ role, content, toolCalls }: Message): boolean {
  return role !== 'assistant' || content !== '' || toolCalls.length > 0;
}

function wireMessage({ role, content, toolCalls, toolCallId }: Message): JsonObject {
  if (role === 'tool') return { role, tool_call_id: toolCallId, content };
  if (toolCalls.length === 0) return { role, content };
  return {
    role,
    content: content === '' ? null : content,
    tool_calls: toolCalls.map(({ id, name, arguments: written }) => ({
      id,
      type: 'function',
      function: { name, arguments: written },
    })),
  };
}
