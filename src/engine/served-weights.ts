import type { KeptCount } from '../core/kept-count.js';

/** Which weights serve, and those that each answer began on. */
export class ServedWeights {
  /** By epoch: one set of weights after the other. */
  readonly #paths: string[];
  readonly #versions: string[];
  #kept: KeptCount | null;

  constructor(modelPath: string, version: string, kept: KeptCount | null = null) {
    this.#paths = [modelPath];
    this.#versions = [version];
    this.#kept = kept;
  }

  /** Folder or repository of the newest weights, as it was given. */
  get modelPath(): string {
    return this.#paths.at(-1) ?? '';
  }

  /** Tag of the newest weights. */
  get version(): string {
    return this.#versions.at(-1) ?? '';
  }

  /** Linears of the newest weights in the checkpoint's own blocks; null = there are none. */
  get kept(): KeptCount | null {
    return this.#kept;
  }

  /** How often they have been replaced. */
  get numUpdates(): number {
    return this.#versions.length - 1;
  }

  /** The folder or repository of the weights that computed an answer. Null = none have. */
  pathOf(epoch: number | null): string {
    return (epoch === null ? undefined : this.#paths[epoch]) ?? this.modelPath;
  }

  /** The tag that an answer carries. Null = it has not begun. */
  versionOf(epoch: number | null): string {
    return (epoch === null ? undefined : this.#versions[epoch]) ?? this.version;
  }

  /** Gives the weights that serve another tag, also in answers that are under way. */
  rename(version: string): void {
    this.#versions[this.#versions.length - 1] = version;
  }

  /** The next epoch began. */
  replace(modelPath: string, version: string, kept: KeptCount | null = null): void {
    this.#paths.push(modelPath);
    this.#versions.push(version);
    this.#kept = kept;
  }
}
