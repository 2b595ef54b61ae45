import { RequestError, type ErrorCode } from '../core/errors.js';
import type { AbortReason, FinishReason } from '../core/finish-reason.js';
import type { Engine } from './engine.js';
import type { LiveRequest } from './live-request.js';

/** Waits for all endings, or for the first one that is a failure. */
export function settled(
  requests: readonly LiveRequest[],
  fails: (finish: FinishReason | null) => finish is AbortReason = isFailure,
): Promise<AbortReason | null> {
  return new Promise((resolve) => {
    const check = (): void => {
      const failed = requests.map(({ finish }) => finish).find(fails);
      if (failed !== undefined) resolve(failed);
      else if (requests.every(({ finish }) => finish !== null)) resolve(null);
    };
    for (const request of requests) {
      request.onUpdate = () => {
        if (request.finish !== null) check();
      };
    }
    check();
  });
}

/** A user's abort is no failure where a part of an answer is an answer. */
export function isFailure(finish: FinishReason | null): finish is AbortReason {
  return isAbort(finish) && finish.status_code !== null;
}

export function isAbort(finish: FinishReason | null): finish is AbortReason {
  return finish?.type === 'abort';
}

/** The error of an answer that cannot show how its requests ended. A user's own abort is one too. */
export function errorOf({ message, status_code }: AbortReason): RequestError {
  const status = status_code ?? 400;
  const failed: ErrorCode = status === 503 ? 'TIMED_OUT' : 'DEVICE_FAILED';
  return new RequestError(status < 500 ? 'INVALID_REQUEST' : failed, message);
}

export function abortAll(engine: Engine, requests: readonly LiveRequest[]): void {
  for (const request of requests) engine.abort(request);
}
