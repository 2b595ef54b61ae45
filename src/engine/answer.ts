/**
 * THE path between a parsed request and its answer, for every dialect: prepare, submit, hear that the client
 * left, wait for the end or stream up to it, abort what nobody waits for. A dialect says what to submit and
 * how to show the requests; where the answer goes is the sink's.
 */
import {
  failureOf,
  isFailure,
  type AbortReason,
  type FinishReason,
} from '../core/finish-reason.js';
import type { AnswerSink } from './answer-sink.js';
import { AnswerStream, type StreamRenderer } from './answer-stream.js';
import type { Engine, Named } from './engine.js';
import type { AnyRequest } from './live-requests.js';
import type { RequestKind } from './request-kinds.js';

export interface Ask<Input extends Named, Request extends AnyRequest> {
  readonly kind: RequestKind<Input, Request>;
  /** Names of the requests to be: one of them may be aborted before it is submitted. */
  readonly rids: readonly string[];
  /** All that may take time before the submission: tokenizes, fits, compiles grammars. @throws RequestError */
  readonly prepare: (allAborted: AbortSignal) => Promise<readonly Input[]>;
  /** Told once the scheduler has taken them. */
  readonly onAccepted: (requests: readonly Request[]) => void;
  /** `background`: goes on when its client leaves. */
  readonly survivesClient: boolean;
  readonly show: Whole<Request> | Streamed<Request>;
}

/** One answer, when all requests have ended. */
export interface Whole<Request extends AnyRequest> {
  readonly mode: 'whole';
  /** @throws RequestError where there is nothing to show */
  readonly render: (requests: readonly Request[]) => unknown;
  /** An ending that leaves nothing to show: the answer is an error then. */
  readonly isFatal: (finish: FinishReason | null) => finish is AbortReason;
}

/** Events as the answer grows. */
export interface Streamed<Request extends AnyRequest> {
  readonly mode: 'stream';
  readonly renderer: StreamRenderer<Request>;
  /** Tokens per chunk, by sample. */
  readonly intervals: readonly number[];
  /** `firstToken`: a failure before it is still an HTTP status. */
  readonly opensAt: 'acceptance' | 'firstToken';
}

/** Nothing comes of it when the client leaves before the submission. @throws RequestError before its acceptance */
export async function answer<Input extends Named, Request extends AnyRequest>(
  ask: Ask<Input, Request>,
  sink: AnswerSink,
  engine: Engine,
): Promise<void> {
  const { prepared, aborts } = await engine.prepare(ask.rids, ask.prepare, (giveUp) => {
    sink.onAbortable(giveUp, false);
  });
  if (sink.isClosed) {
    letGo(prepared);
    return;
  }
  let abort = (): void => undefined;
  const onSubmitted = (submitted: readonly Request[]): void => {
    abort = () => {
      for (const request of submitted) engine.abort(request);
    };
    sink.onAbortable(abort, ask.survivesClient);
  };
  const requests = await engine
    .submit(ask.kind, prepared, onSubmitted, aborts)
    .catch((error: unknown) => {
      letGo(prepared);
      throw error;
    });
  ask.onAccepted(requests);
  if (ask.show.mode === 'whole') await showWhole(ask.show, requests, { sink, abort });
  else await showStream(ask.show, requests, { sink, abort });
}

/** Requests that will never run. */
function letGo(inputs: readonly Named[]): void {
  for (const { adapter } of inputs) adapter?.release();
}

interface Outcome {
  readonly sink: AnswerSink;
  /** Ends all of the requests: one of them failed, or the client left. */
  readonly abort: () => void;
}

async function showWhole<Request extends AnyRequest>(
  { render, isFatal }: Whole<Request>,
  requests: readonly Request[],
  { sink, abort }: Outcome,
): Promise<void> {
  const failed = await reach(ENDED, requests, isFatal);
  if (failed === null) {
    sink.answer(render(requests));
    return;
  }
  abort();
  sink.fail(failureOf(failed));
}

async function showStream<Request extends AnyRequest>(
  { renderer, intervals, opensAt }: Streamed<Request>,
  requests: readonly Request[],
  { sink, abort }: Outcome,
): Promise<void> {
  if (opensAt === 'firstToken') {
    const failed = await reach(BEGUN, requests, isFailure);
    if (failed !== null) {
      abort();
      sink.fail(failureOf(failed));
      return;
    }
  }
  new AnswerStream(sink.startEvents(), requests, { renderer, intervals, onFailure: abort });
}

/** How far requests must be: each of them, or any. */
interface Milestone {
  readonly isReached: (request: AnyRequest) => boolean;
  readonly by: 'every' | 'some';
}

const ENDED: Milestone = { isReached: ({ finish }) => finish !== null, by: 'every' };
const BEGUN: Milestone = {
  isReached: ({ outputIds, finish }) => outputIds.length > 0 || finish !== null,
  by: 'some',
};

/** Waits for the milestone, or for the first ending that is fatal, which it returns. */
function reach(
  { isReached, by }: Milestone,
  requests: readonly AnyRequest[],
  isFatal: (finish: FinishReason | null) => finish is AbortReason,
): Promise<AbortReason | null> {
  return new Promise((resolve) => {
    const leave: (() => void)[] = [];
    const check = (): void => {
      const fatal = requests.map(({ finish }) => finish).find(isFatal) ?? null;
      if (fatal === null && !requests[by](isReached)) return;
      for (const stop of leave) stop();
      resolve(fatal);
    };
    for (const request of requests) {
      // Of a large batch most updates change nothing here.
      const stop = request.updates.listen(() => {
        if (isReached(request)) check();
      });
      leave.push(stop);
    }
    check();
  });
}
