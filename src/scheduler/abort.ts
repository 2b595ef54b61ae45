/** `/abort_request` and clients that left, for requests of either kind: whom it means, and its reason. */
import { abortReason, type FinishReason } from '../core/finish-reason.js';
import type { Abort } from '../messages.js';
import type { LiveReq } from './live-reqs.js';

/** The requests that the message means, which may end while the answer is read. */
export function matching<R extends LiveReq>(live: Iterable<R>, message: Abort): R[] {
  return [...live].filter((req) => isMeant(message, req));
}

function isMeant({ all, num, ridPrefix }: Abort, req: LiveReq): boolean {
  if (all) return true;
  if (num !== null) return req.num === num;
  return ridPrefix !== '' && req.input.rid.startsWith(ridPrefix);
}

/** What the user gave as the reason; undefined = the words of the phase that the request is in. */
export function reasonGiven({ message }: Abort): FinishReason | undefined {
  return message === null ? undefined : abortReason(message);
}

/** SGLang's words for an abort that gives none. */
export function abortWords(isWaiting: boolean): FinishReason {
  return abortReason(isWaiting ? 'Abort in waiting queue' : 'Aborted');
}
