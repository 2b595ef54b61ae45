import { ModelLoadError } from '../load-error.js';

/** A repository of a hub at a revision, by the values of HF_ENDPOINT, HF_TOKEN and the flags. */
export interface HubRepo {
  /** `org/name` */
  readonly repo: string;
  /** Branch, tag or commit. */
  readonly revision: string;
  /** E.g. `https://huggingface.co`, without a slash at the end. */
  readonly endpoint: string;
  readonly token: string | null;
}

/**
 * `fetch` for the hub: adds the token for the hub's own origin, and turns refusals and a missing
 * network into a sentence. Other answers (200, 206, 416, 5xx) are the caller's.
 */
export function hubFetch(origin: HubRepo, signal?: AbortSignal): typeof fetch {
  return async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    const headers = new Headers(init?.headers);
    const own = new URL(url).origin === new URL(origin.endpoint).origin;
    if (origin.token !== null && own) headers.set('authorization', `Bearer ${origin.token}`);
    let response: Response;
    try {
      response = await fetch(input, { ...init, headers, signal: either(init?.signal, signal) });
    } catch (cause) {
      signal?.throwIfAborted();
      throw unreachable(origin, cause);
    }
    const refusal = refusalOf(response, origin, url);
    if (refusal === null) return response;
    await response.body?.cancel();
    throw refusal;
  };
}

function either(
  one: AbortSignal | null | undefined,
  other: AbortSignal | undefined,
): AbortSignal | null {
  const signals = [one, other].filter((signal) => signal instanceof AbortSignal);
  return signals.length === 0 ? null : AbortSignal.any(signals);
}

function refusalOf(response: Response, origin: HubRepo, url: string): ModelLoadError | null {
  const { repo, revision, endpoint } = origin;
  const code = response.headers.get('x-error-code');
  switch (response.status) {
    case 401:
    case 403:
      if (code === 'GatedRepo') return forbidden(origin, 'is gated: accept its terms there');
      return forbidden(origin, 'does not exist or is private');
    case 404:
      if (code === 'RevisionNotFound')
        return notFound(`${endpoint}/${repo} has no revision '${revision}'.`);
      // A file that was listed a moment ago.
      if (new URL(url).pathname.includes('/resolve/')) {
        return new ModelLoadError(
          'download_failed',
          `Cannot download ${url}: it is listed, but not there.`,
        );
      }
      return notFound(`There is no model ${repo} on ${endpoint}.`);
    default:
      return null;
  }
}

function notFound(message: string): ModelLoadError {
  return new ModelLoadError('repo_not_found', message);
}

function forbidden({ repo, endpoint, token }: HubRepo, why: string): ModelLoadError {
  const advice = token === null ? 'set HF_TOKEN' : 'check that HF_TOKEN may read it';
  return new ModelLoadError('repo_forbidden', `${endpoint}/${repo} ${why}, and ${advice}.`);
}

function unreachable({ repo, endpoint }: HubRepo, cause: unknown): ModelLoadError {
  const inner = (cause as { cause?: NodeJS.ErrnoException }).cause;
  const why = inner?.code ?? (cause instanceof Error ? cause.message : String(cause));
  return new ModelLoadError(
    'offline',
    `Cannot reach ${endpoint} (${why}), and ${repo} is not in the local cache.`,
    { cause },
  );
}
