import type { ServerArgs } from '../config/server-args.js';
import { StartupError } from '../core/errors.js';
import { loraBytes, type LoraWeights } from '../core/lora.js';
import type { ModelSpec } from '../core/model-spec.js';
import { shownMiB } from '../core/shown-size.js';
import type { CpuPool } from '../cpu/pool.js';
import { AdapterError, type AdapterRef, Adapters, type Eviction } from '../engine/adapters.js';
import type { DeviceFleet } from '../fleet/device-fleet.js';
import { FleetAdapters } from '../fleet/fleet-adapters.js';
import type { TemporaryFolders } from '../fleet/temporary-folders.js';
import { openAdapter } from '../model/lora/adapter-files.js';
import { moduleName } from '../model/lora/lora-modules.js';
import type { LoraRecipe } from '../model/lora/lora-recipe.js';
import type { LoraTargets } from '../model/lora/lora-sites.js';
import type { ReadOptions } from '../model/lora/read-adapter.js';
import type { Logger } from '../observability/logger.js';

/** What the server was told of LoRA, with what it did not say found in the adapters that it starts with. */
export interface LoraSettings {
  readonly refs: readonly AdapterRef[];
  readonly targets: LoraTargets;
  readonly maxRank: number;
  readonly maxPerBatch: number;
  readonly maxLoaded: number | null;
  readonly eviction: Eviction;
}

type LoraArgs = Pick<
  ServerArgs,
  | 'enableLora'
  | 'loraPaths'
  | 'maxLoraRank'
  | 'loraTargetModules'
  | 'maxLorasPerBatch'
  | 'maxLoadedLoras'
  | 'loraEvictionPolicy'
>;

/** The folder of a path or a repository of the hub. @throws StartupError */
type FindFolder = (path: string) => Promise<string>;

/** Null = LoRA is off. @throws StartupError in SGLang's words where it has them */
export async function loraSettings(
  args: LoraArgs,
  findFolder: FindFolder,
): Promise<LoraSettings | null> {
  const refs = args.loraPaths.map(parseLoraPath);
  if (!args.enableLora && refs.length === 0) return null;
  const { maxLorasPerBatch: maxPerBatch, maxLoadedLoras: maxLoaded, maxLoraRank } = args;
  checkCounts(refs, maxPerBatch, maxLoaded);
  const { loraTargetModules: named, loraEvictionPolicy: eviction } = args;
  const targets = named.includes('all') ? 'all' : named;
  if (refs.length === 0 && (maxLoraRank === null || targets.length === 0)) {
    throw new StartupError(
      'When no initial --lora-paths is provided, you need to specify both --max-lora-rank and --lora-target-modules for LoRA initialization.',
    );
  }
  if (maxLoraRank !== null && targets.length > 0) {
    return { refs, targets, maxRank: maxLoraRank, maxPerBatch, maxLoaded, eviction };
  }
  const found = await factsOf(refs, findFolder);
  return {
    refs,
    targets: targets.length > 0 ? targets : found.modules,
    maxRank: maxLoraRank ?? found.rank,
    maxPerBatch,
    maxLoaded,
    eviction,
  };
}

/** `NAME=PATH`, `PATH`, or `{"lora_name", "lora_path", "pinned"}`. @throws StartupError */
export function parseLoraPath(word: string): AdapterRef {
  if (word.startsWith('{') && word.endsWith('}')) return parseObject(word);
  const at = word.indexOf('=');
  if (at < 0) return { name: word, path: word, pinned: false };
  const [name, path] = [word.slice(0, at), word.slice(at + 1)];
  if (name === '' || path === '') {
    throw new StartupError(`--lora-paths: '${word}' must have a name and a path: NAME=PATH.`);
  }
  return { name, path, pinned: false };
}

function parseObject(word: string): AdapterRef {
  let value: unknown;
  try {
    value = JSON.parse(word);
  } catch {
    throw new StartupError(`--lora-paths: '${word}' is not valid JSON.`);
  }
  const { lora_name: name, lora_path: path, pinned = false } = value as Record<string, unknown>;
  const isNamed = typeof name === 'string' && typeof path === 'string';
  if (!isNamed || name === '' || path === '') {
    throw new StartupError(
      `--lora-paths: '${word}': When specifying lora_path, both lora_name and lora_path must be included.`,
    );
  }
  if (typeof pinned !== 'boolean') {
    throw new StartupError(`--lora-paths: "pinned" in '${word}' must be true or false.`);
  }
  return { name, path, pinned };
}

function checkCounts(
  refs: readonly AdapterRef[],
  maxPerBatch: number,
  maxLoaded: number | null,
): void {
  const twice = refs.find(({ name }, i) => refs.findIndex((other) => other.name === name) !== i);
  if (twice !== undefined) throw new StartupError(`--lora-paths has two adapters '${twice.name}'.`);
  if (maxLoaded === null) return;
  if (maxLoaded < maxPerBatch) {
    throw new StartupError(
      `max_loaded_loras should be greater than or equal to max_loras_per_batch. max_loaded_loras=${maxLoaded}, max_loras_per_batch=${maxPerBatch}`,
    );
  }
  if (refs.length > maxLoaded) {
    throw new StartupError(
      `The number of LoRA paths should not exceed max_loaded_loras. max_loaded_loras=${maxLoaded}, lora_paths=${refs.length}`,
    );
  }
}

async function factsOf(
  refs: readonly AdapterRef[],
  findFolder: FindFolder,
): Promise<{ readonly rank: number; readonly modules: readonly string[] }> {
  const opened = [];
  for (const { path } of refs) opened.push(await openAdapter(await findFolder(path)));
  const pairs = opened.flatMap((adapter) => adapter.pairs);
  return {
    rank: Math.max(1, ...pairs.map(({ a }) => a.shape[0] ?? 1)),
    modules: [...new Set(pairs.map(({ module }) => moduleName(module)))],
  };
}

/** Part of what is left beside the weights that adapters may take together. */
export const ADAPTER_SHARE = 0.25;

/** Bytes of all adapters that are loaded at once. @throws StartupError where not one fits */
export function loraBudget(
  { maxRank, maxPerBatch, maxLoaded }: LoraSettings,
  { lora: sites = [], weightBytes }: ModelSpec,
  deviceBytes: number,
): number {
  const largest = loraBytes(sites, maxRank);
  const share = ADAPTER_SHARE * Math.max(0, deviceBytes - weightBytes);
  const room = Math.floor(share / LORA_COPIES);
  if (largest > room) {
    throw new StartupError(
      `An adapter of rank ${maxRank} takes ${shownMiB(largest)}, and there are ${shownMiB(room)} for adapters. ` +
        'Lower --max-lora-rank or name fewer --lora-target-modules.',
    );
  }
  return Math.min(room, largest * Math.max(maxLoaded ?? maxPerBatch, maxPerBatch));
}

/** The main thread has an adapter for devices to come, the device has it, and once more beside others of a run. */
export const LORA_COPIES = 3;

export interface LoraParts {
  readonly fleet: DeviceFleet;
  /** Of the model that serves. */
  readonly recipe: LoraRecipe | null;
  readonly cpuPool: Pick<CpuPool, 'readAdapter'>;
  readonly maxBytes: number;
  readonly findFolder: FindFolder;
  readonly temporary: Pick<TemporaryFolders, 'make' | 'remove'>;
  readonly log: Pick<Logger, 'info'>;
}

/** The adapters that a server starts with, on its devices; null = LoRA is off. @throws StartupError */
export async function startAdapters(
  settings: LoraSettings | null,
  { recipe, cpuPool, maxBytes, log, ...parts }: LoraParts,
): Promise<{ readonly adapters: Adapters; readonly control: FleetAdapters } | null> {
  if (settings === null || recipe === null) return null;
  const { maxRank, maxPerBatch, maxLoaded, eviction, refs } = settings;
  const readAdapter = (options: ReadOptions): Promise<LoraWeights> => cpuPool.readAdapter(options);
  const control = new FleetAdapters({ ...parts, readAdapter, recipe, maxRank, maxBytes });
  const bounds = { maxPerBatch, maxLoaded, maxBytes, eviction };
  const adapters = new Adapters({ control, bounds, log });
  try {
    for (const ref of refs) await adapters.load(ref);
  } catch (error) {
    if (error instanceof AdapterError) throw new StartupError(error.message, { cause: error });
    throw error;
  }
  return { adapters, control };
}
