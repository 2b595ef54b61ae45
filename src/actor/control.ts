import type { MessagePort } from 'node:worker_threads';
import { expose, wrap, type Endpoint, type Remote } from 'comlink';
import nodeAdapter from 'comlink/dist/umd/node-adapter.js';

// The adapter is a CommonJS function, but its declaration file says it is a default export.
const nodeEndpoint = nodeAdapter as unknown as typeof nodeAdapter.default;

/**
 * The control plane: reads of another thread's state over Comlink. Tokens never travel here, and nothing
 * reached this way changes a tree.
 */
export class ControlTimeout extends Error {
  override readonly name = 'ControlTimeout';
}

/** Answers calls that arrive on `port` with the methods of `api`. */
export function exposeControl(api: object, port: MessagePort): void {
  expose(api, endpointOf(port));
}

/**
 * Calls the api at the other end of `port`. A Comlink call to a dead worker never settles, so each call
 * goes through {@link callControl}, which gives it a deadline.
 */
export function connectControl<Api extends object>(port: MessagePort): Remote<Api> {
  return wrap<Api>(endpointOf(port));
}

/** Rejects with {@link ControlTimeout} when the other thread does not answer in time. */
export async function callControl<T>(call: Promise<T>, deadlineMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new ControlTimeout(`no answer from the other thread within ${deadlineMs} ms`));
    }, deadlineMs);
  });
  try {
    return await Promise.race([call, late]);
  } finally {
    clearTimeout(timer);
  }
}

function endpointOf(port: MessagePort): Endpoint {
  return nodeEndpoint(port);
}
