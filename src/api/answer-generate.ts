import { isFailure } from '../core/finish-reason.js';
import { answer } from '../engine/answer.js';
import type { AnswerSink } from '../engine/answer-sink.js';
import type { StreamRenderer } from '../engine/answer-stream.js';
import { askGenerate, streamIntervals, type GenerateAsk } from '../engine/ask.js';
import type { Generation } from '../engine/generation.js';
import type { GenerateRequest } from '../engine/request.js';
import type { GenerateDeps } from './native/generate.js';

/** How one dialect shows the samples of a request, as one answer or as a stream. */
export interface AnswerRenderer extends StreamRenderer<Generation> {
  /** All samples, each of which has ended. @throws RequestError where there is nothing to show */
  whole(generations: readonly Generation[]): unknown;
}

/** A stream whose status waits for its first token, or one answer. @throws RequestError before its acceptance */
export async function answerGenerate(
  request: GenerateRequest,
  renderer: AnswerRenderer,
  sink: AnswerSink,
  deps: GenerateDeps,
): Promise<void> {
  await answer(askGenerate(request, deps, showOf(request, renderer, deps)), sink, deps.engine);
}

function showOf(
  request: GenerateRequest,
  renderer: AnswerRenderer,
  deps: GenerateDeps,
): GenerateAsk['show'] {
  if (request.stream) {
    const intervals = streamIntervals(request, deps);
    return { mode: 'stream', renderer, intervals, opensAt: 'firstToken' };
  }
  return { mode: 'whole', render: (samples) => renderer.whole(samples), isFatal: isFailure };
}
