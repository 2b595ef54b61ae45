import { setMaxListeners } from 'node:events';
import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';

import type { HostEnv } from '../config/load.js';
import type { ServerArgs } from '../config/server-args.js';
import { CpuPool, quantizeOn } from '../cpu/pool.js';
import { BUILT_IN_NAME, findFolder } from '../fleet/find-folder.js';
import type { LoadContext } from '../fleet/load-context.js';
import { prepareFolder } from '../fleet/prepare-folder.js';
import { asWritten, writeNewFolder } from '../model/converted/new-folder.js';
import { writeConverted } from '../model/converted/write-folder.js';
import { ModelLoadError } from '../model/load-error.js';
import type { PreparedCheckpoint } from '../model/prepare-model.js';
import { hashFiles } from '../model/quantize/hashed-files.js';
import { knownHashes } from '../model/quantize/known-hashes.js';
import { openSource } from '../model/source/registry.js';
import type { Logger } from '../observability/logger.js';
import { thisMachine } from './configurations.js';
import { Teardown } from './teardown.js';
import { temporaryFolders } from './temporary.js';

export interface ConvertOptions {
  readonly args: ServerArgs;
  readonly env: HostEnv;
  readonly log: Logger;
  /** The folder to write. */
  readonly out: string;
  /** Whoever waits has left: what is quantised is kept in the cache, and nothing of the folder. */
  readonly signal: AbortSignal;
}

/**
 * Quantises a model as a start does, in the cache, and writes what a start would load into a folder that needs neither.
 *
 * @throws StartupError with one sentence; the signal's reason when that was aborted
 */
export async function convert(options: ConvertOptions): Promise<void> {
  const { out, log, args } = options;
  await writeNewFolder(out, async (draft) => {
    const teardown = new Teardown();
    try {
      await fill(draft, options, teardown);
    } finally {
      await teardown.run();
    }
  });
  log.info(`${args.modelPath ?? BUILT_IN_NAME} is in ${out} now.`);
}

async function fill(draft: string, options: ConvertOptions, teardown: Teardown): Promise<void> {
  const { args, env, log, out, signal } = options;
  const context = await contextFor(options, teardown);
  const named = args.modelPath ?? BUILT_IN_NAME;
  const find = { args, env, log, signal };
  const folder = await findFolder(find, named);
  requireOriginal(folder);
  const prepared = await prepareFolder(context, folder);
  signal.throwIfAborted();
  requireQuantized(prepared, named);
  const tokenizer =
    args.tokenizerPath === null
      ? prepared.tokenizerFolder
      : await findFolder(find, args.tokenizerPath, 'tokenizer');
  const paths = prepared.checkpoint.files.map(({ path }) => path);
  const model = {
    prepared,
    model: publicName(named),
    sources: await hashFiles(paths, await knownHashes(args.quantizationCacheDir ?? env.cacheDir)),
    tokenizer: openSource(tokenizer).tokenizer,
  };
  await asWritten(out, () => writeConverted(draft, model, signal));
}

/** `--device auto` is the CPU here: no GPU is asked. */
async function contextFor(
  { args, env, log, signal }: ConvertOptions,
  teardown: Teardown,
): Promise<LoadContext> {
  // Each job listens.
  setMaxListeners(0, signal);
  const pool = new CpuPool({ numThreads: thisMachine().numCores });
  teardown.add(() => pool.close());
  const { device, dtype, kvCacheDtype } = args;
  return {
    args,
    env,
    log,
    runJob: quantizeOn(pool, signal),
    calibrate: (model, prompts) => pool.calibrate(model, prompts),
    // Native code is not ended in the middle: a layer that runs ends by itself.
    roundLayer: (task) => {
      signal.throwIfAborted();
      return pool.roundLayer(task);
    },
    memoryBytes: null,
    temporary: await temporaryFolders(teardown),
    device: { device: device === 'auto' ? 'cpu' : device, dtype, kvCacheDtype },
    tokenizerFolder: null,
  };
}

/** A path here says nothing elsewhere. */
function publicName(model: string): string {
  return existsSync(model) ? basename(resolve(model)) : model;
}

function requireOriginal(folder: string): void {
  if (openSource(folder).format !== 'converted') return;
  throw new ModelLoadError(
    'bad_option',
    `${folder} was written by radish convert already: convert the model that it was made of.`,
  );
}

function requireQuantized({ quantized, info }: PreparedCheckpoint, model: string): void {
  if (quantized !== null) return;
  throw new ModelLoadError(
    'bad_option',
    `${model} is not quantized (${info.formatReason}), so there is nothing to convert: ship it as it is, ` +
      'or name a format with --quantization.',
  );
}
