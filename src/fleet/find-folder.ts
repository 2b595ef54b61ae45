import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import type { HostEnv } from '../config/load.js';
import {
  findModel,
  findOnHub,
  type FindModelOptions,
  type FoundModel,
} from '../model/source/find-model.js';
import type { HubPart } from '../model/source/hub.js';
import { isRepoName } from '../model/source/repo-name.js';
import type { Logger } from '../observability/logger.js';
import { lazyProgress } from './load-context.js';

/** Relative to dist/src/fleet: the folder of the model that comes with the package. */
const BUILT_IN_FOLDER = fileURLToPath(new URL('../../../config/tiny', import.meta.url));
/** What stands for it where a folder or repository is asked for. */
export const BUILT_IN_NAME = 'radish-tiny';

interface FindContext {
  readonly args: { readonly revision: string | null };
  readonly env: Pick<HostEnv, 'hubCacheDir' | 'hubEndpoint' | 'hubToken' | 'isHubOffline'>;
  readonly log: Pick<Logger, 'warn' | 'progress'>;
  /** Whoever waits has left. */
  readonly signal?: AbortSignal;
}

/**
 * The folder of a path or repository, downloaded where it must be; of a `tokenizer`, without weights.
 * @throws ModelLoadError
 */
export async function findFolder(
  context: FindContext,
  modelPath: string,
  part: HubPart = 'model',
): Promise<string> {
  if (modelPath === BUILT_IN_NAME) return BUILT_IN_FOLDER;
  return (await find(findModel, context, { modelPath, part })).folder;
}

/**
 * The folder of an adapter: the one that was named, or a repository `org/name` of the hub, of its main branch.
 * @throws ModelLoadError
 */
export async function findAdapter(context: FindContext, path: string): Promise<string> {
  const isThere = (await stat(path).catch(() => null)) !== null;
  if (isThere || !path.includes('/') || !isRepoName(path)) return path;
  const main = { ...context, args: { revision: null } };
  return (await find(findOnHub, main, { modelPath: path, part: 'adapter' })).folder;
}

/** A model of the hub in its cache, whatever folder here has its name. @throws ModelLoadError */
export function fetchFromHub(context: FindContext, model: string): Promise<FoundModel> {
  return find(findOnHub, context, { modelPath: model, part: 'model' });
}

async function find(
  how: typeof findModel,
  { args, env, log, signal }: FindContext,
  what: Pick<FindModelOptions, 'modelPath'> & { readonly part: HubPart },
): Promise<FoundModel> {
  const bar = lazyProgress(log, `Download ${what.modelPath}`);
  try {
    return await how(
      {
        ...what,
        revision: args.revision,
        hubCacheDir: env.hubCacheDir,
        endpoint: env.hubEndpoint,
        token: env.hubToken,
        offline: env.isHubOffline,
      },
      {
        signal,
        progress: ({ doneBytes, totalBytes, file }) => {
          bar.update(doneBytes, totalBytes, file);
        },
        warn: (message) => {
          log.warn(message);
        },
      },
    );
  } finally {
    bar.done();
  }
}
