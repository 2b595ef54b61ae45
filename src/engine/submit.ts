import type { Engine } from './engine.js';
import type { Generation } from './generation.js';
import { prepareInputs, type PrepareDeps } from './prepare.js';
import type { GenerateRequest } from './request.js';
import type { Sessions } from './sessions.js';

export interface SubmitDeps extends PrepareDeps {
  readonly engine: Engine;
  readonly sessions: Sessions;
}

export interface Submitter {
  /** True when nobody can get the answer any more. */
  readonly isClosed: boolean;
  /** Gets the samples before they are accepted, so that a client that leaves can be aborted. */
  onSubmitted(generations: readonly Generation[]): void;
}

/**
 * Tokenizes a request, puts it behind what its session holds, and submits it: the way of every route that
 * generates. @returns null when the client left meanwhile. @throws RequestError
 */
export async function submitRequest(
  request: GenerateRequest,
  deps: SubmitDeps,
  submitter: Submitter,
): Promise<readonly Generation[] | null> {
  const { engine, sessions } = deps;
  const session = request.session ?? null;
  const inputs = await prepareInputs(request, deps, (ids) =>
    session === null ? ids : sessions.extend(session, ids),
  );
  if (submitter.isClosed) return null;
  const generations = await engine.submit(inputs, (submitted) => {
    submitter.onSubmitted(submitted);
  });
  if (session !== null) {
    for (const generation of generations) sessions.add(session, generation);
  }
  return generations;
}
