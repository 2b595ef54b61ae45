import { getJson, postJson } from './api.js';
import { listOf, numberOf, objectOf, textOf } from './json.js';

/** What this server's model can do. */
export type Ability = 'chat' | 'embed' | 'rerank';

/** What does not change while a server runs. */
export interface ServerFacts {
  readonly modelName: string;
  readonly modelPath: string;
  readonly version: string;
  readonly contextLength: number;
  readonly ability: Ability;
  readonly hasTools: boolean;
  readonly thinks: boolean;
  /** Seconds since 1970; another one = another server. */
  readonly startedAt: number;
  readonly recordsExperts: boolean;
}

/** @throws ServerError; 401 where a key is missing or wrong */
export async function readFacts(): Promise<ServerFacts> {
  const [info, models] = await Promise.all([getJson('server_info'), getJson('v1/models')]);
  const fields = objectOf(info);
  const card = objectOf(listOf(objectOf(models)['data'])[0]);
  const modelName = textOf(card['id']) || textOf(fields['served_model_name']);
  const shown = objectOf(await postJson('api/show', { model: modelName }));
  const abilities = listOf(shown['capabilities']);
  return {
    modelName,
    modelPath: textOf(fields['model_path']),
    version: textOf(fields['version']),
    contextLength: numberOf(fields['context_length']) ?? 0,
    ability: abilityOf(abilities),
    hasTools: abilities.includes('tools'),
    thinks: abilities.includes('thinking'),
    startedAt: numberOf(card['created']) ?? 0,
    recordsExperts: fields['expert_distribution_recorder_mode'] !== null,
  };
}

/** In Ollama's words; a cross-encoder has none of them. */
export function abilityOf(capabilities: readonly unknown[]): Ability {
  if (capabilities.includes('completion')) return 'chat';
  return capabilities.includes('embedding') ? 'embed' : 'rerank';
}
