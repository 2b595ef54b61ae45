/** Which weights serve, and the version of those that each answer began on. */
export class ServedWeights {
  #modelPath: string;
  /** By epoch: one set of weights after the other. */
  readonly #versions: string[];

  constructor(modelPath: string, version: string) {
    this.#modelPath = modelPath;
    this.#versions = [version];
  }

  /** Folder or repository, as it was given. */
  get modelPath(): string {
    return this.#modelPath;
  }

  /** Tag of the newest weights. */
  get version(): string {
    return this.#versions.at(-1) ?? '';
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
  replace(modelPath: string, version: string): void {
    this.#modelPath = modelPath;
    this.#versions.push(version);
  }
}
