/** What the routes of live weights need of whoever owns the devices. */
export interface WeightControl {
  /** Never rejects for what a checkpoint can be: that is the outcome's message. */
  update(request: WeightUpdate): Promise<WeightOutcome>;
  /** Null when the weights have no such tensor. */
  read(name: string, maxRows: number): unknown;
}

export interface WeightUpdate {
  readonly source: WeightSource;
  /** End running and waiting requests with the switch, instead of letting them finish. */
  readonly abortAllRequests: boolean;
  /** Null = keep the tag. */
  readonly weightVersion: string | null;
}

export type WeightSource = WeightsOnDisk | SentWeights;

export interface WeightsOnDisk {
  readonly kind: 'disk';
  /** Folder or repository. */
  readonly modelPath: string;
  /** Null = as at launch. */
  readonly loadFormat: string | null;
}

/** Tensors that take the place of those of the same names; the others stay as they are. */
export interface SentWeights {
  readonly kind: 'tensors';
  /** Each the bytes of a safetensors file. */
  readonly parts: readonly Uint8Array[];
}

export interface WeightOutcome {
  readonly success: boolean;
  /** SGLang's words. */
  readonly message: string;
}
