/** What the tests say to a server, in the words of SGLang's `/generate`. */
export interface GenerateResult {
  readonly text: string;
  readonly output_ids: number[];
  readonly index?: number;
  readonly meta_info: MetaInfo;
}

export interface MetaInfo {
  readonly id: string;
  readonly finish_reason: { readonly type: string; readonly [key: string]: unknown } | null;
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly cached_tokens: number;
  readonly [key: string]: unknown;
}

export interface KvPool {
  readonly total_tokens: number;
  readonly free_tokens: number;
  readonly cached_tokens: number;
  readonly held_tokens: number;
}

export async function postJson(
  url: string,
  body: unknown,
  init: RequestInit = {},
): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...init,
  });
}

export async function generate(url: string, body: object): Promise<GenerateResult> {
  const response = await postJson(`${url}/generate`, body);
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
  return (await response.json()) as GenerateResult;
}

export async function generateBatch(url: string, body: object): Promise<GenerateResult[]> {
  return (await generate(url, body)) as unknown as GenerateResult[];
}

/** All `data:` payloads of a stream, the `[DONE]` at its end checked and left out. */
export async function generateStream(url: string, body: object): Promise<GenerateResult[]> {
  const response = await postJson(`${url}/generate`, { ...body, stream: true });
  const frames = (await response.text()).split('\n\n');
  if (frames.pop() !== '' || frames.pop() !== 'data: [DONE]')
    throw new Error('no [DONE] at the end');
  return frames.map((frame) => {
    if (!frame.startsWith('data: ')) throw new Error(`not a data frame: ${frame}`);
    return JSON.parse(frame.slice('data: '.length)) as GenerateResult;
  });
}

/** `internal_states[].kv_pool` of every device. */
export async function kvPools(url: string): Promise<KvPool[]> {
  const info = (await (await fetch(`${url}/server_info`)).json()) as {
    internal_states: { kv_pool: KvPool }[];
  };
  return info.internal_states.map((state) => state.kv_pool);
}

/** `internal_states[].radix_tree.num_nodes` of every device. */
export async function treeSizes(url: string): Promise<number[]> {
  const info = (await (await fetch(`${url}/server_info`)).json()) as {
    internal_states: { radix_tree: { num_nodes: number } }[];
  };
  return info.internal_states.map((state) => state.radix_tree.num_nodes);
}

/** Waits until no live request holds a page, then checks the sum; returns the pools. */
export async function settledPools(url: string, deadlineMs = 30_000): Promise<KvPool[]> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const pools = await kvPools(url);
    for (const pool of pools) {
      const sum = pool.free_tokens + pool.cached_tokens + pool.held_tokens;
      if (sum !== pool.total_tokens)
        throw new Error(`pages do not add up: ${JSON.stringify(pool)}`);
    }
    if (pools.every((pool) => pool.held_tokens === 0)) return pools;
    if (Date.now() > end) throw new Error(`pages still held: ${JSON.stringify(pools)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
