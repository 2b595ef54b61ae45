import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { StartupError } from '../core/errors.js';
import type { LoraId, LoraWeights } from '../core/lora.js';
import type { AdapterControl, SentAdapter } from '../engine/control.js';
import type { LoraRecipe } from '../model/lora/lora-recipe.js';
import type { ReadOptions } from '../model/lora/read-adapter.js';
import { ADAPTER_CONFIG, ADAPTER_FILE } from '../model/source/hub-cache.js';
import type { DeviceFleet } from './device-fleet.js';
import { requireSafetensors } from './sent-tensors.js';
import type { TemporaryFolders } from './temporary-folders.js';

export interface FleetAdaptersDeps {
  readonly fleet: Pick<DeviceFleet, 'loadAdapter' | 'unloadAdapter'>;
  /** Reads and checks an adapter away from the main thread. */
  readonly readAdapter: (options: ReadOptions) => Promise<LoraWeights>;
  /** How adapters are read for the weights that serve. */
  readonly recipe: LoraRecipe;
  readonly maxRank: number;
  readonly maxBytes: number;
  /** The folder of a path or a repository of the hub. @throws ModelLoadError */
  readonly findFolder: (path: string) => Promise<string>;
  readonly temporary: Pick<TemporaryFolders, 'make' | 'remove'>;
}

/** Reads adapters for the weights that serve, and brings them to every device. */
export class FleetAdapters implements AdapterControl {
  readonly #deps: FleetAdaptersDeps;
  #recipe: LoraRecipe;
  /** Where each that is on the devices was read from. */
  readonly #folders = new Map<LoraId, string>();
  /** Of those that were read, until they are attached. */
  readonly #folderOf = new WeakMap<LoraWeights, string>();
  /** What devices of other weights have, which are to follow; null = none are made. */
  #next: Map<LoraId, LoraWeights> | null = null;

  constructor(deps: FleetAdaptersDeps) {
    this.#deps = deps;
    this.#recipe = deps.recipe;
  }

  async read(path: string): Promise<LoraWeights> {
    const folder = await this.#deps.findFolder(path);
    const weights = await this.#readFrom(folder, this.#recipe);
    this.#folderOf.set(weights, folder);
    return weights;
  }

  async keep({ config, weights }: SentAdapter): Promise<string> {
    requireSafetensors(weights, 'serialized_named_tensors');
    const folder = await this.#deps.temporary.make('adapter');
    await writeFile(join(folder, ADAPTER_CONFIG), JSON.stringify(config));
    await writeFile(join(folder, ADAPTER_FILE), weights);
    return folder;
  }

  discard(folder: string): Promise<void> {
    return this.#deps.temporary.remove(folder);
  }

  attach(id: LoraId, weights: LoraWeights): void {
    if (this.#next !== null) {
      throw new StartupError('the weights of the model are being updated, try again later');
    }
    this.#folders.set(id, this.#folderOf.get(weights) ?? '');
    this.#deps.fleet.loadAdapter(id, weights);
  }

  detach(id: LoraId): void {
    this.#folders.delete(id);
    this.#next?.delete(id);
    this.#deps.fleet.unloadAdapter(id);
  }

  /**
   * All of them once more, as other weights need them: what is turned with the weights follows their gains. Until
   * {@link follow} none is attached.
   */
  async readAgain(recipe: LoraRecipe): Promise<ReadonlyMap<LoraId, LoraWeights>> {
    const next = new Map<LoraId, LoraWeights>();
    this.#next = next;
    for (const [id, folder] of [...this.#folders]) {
      const weights = await this.#readFrom(folder, recipe);
      if (this.#folders.has(id)) next.set(id, weights);
    }
    return next;
  }

  /** These weights serve from now on; null = those that did go on. */
  follow(recipe: LoraRecipe | null): void {
    if (recipe !== null) this.#recipe = recipe;
    this.#next = null;
  }

  #readFrom(folder: string, recipe: LoraRecipe): Promise<LoraWeights> {
    const { readAdapter, maxRank, maxBytes } = this.#deps;
    return readAdapter({ folder, recipe, maxRank, maxBytes });
  }
}
