import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { HostEnv } from '../config/load.js';
import type { ServerArgs } from '../config/server-args.js';
import { StartupError } from '../core/errors.js';
import { quantizeOn, type CpuPool } from '../cpu/pool.js';
import { tokenizeOn, type TokenizeLong } from '../cpu/tokenize.js';
import { findModel } from '../model/source/find-model.js';
import { prepareModel, type PreparedCheckpoint } from '../model/prepare-model.js';
import type { Logger, Progress } from '../observability/logger.js';
import type { ServedModel } from '../engine/served-model.js';
import { ServedWeights } from '../engine/served-weights.js';
import type { ChatTemplate } from '../text/chat-template.js';
import { loadChatTemplate } from '../text/load-chat-template.js';
import { Tokenizer } from '../text/tokenizer.js';
import type { TensorOverlay } from '../model/source/tensor-overlay.js';
import type { TemporaryFolders } from './temporary-folders.js';

/** Relative to dist/src/fleet: the folder of the model that comes with the package. */
const BUILT_IN_FOLDER = fileURLToPath(new URL('../../../config/tiny', import.meta.url));
const BUILT_IN_NAME = 'radish-tiny';

export interface LoadContext {
  readonly args: ServerArgs;
  readonly env: HostEnv;
  readonly log: Logger;
  readonly cpuPool: CpuPool;
  readonly temporary: TemporaryFolders;
}

export interface LoadedModel {
  readonly prepared: PreparedCheckpoint;
  readonly served: ServedModel;
  /** Tokenizes a long prompt away from the main thread. */
  readonly tokenizeLong: TokenizeLong;
}

/** Finds, checks and prepares the model and its tokenizer, and says so. @throws StartupError */
export async function loadModel(context: LoadContext): Promise<LoadedModel> {
  const { args, log } = context;
  const modelPath = args.modelPath ?? BUILT_IN_NAME;
  const folder = await findFolder(context, modelPath);
  log.info(`Load weight begin. model_path=${modelPath}`);
  const prepared = await prepareFolder(context, folder);
  const tokenizerFolder =
    args.tokenizerPath === null
      ? prepared.tokenizerFolder
      : await find(context, args.tokenizerPath);
  const tokenizer = args.skipTokenizerInit ? null : await Tokenizer.load(tokenizerFolder);
  const eos = prepared.generation.eosTokenIds;
  const fallback = tokenizer?.eosTokenId ?? null;
  return {
    prepared,
    tokenizeLong: tokenizeOn(context.cpuPool, tokenizerFolder),
    served: {
      spec: prepared.spec,
      weights: new ServedWeights(modelPath, args.weightVersion),
      tokenizerPath: args.tokenizerPath ?? modelPath,
      servedName: args.servedModelName ?? modelPath,
      tokenizer,
      eosTokenIds: eos.length > 0 || fallback === null ? eos : [fallback],
      chatTemplate: await chatTemplate(context, tokenizerFolder),
      samplingDefaults: prepared.generation,
      createdAt: Math.floor(Date.now() / 1000),
    },
  };
}

/** The folder of a path or repository; the built-in model has a name too. @throws ModelLoadError */
export async function findFolder(context: LoadContext, modelPath: string): Promise<string> {
  return modelPath === BUILT_IN_NAME ? BUILT_IN_FOLDER : find(context, modelPath);
}

/** A checkpoint that a device can load, with `overlay`'s tensors for its own. @throws StartupError */
export async function prepareFolder(
  context: LoadContext,
  folder: string,
  overlay: TensorOverlay | null = null,
): Promise<PreparedCheckpoint> {
  const prepared = await prepare(context, folder, overlay);
  for (const line of describeModel(prepared)) context.log.info(line);
  const { temporaryFolder } = prepared.info;
  if (temporaryFolder !== null) context.temporary.add(temporaryFolder);
  return prepared;
}

/** A model's own template that cannot be used costs only the chat route; one that was asked for, the start. */
async function chatTemplate(context: LoadContext, folder: string): Promise<ChatTemplate | null> {
  const { args, log } = context;
  try {
    const name = args.hfChatTemplateName;
    return await loadChatTemplate({ folder, file: args.chatTemplate, name });
  } catch (error) {
    if (!(error instanceof StartupError) || args.chatTemplate !== null) throw error;
    log.warn(error.message);
    return null;
  }
}

async function find({ args, env, log }: LoadContext, modelPath: string): Promise<string> {
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
      },
      {
        progress: ({ doneBytes, totalBytes, file }) => {
          bar.update(doneBytes / Math.max(1, totalBytes), file);
        },
      },
    );
    return found.folder;
  } finally {
    bar.done();
  }
}

async function prepare(
  context: LoadContext,
  folder: string,
  overlay: TensorOverlay | null,
): Promise<PreparedCheckpoint> {
  const { args, env, log, cpuPool } = context;
  const bar = lazyProgress(log, 'Quantize weights');
  try {
    return await prepareModel(
      {
        folder,
        quantization: args.quantization,
        loadFormat: args.loadFormat,
        contextLength: args.contextLength,
        isEmbedding: args.isEmbedding,
        overlay,
      },
      {
        runJob: quantizeOn(cpuPool),
        cacheDir: args.quantizationCacheDir ?? env.cacheDir,
        temporaryDir: tmpdir(),
        warn: (message) => {
          log.warn(message);
        },
        progress: (done, total) => {
          bar.update(done / Math.max(1, total));
        },
      },
    );
  } finally {
    bar.done();
  }
}

/** A bar that shows only when there is something to wait for. */
function lazyProgress(log: Logger, label: string): Progress {
  let bar: Progress | null = null;
  return {
    update: (fraction, detail) => {
      bar ??= log.progress(label);
      bar.update(fraction, detail);
    },
    done: () => bar?.done(),
  };
}

function describeModel({ spec, info }: PreparedCheckpoint): string[] {
  const millions = (info.parameters / 1e6).toFixed(1);
  const cached = info.quantization?.cacheHit === true ? ', from the quantization cache' : '';
  return [
    `Load weight end. type=${spec.architecture}, ${millions} M parameters in ${info.numFiles} file(s), ` +
      `${info.seconds.toFixed(2)} s, from ${info.folder}`,
    `Weight format: ${spec.format} (${info.formatReason}), ${Math.round(spec.weightBytes / 2 ** 20)} MiB${cached}; ` +
      `context length ${spec.contextLength}`,
  ];
}
