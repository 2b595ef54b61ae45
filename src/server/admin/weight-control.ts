/** What the routes of live weights need of whoever owns the devices. */
export interface WeightControl {
  /** Never rejects for what a checkpoint can be: that is the outcome's message. */
  update(request: WeightUpdate): Promise<WeightOutcome>;
  /** Null when the weights have no such tensor. */
  read(name: string, maxRows: number): Promise<unknown>;
}

export interface WeightUpdate {
  /** Folder or repository. */
  readonly modelPath: string;
  /** Null = as at launch. */
  readonly loadFormat: string | null;
  /** End running and waiting requests with the switch, instead of letting them finish. */
  readonly abortAllRequests: boolean;
  /** Null = keep the tag. */
  readonly weightVersion: string | null;
}

export interface WeightOutcome {
  readonly success: boolean;
  /** SGLang's words. */
  readonly message: string;
}
