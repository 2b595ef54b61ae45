import { once } from 'node:events';
import { request as askPlainly, type IncomingMessage } from 'node:http';
import { request as askOverTls } from 'node:https';
import { text as readText } from 'node:stream/consumers';

import type { ServerArgs } from '../config/server-args.js';
import { StartupError } from '../core/errors.js';
import type { ServedModel } from '../engine/served-model.js';

/** SGLang's warm-up request. */
const PROMPT = 'The capital city of France is';
const TIMEOUT_MS = 120_000;

export interface WarmUpTarget {
  readonly url: string;
  readonly apiKey: string | null;
  /** Without a tokenizer the prompt is ids. */
  readonly hasTokenizer: boolean;
  /** An embedding model is warmed up by a text's vector. */
  readonly isGeneration: boolean;
}

/** Where a server that was started with `args` is found from this machine, and what it can be asked. */
export function warmUpTarget(
  { host, apiKey, sslCertfile }: Pick<ServerArgs, 'host' | 'apiKey' | 'sslCertfile'>,
  port: number,
  { tokenizer, spec }: Pick<ServedModel, 'tokenizer' | 'spec'>,
): WarmUpTarget {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host;
  return {
    url: `${sslCertfile === null ? 'http' : 'https'}://${reachable}:${port}`,
    apiKey,
    hasTokenizer: tokenizer !== null,
    isGeneration: spec.embedding === null,
  };
}

/** One request through the whole server, so that the first user does not pay for cold caches. @throws StartupError */
export async function warmUp(target: WarmUpTarget): Promise<void> {
  const { url, apiKey, hasTokenizer, isGeneration } = target;
  const prompt = hasTokenizer ? { text: PROMPT } : { input_ids: [1, 2, 3] };
  const { status, text } = await post(url + (isGeneration ? '/generate' : '/encode'), {
    headers: {
      'content-type': 'application/json',
      ...(apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }),
    },
    body: JSON.stringify({ ...prompt, sampling_params: { temperature: 0, max_new_tokens: 8 } }),
  });
  if (status !== 200) throw new StartupError(`The warm-up request failed: ${status} ${text}`);
}

interface Post {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** To this server alone, whose certificate is for the name that others call it by. */
async function post(
  url: string,
  { headers, body }: Post,
): Promise<{ readonly status: number; readonly text: string }> {
  const ask = url.startsWith('https:') ? askOverTls : askPlainly;
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const request = ask(url, { method: 'POST', headers, signal, rejectUnauthorized: false });
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, text: await readText(response) };
}
