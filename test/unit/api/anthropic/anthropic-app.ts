import type { ServerArgs } from '../../../../src/config/server-args.js';
import { openAiApp } from '../openai/openai-app.js';
import type { TestApp } from '../test-app.js';

export const PATH = '/v1/messages';
export const messages = [{ role: 'user', content: 'hi' }];
export const asked = { model: 'any', max_tokens: 50, messages };

const PARSERS = {
  tool: 'qwen25',
  reasoning: 'qwen3',
  toggle: { kind: 'variable', name: 'enable_thinking', byDefault: true },
} as const;

/** An app whose model thinks and calls. */
export function anthropicApp(
  t: { teardown(fn: () => void): void },
  args: Partial<ServerArgs> = {},
): Promise<TestApp> {
  return openAiApp(t, args, undefined, { parsers: PARSERS });
}

export interface MessageEvent {
  readonly type: string;
  readonly [name: string]: unknown;
}

/** The events of a stream, each checked to be named by its type. */
export function eventsOf(text: string): MessageEvent[] {
  const frames = text.split('\n\n');
  if (frames.pop() !== '') throw new Error(`cut off: ${text}`);
  return frames.map((frame) => {
    const [name, data = ''] = frame.split('\n');
    const event = JSON.parse(data.replace(/^data: /, '')) as MessageEvent;
    if (name !== `event: ${event.type}`) throw new Error(`not named by its type: ${frame}`);
    return event;
  });
}
