import { RandomIds } from '../lib/random-ids.js';

/** SGLang's generated-shared-prefix workload: groups of prompts that begin with the same system prompt. */
export interface PrefixWorkload {
  readonly numGroups: number;
  readonly promptsPerGroup: number;
  readonly systemTokens: number;
  readonly questionTokens: number;
  readonly outputTokens: number;
  /** Requests under way at a time. */
  readonly concurrency: number;
  /** Another one gives other prompts, which no cache has seen. */
  readonly seed: number;
}

export interface RequestTiming {
  readonly ttftMs: number;
  /** Null where the program does not tell. */
  readonly cachedTokens: number | null;
}

export interface WorkloadTiming {
  readonly wallMs: number;
  readonly requests: readonly RequestTiming[];
}

/** `[numGroups * promptsPerGroup]` prompts in random order. */
export function sharedPrefixPrompts(workload: PrefixWorkload): number[][] {
  const random = new RandomIds(workload.seed);
  const systems = Array.from({ length: workload.numGroups }, () =>
    random.ids(workload.systemTokens),
  );
  const prompts = systems.flatMap((system) =>
    Array.from({ length: workload.promptsPerGroup }, () => [
      ...system,
      ...random.ids(workload.questionTokens),
    ]),
  );
  return random.shuffled(prompts);
}

/** Sends the prompts in order, the next one as soon as one of those under way is answered. */
export async function runWorkload(
  workload: PrefixWorkload,
  send: (inputIds: readonly number[]) => Promise<RequestTiming>,
): Promise<WorkloadTiming> {
  const waiting = sharedPrefixPrompts(workload).values();
  const requests: RequestTiming[] = [];
  const start = performance.now();
  const client = async () => {
    for (const inputIds of waiting) requests.push(await send(inputIds));
  };
  await Promise.all(Array.from({ length: workload.concurrency }, client));
  return { wallMs: performance.now() - start, requests };
}

/** At least half of the system prompt came from the cache. */
export function isHit({ cachedTokens }: RequestTiming, workload: PrefixWorkload): boolean {
  return cachedTokens !== null && 2 * cachedTokens >= workload.systemTokens;
}
