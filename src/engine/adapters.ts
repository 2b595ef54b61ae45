import { refuse, StartupError } from '../core/errors.js';
import type { LoraId } from '../core/lora.js';
import { shownMiB } from '../core/shown-size.js';
import { pythonRepr } from '../text/python-repr.js';
import type { AdapterControl, SentAdapter } from './control.js';

/** Which adapter is meant, and where it lies. */
export interface AdapterRef {
  readonly name: string;
  readonly path: string;
  /** It is never unloaded to make room for another. */
  readonly pinned: boolean;
  /** Where one that was sent is kept; absent = it lies at its path. */
  readonly folder?: string;
}

/** A request's hold on an adapter: while anybody has one, it stays on the devices. */
export interface AdapterUse {
  readonly id: LoraId;
  readonly name: string;
  /** The request is over, or will never be submitted; later calls do nothing. */
  release(): void;
}

export interface AdapterBounds {
  /** `--max-loras-per-batch` */
  readonly maxPerBatch: number;
  /** `--max-loaded-loras`; null = as many as there is memory for. */
  readonly maxLoaded: number | null;
  /** Of all that are loaded. */
  readonly maxBytes: number;
  /** Which one makes room: the least recently used, or the one that was loaded first. */
  readonly eviction: Eviction;
}

/** `--lora-eviction-policy` */
export type Eviction = 'lru' | 'fifo';

/** In the place of the path of an adapter that was sent; SGLang's word. */
const SENT_PATH = '__tensor__';

export interface AdaptersDeps {
  readonly control: AdapterControl;
  readonly bounds: AdapterBounds;
  readonly log: { info(message: string): void };
}

interface Loaded {
  readonly id: LoraId;
  readonly ref: AdapterRef;
  readonly bytes: number;
  numUsers: number;
  /** Called when nobody uses it any more. */
  onIdle: () => void;
}

/** How often the adapters of one request are loaded again, where others make them go meanwhile. */
const TRIES_MAX = 10;

/** Why an adapter cannot be loaded or unloaded: SGLang's sentence where it has one. */
export class AdapterError extends Error {}

/**
 * The LoRA adapters of a server. One change is made at a time, in the order in which they are asked for. An adapter that
 * made room for another is loaded again when a request names it; one that was unloaded is forgotten.
 */
export class Adapters {
  readonly bounds: AdapterBounds;
  readonly #control: AdapterControl;
  readonly #log: AdaptersDeps['log'];
  /** In the order in which they make room. */
  readonly #loaded = new Map<string, Loaded>();
  /** What a request may name: loaded, or evicted. */
  readonly #known = new Map<string, AdapterRef>();
  #nextId: LoraId = 1;
  #lastChange: Promise<unknown> = Promise.resolve();

  constructor({ control, bounds, log }: AdaptersDeps) {
    this.#control = control;
    this.bounds = bounds;
    this.#log = log;
  }

  /** Those that are loaded, by name. */
  get loaded(): readonly AdapterRef[] {
    return [...this.#loaded.values()]
      .map(({ ref }) => ref)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** @throws AdapterError */
  load(ref: AdapterRef): Promise<void> {
    return this.#change(() => this.#load(ref));
  }

  /** @throws AdapterError */
  loadSent(
    { name, pinned }: Pick<AdapterRef, 'name' | 'pinned'>,
    sent: SentAdapter,
  ): Promise<void> {
    return this.#change(async () => {
      this.#checkNew({ name, path: SENT_PATH, pinned });
      const folder = await this.#control.keep(sent).catch((error: unknown) => failed(name, error));
      try {
        await this.#load({ name, path: SENT_PATH, pinned, folder });
      } catch (error) {
        await this.#control.discard(folder);
        throw error;
      }
    });
  }

  /** No new request gets it from now on; settles when those that have it have ended. @throws AdapterError */
  unload(name: string): Promise<void> {
    return this.#change(async () => {
      const loaded = this.#loaded.get(name);
      if (loaded === undefined) {
        throw new AdapterError(
          `LoRA with name ${name} does not exist. Loaded LoRAs: ${this.#names()}`,
        );
      }
      this.#known.delete(name);
      await this.#drop(loaded);
      await this.#discard(loaded.ref);
    });
  }

  /**
   * A hold on each of the adapters, of which one may be named several times. All are held at once: who held one while it
   * waits for another could keep it from being loaded. @throws RequestError
   */
  async use(names: readonly string[]): Promise<readonly AdapterUse[]> {
    const wanted = [...new Set(names)];
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      for (const name of wanted) await this.#bringBack(name);
      const found = new Map(wanted.map((name) => [name, this.#loaded.get(name)]));
      if (![...found.values()].includes(undefined)) {
        return names.map((name) => this.#hold(name, found.get(name)));
      }
    }
    return refuse(`The LoRA adapters ${wanted.join(', ')} are never loaded at the same time.`);
  }

  #hold(name: string, loaded: Loaded | undefined): AdapterUse {
    if (loaded === undefined) throw new Error(`this is a bug: ${name} is not loaded`);
    if (this.bounds.eviction === 'lru') {
      this.#loaded.delete(name);
      this.#loaded.set(name, loaded);
    }
    loaded.numUsers++;
    let isHeld = true;
    return {
      id: loaded.id,
      name,
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        loaded.numUsers--;
        if (loaded.numUsers === 0) loaded.onIdle();
      },
    };
  }

  async #bringBack(name: string): Promise<void> {
    if (this.#loaded.has(name)) return;
    if (!this.#known.has(name)) this.#refuseUnknown(name);
    try {
      await this.#change(async () => {
        const ref = this.#known.get(name);
        if (ref === undefined || this.#loaded.has(name)) return;
        this.#log.info(`Reloading evicted adapter: ${name}`);
        await this.#load(ref);
      });
    } catch (error) {
      if (!(error instanceof AdapterError)) throw error;
      refuse(`Failed to implicitly load LoRA adapter ${name}: ${error.message}`);
    }
  }

  #refuseUnknown(name: string): never {
    const known = [...this.#known.keys()].map(pythonRepr).join(', ');
    return refuse(
      `Got LoRA adapter that has never been loaded: ${name}\nAll loaded adapters: dict_keys([${known}]).`,
    );
  }

  async #load(ref: AdapterRef): Promise<void> {
    this.#checkNew(ref);
    const { id, bytes } = await this.#attach(ref).catch((error: unknown) =>
      failed(ref.name, error, ref.folder),
    );
    const before = this.#known.get(ref.name);
    if (before !== undefined && before.folder !== ref.folder) await this.#discard(before);
    this.#loaded.set(ref.name, { id, ref, bytes, numUsers: 0, onIdle: () => undefined });
    this.#known.set(ref.name, ref);
    this.#log.info(`LoRA adapter ${ref.name} loaded from ${ref.path}, ${shownMiB(bytes)}.`);
  }

  async #attach(ref: AdapterRef): Promise<Pick<Loaded, 'id' | 'bytes'>> {
    const weights = await this.#control.read(ref.folder ?? ref.path);
    const bytes = weights.data.byteLength;
    await this.#makeRoom(ref, bytes);
    const id = this.#nextId++;
    this.#control.attach(id, weights);
    return { id, bytes };
  }

  #checkNew({ name, pinned }: AdapterRef): void {
    if (this.#loaded.has(name)) {
      throw new AdapterError(
        `Failed to load LoRA adapter ${name}: LoRA with name ${name} already exists. Loaded LoRAs: ${this.#names()}`,
      );
    }
    const numPinned = [...this.#loaded.values()].filter(({ ref }) => ref.pinned).length;
    if (pinned && numPinned + 1 >= this.bounds.maxPerBatch) {
      throw new AdapterError(
        `Failed to load LoRA adapter ${name} as a pinned adapter. It is not allowed to pin all slots in the LoRA memory pool to avoid starvation for unpinned adapters and base models. Please increase your \`--max-loras-per-batch\` or load it as unpinned LoRA adapters.`,
      );
    }
  }

  /** Unloads others, in their order. */
  async #makeRoom(ref: AdapterRef, bytes: number): Promise<void> {
    const { maxLoaded, maxBytes } = this.bounds;
    for (;;) {
      const all = [...this.#loaded.values()];
      const usedBytes = all.reduce((sum, one) => sum + one.bytes, 0);
      const fits = all.length < (maxLoaded ?? Infinity) && usedBytes + bytes <= maxBytes;
      if (fits) return;
      const oldest = all.find((one) => !one.ref.pinned);
      if (oldest === undefined) {
        throw new AdapterError(
          `Failed to load LoRA adapter ${ref.name}: Didn't find any LoRA adapters when trying to evict LRU LoRA adapter. LoRA registry is: ${this.#names()}`,
        );
      }
      this.#log.info(
        `Unloading least recently used LoRA adapter '${oldest.ref.name}' (current number of adapters: ${all.length + 1}, max allowed: ${maxLoaded ?? 'None'})`,
      );
      await this.#drop(oldest);
    }
  }

  async #drop(loaded: Loaded): Promise<void> {
    this.#loaded.delete(loaded.ref.name);
    if (loaded.numUsers > 0) {
      await new Promise<void>((resolve) => {
        loaded.onIdle = resolve;
      });
    }
    this.#control.detach(loaded.id);
  }

  async #discard({ folder }: AdapterRef): Promise<void> {
    if (folder !== undefined) await this.#control.discard(folder);
  }

  #names(): string {
    return `odict_keys([${[...this.#loaded.keys()].map(pythonRepr).join(', ')}])`;
  }

  #change<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#lastChange.then(change);
    this.#lastChange = done.catch(() => undefined);
    return done;
  }
}

/**
 * @param folder that nobody who sent the adapter has heard of
 * @throws AdapterError for what is wrong with an adapter, else the error
 */
function failed(name: string, error: unknown, folder?: string): never {
  if (!(error instanceof StartupError)) throw error;
  const shown =
    folder === undefined
      ? error.message
      : error.message.replaceAll(`${folder}/`, '').replaceAll(folder, 'The adapter');
  throw new AdapterError(`Failed to load LoRA adapter ${name}: ${shown}`);
}
