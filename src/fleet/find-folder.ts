import { fileURLToPath } from 'node:url';
import { findModel } from '../model/source/find-model.js';
import type { HubPart } from '../model/source/hub.js';
import { lazyProgress, type LoadContext } from './load-context.js';

/** Relative to dist/src/fleet: the folder of the model that comes with the package. */
const BUILT_IN_FOLDER = fileURLToPath(new URL('../../../config/tiny', import.meta.url));
/** What stands for it where a folder or repository is asked for. */
export const BUILT_IN_NAME = 'radish-tiny';

type FindContext = Pick<LoadContext, 'args' | 'env' | 'log'>;

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
  const { args, env, log } = context;
  const bar = lazyProgress(log, `Download ${modelPath}`);
  try {
    const found = await findModel(
      {
        modelPath,
        revision: args.revision,
        hubCacheDir: env.hubCacheDir,
        endpoint: env.hubEndpoint,
        token: env.hubToken,
        offline: env.isHubOffline,
        part,
      },
      {
        progress: ({ doneBytes, totalBytes, file }) => {
          bar.update(doneBytes, totalBytes, file);
        },
        warn: (message) => {
          log.warn(message);
        },
      },
    );
    return found.folder;
  } finally {
    bar.done();
  }
}
