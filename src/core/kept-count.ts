/** How many of a model's linears are as the checkpoint has them. */
export interface KeptCount {
  readonly kept: number;
  readonly of: number;
  /** The same of each kind of linear, by its name in a layer; absent in models that were converted before. */
  readonly byKind?: Readonly<Record<string, readonly [kept: number, of: number]>>;
}
