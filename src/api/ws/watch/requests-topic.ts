import { isAbort, isFailure, type FinishReason } from '../../../core/finish-reason.js';
import type { Engine } from '../../../engine/engine.js';
import type { AnyRequest } from '../../../engine/live-requests.js';
import type { RequestsRead, RunningRequest, WaitingRequest } from '../../../messages.js';
import type { ObservedRequest } from '../../../observability/engine-events.js';
import { Newest } from './newest.js';
import type { FinishedRequest, LiveRequest, RequestsState } from './types.js';

const FINISHED_MAX = 64;

interface Ended {
  readonly told: FinishedRequest;
  /** Why it was ended or failed; null = it ended by itself. May quote the request. */
  readonly message: string | null;
}

/** Which requests wait, run and have ended. */
export class RequestsTopic {
  readonly #engine: Engine;
  readonly #finished = new Newest<Ended>(FINISHED_MAX);
  readonly #stop: () => void;
  #read: RequestsRead | null = null;
  #live: Readonly<Record<string, LiveRequest>> = {};

  constructor(engine: Engine) {
    this.#engine = engine;
    const finished = (request: ObservedRequest): void => {
      if (request.input.isUnmetered !== true) this.#finished.push(endedOf(request));
    };
    engine.events.on('finished', finished);
    this.#stop = () => engine.events.off('finished', finished);
  }

  /** Nobody watches it any more: it listens to nothing. */
  end(): void {
    this.#stop();
  }

  async read(): Promise<void> {
    const read = await this.#engine.desk.readRequests();
    const all = [...read.running, ...read.waiting].map(({ num, ...rest }) => {
      const request = this.#engine.find(num);
      // It has ended since.
      return request === undefined ? [] : [[num, liveOf(request, { num, ...rest })] as const];
    });
    this.#read = read;
    this.#live = Object.fromEntries(all.flat());
  }

  /** Null before the first read. */
  state(showsText: boolean): RequestsState | null {
    if (this.#read === null) return null;
    return {
      waiting: this.#read.numWaiting,
      running: this.#read.numRunning,
      live: this.#live,
      finished: this.#finished.map(({ told, message }) =>
        showsText && message !== null ? { ...told, message } : told,
      ),
    };
  }
}

function liveOf(request: AnyRequest, place: RunningRequest | WaitingRequest): LiveRequest {
  const { rid, inputIds, createdMs, outputIds } = request;
  const { tree, numRetractions } = place;
  return {
    rid,
    state: 'phase' in place ? place.phase : numRetractions > 0 ? 'retracted' : 'waiting',
    accepted_at: epochMs(createdMs),
    prompt_tokens: inputIds.length,
    ...('phase' in place
      ? { cached_tokens: place.cachedTokens, prefilled_tokens: place.numPrefilled }
      : {}),
    output_tokens: outputIds.length,
    ...(request.kind === 'generate' ? { max_new_tokens: request.sampling.maxNewTokens } : {}),
    ...(tree === null ? {} : { device: tree }),
    ...(numRetractions === 0 ? {} : { retractions: numRetractions }),
  };
}

function endedOf(request: ObservedRequest): Ended {
  const { finish } = request;
  return { told: toldOf(request), message: isAbort(finish) ? finish.message : null };
}

function toldOf(request: ObservedRequest): FinishedRequest {
  const { rid, finish, createdMs, finishedMs, firstTokenMs, stats } = request;
  return {
    rid,
    reason: reasonOf(finish),
    accepted_at: epochMs(createdMs),
    finished_at: epochMs(finishedMs ?? createdMs),
    ...(stats === null ? {} : { queue_ms: stats.queueMs }),
    ...(firstTokenMs == null ? {} : { ttft_ms: firstTokenMs - createdMs }),
    prompt_tokens: request.inputIds.length,
    cached_tokens: request.cachedTokens,
    output_tokens: request.outputIds.length,
    ...(stats === null || stats.dpRank === null ? {} : { rank: stats.dpRank }),
  };
}

function reasonOf(finish: FinishReason | null): FinishedRequest['reason'] {
  if (finish === null || isFailure(finish)) return 'error';
  return finish.type;
}

function epochMs(clockMs: number): number {
  return Math.round(performance.timeOrigin + clockMs);
}
