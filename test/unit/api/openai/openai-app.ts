import type { ServerArgs } from '../../../../src/config/server-args.js';
import type { FinishReason } from '../../../../src/core/finish-reason.js';
import type { SamplingDefaults } from '../../../../src/core/sampling-params.js';
import type { ReqInput, ReqLogprobRow } from '../../../../src/messages.js';
import type { ServedModel } from '../../../../src/engine/served-model.js';
import { ChatTemplate } from '../../../../src/text/chat-template.js';
import { startApp, type TestApp } from '../test-app.js';
import { idsOf, tinyTokenizer } from '../tiny-tokenizer.js';

export const LENGTH: FinishReason = { type: 'length', length: 3 };

const TEMPLATE =
  '{{ bos_token }}{{ style }}{% for m in messages %}[{{ m.role }}:{{ m.content }}]{% endfor %}' +
  "{% if messages[0].content == 'boom' %}{{ raise_exception('No booms.') }}{% endif %}" +
  '{% if add_generation_prompt %}>{% endif %}';

/** An app whose tokenizer adds BOS by itself, and whose template writes one too. */
export async function openAiApp(
  t: { teardown(fn: () => void): void },
  args: Partial<ServerArgs> = {},
  samplingDefaults?: SamplingDefaults,
  model: Partial<ServedModel> = {},
): Promise<TestApp> {
  const app = await startApp(args, {
    tokenizer: args.skipTokenizerInit === true ? null : tinyTokenizer(true),
    chatTemplate: new ChatTemplate(TEMPLATE, new Map([['bos_token', '<s>']])),
    ...(samplingDefaults === undefined ? {} : { samplingDefaults }),
    ...model,
  });
  t.teardown(() => {
    app.app.close();
  });
  return app;
}

/** Every request is answered with this text, byte by byte; returns what is submitted. */
export function answering(app: TestApp, text: string, reason: FinishReason = LENGTH): ReqInput[] {
  const seen: ReqInput[] = [];
  app.scheduler.onAccepted = (req) => {
    seen.push(req);
    void play(app, req, { text, reason });
  };
  return seen;
}

async function play(
  { scheduler }: TestApp,
  req: ReqInput,
  { text, reason }: { text: string; reason: FinishReason },
): Promise<void> {
  for (const [position, id] of idsOf(text).entries()) {
    await tick();
    scheduler.step([[req.num, id]], [row(req, 'output', position, id)]);
  }
  await tick();
  scheduler.finish(req.num, reason, { cachedTokens: 2 });
}

/** Steps come one turn of the event loop apart, as over a port. */
export function tick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The token itself, then the best two: itself and `x`. */
export function row(
  req: ReqInput,
  part: 'prompt' | 'output',
  position: number,
  id: number,
): ReqLogprobRow {
  const ids = Int32Array.of(id, id, 120);
  return { num: req.num, part, position, ids, values: Float32Array.of(-0.5, -0.5, -2) };
}

export interface Chunk {
  readonly id: string;
  readonly object: string;
  readonly choices: readonly Readonly<Record<string, unknown>>[];
  readonly usage?: unknown;
}

/** The frames of a stream, its `[DONE]` checked and left out. */
export function framesOf(text: string): Chunk[] {
  const frames = text.split('\n\n');
  if (frames.pop() !== '' || frames.pop() !== 'data: [DONE]') throw new Error(`no [DONE]: ${text}`);
  return frames.map((frame) => JSON.parse(frame.replace(/^data: /, '')) as Chunk);
}
