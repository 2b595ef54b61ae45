/** A limit of the server, as `GET /limits` tells of it. */
export interface Bound {
  /** What it bounds: the row of the limits in docs/architecture.md. */
  readonly what: string;
  /** Null where nothing is bounded, as it is configured. */
  readonly value: number | null;
  readonly unit: BoundUnit;
  /** Of which unit it counts, or what each one is for, where a row has several. */
  readonly note: string | null;
  /** The flag that raises it; null = it is fixed. */
  readonly flag: string | null;
}

export type BoundUnit =
  | 'count'
  | 'tokens'
  | 'bytes'
  | 'bytes/s'
  | 'characters'
  | 'UTF-16 units'
  | 'steps'
  | 'steps/s'
  | 'numbers'
  | 'ms'
  | 's'
  | 'part';
