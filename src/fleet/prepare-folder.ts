import type { ServerArgs } from '../config/server-args.js';
import type { KvType } from '../core/model-spec.js';
import { shownMiB } from '../core/shown-size.js';
import { isQuantMethod } from '../core/quant-methods.js';
import {
  prepareModel,
  type PreparedCheckpoint,
  type PrepareOptions,
} from '../model/prepare-model.js';
import type { TensorOverlay } from '../model/source/tensor-overlay.js';
import { calibrateOnText, roundingTexts } from './calibrate-on-text.js';
import { lazyProgress, type LoadContext } from './load-context.js';

/** A checkpoint that a device can load, with `overlay`'s tensors for its own. @throws StartupError */
export async function prepareFolder(
  context: LoadContext,
  folder: string,
  overlay: TensorOverlay | null = null,
): Promise<PreparedCheckpoint> {
  const prepared = await prepare(context, folder, overlay);
  if (context.provesLate !== true) await prepared.proof;
  for (const line of accountOf(prepared)) context.log.info(line);
  const { temporaryFolder } = prepared.info;
  if (temporaryFolder !== null) context.temporary.add(temporaryFolder);
  return prepared;
}

async function prepare(
  context: LoadContext,
  folder: string,
  overlay: TensorOverlay | null,
): Promise<PreparedCheckpoint> {
  const { args, env, log, runJob, roundLayer, calibrate, temporary, device, productSums } = context;
  const tokenizersOf = (folder: string): string[] => [folder, context.tokenizerFolder ?? folder];
  const bar = lazyProgress(log, 'Quantize weights');
  try {
    return await prepareModel(
      {
        folder,
        ...askedQuantization(args.quantization),
        preference: args.quantizationPreference,
        memoryBytes: context.memoryBytes,
        allowsLoneRows: args.disableBatchInvariance,
        expandsLatents: args.disableMla,
        loadFormat: args.loadFormat,
        contextLength: args.contextLength,
        isEmbedding: args.isEmbedding,
        embeddingTask: args.embeddingTask,
        device,
        overlay,
        lora: context.lora ?? null,
      },
      {
        runJob,
        roundLayer,
        ...(productSums !== undefined && { productSums }),
        calibrateKv: ({ model, tokenizerFolder }) =>
          calibrateOnText(calibrate, model, tokenizersOf(tokenizerFolder)),
        readTexts: (tokenizerFolder, limits) =>
          roundingTexts(tokenizersOf(tokenizerFolder), limits),
        cacheDir: args.quantizationCacheDir ?? env.cacheDir,
        cacheMaxBytes: cacheBytes(args),
        temporaryDir: temporary.parent,
        provesLate: context.provesLate ?? false,
        warn: (message) => {
          log.warn(message);
        },
        info: (message) => {
          log.info(message);
        },
        progress: (done, total) => {
          bar.update(done, total);
        },
      },
    );
  } finally {
    bar.done();
  }
}

/** What the quantization cache may take; null = a share of its disk. */
export function cacheBytes({
  quantizationCacheGib: gib,
}: Pick<ServerArgs, 'quantizationCacheGib'>): number | null {
  return gib === null ? null : gib * 2 ** 30;
}

/** A format to compute in; or SGLang's name of how the checkpoint is stored, which leaves the format to be chosen. */
function askedQuantization(
  asked: ServerArgs['quantization'],
): Pick<PrepareOptions, 'quantization' | 'quantMethod'> {
  return isQuantMethod(asked)
    ? { quantization: 'auto', quantMethod: asked }
    : { quantization: asked };
}

const KV_TYPE_NAMES: Readonly<Record<KvType, string>> = {
  f32: 'fp32',
  f16: 'fp16',
  bf16: 'bf16',
  i8: 'int8',
};

/** Lines for the log: what was loaded, and the form in which it is computed. */
function accountOf({ spec, info }: PreparedCheckpoint): string[] {
  const millions = (info.parameters / 1e6).toFixed(1);
  const cached = info.quantization?.cacheHit === true ? ', from the quantization cache' : '';
  return [
    `Load weight end. type=${spec.architecture}, ${millions} M parameters in ${info.numFiles} file(s), ` +
      `${info.seconds.toFixed(2)} s, from ${info.folder}`,
    `Weight format: ${spec.format} (${info.formatReason}), ${shownMiB(spec.weightBytes)} as loaded${cached}; ` +
      `K and V in ${KV_TYPE_NAMES[spec.kvType]}; context length ${spec.contextLength}`,
  ];
}
