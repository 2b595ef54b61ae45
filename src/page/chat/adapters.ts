import { getJson } from '../shared/api.js';
import { isObject, listOf, objectOf, textOf } from '../shared/json.js';

/** Names of the LoRA adapters that the server has now: they come and go while it runs. @throws ServerError */
export async function readAdapters(): Promise<readonly string[]> {
  return adaptersIn(await getJson('v1/models'));
}

/** In a list of models those that stand on another one. */
export function adaptersIn(models: unknown): readonly string[] {
  return listOf(objectOf(models)['data'])
    .filter(isObject)
    .filter(({ parent }) => typeof parent === 'string')
    .map(({ id }) => textOf(id));
}
