import { ClientError } from '../client/client-error.js';
import type { AskOptions, HttpClient } from '../client/http-client.js';
import { servedModels } from '../client/models.js';
import { DIALECTS, type Dialect } from './dialects.js';
import type { BenchOptions } from './options.js';

/** Who is measured. */
export interface Target {
  readonly model: string;
  readonly dialect: Dialect;
}

/** Finds out what a server speaks and which model it has. @throws ClientError, or the signal's reason */
export async function meet(
  client: HttpClient,
  { backend, model }: Pick<BenchOptions, 'backend' | 'model'>,
  asking: AskOptions,
): Promise<Target> {
  const { names, isSglang } = await servedModels(client, asking);
  const chosen = model ?? names[0] ?? (backend === 'sglang' ? 'default' : undefined);
  if (chosen === undefined) {
    throw new ClientError(`${client.endpoint.name} names no model: say which one with --model.`);
  }
  if (backend !== null) return { model: chosen, dialect: DIALECTS[backend] };
  if (isSglang) return { model: chosen, dialect: DIALECTS.sglang };
  const completes = await hasCompletions(client, chosen, asking);
  return { model: chosen, dialect: DIALECTS[completes ? 'openai' : 'openai-chat'] };
}

/** Some servers, and some models of others, chat only. */
async function hasCompletions(
  client: HttpClient,
  model: string,
  asking: AskOptions,
): Promise<boolean> {
  try {
    const { path } = DIALECTS.openai;
    await client.postJson(path, { model, prompt: 'Hello', max_tokens: 1 }, asking);
    return true;
  } catch (error) {
    const isNo = error instanceof ClientError && [400, 404, 405, 501].includes(error.status ?? 0);
    if (isNo) return false;
    throw error;
  }
}
