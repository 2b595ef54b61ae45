/** `--expert-distribution-recorder-mode`. `stat_approx` counts exactly too: nothing is cheaper here. */
export const EXPERT_MODES = ['stat', 'stat_approx', 'per_pass', 'per_token'] as const;
export type ExpertMode = (typeof EXPERT_MODES)[number];

/** What the expert recorder is told at start. A plain value: it crosses threads by copy. */
export interface ExpertRecording {
  readonly mode: ExpertMode;
  /** Passes that are kept, the oldest dropped first; -1 = as many as the recorder's memory allows. */
  readonly bufferSize: number;
  /** All layers of the model; those that do not route count nothing. */
  readonly numLayers: number;
  /** Indices of the layers that route. */
  readonly layers: readonly number[];
  readonly numExperts: number;
  readonly topK: number;
}

/** What was counted since the start or the last dump, while it goes on. */
export interface ExpertTally {
  /** False: no more is recorded for now. */
  readonly isOn: boolean;
  /** `[numLayers, numExperts]` */
  readonly totals: Float64Array;
}

/** All that was recorded since the start or the last dump. */
export interface ExpertDump {
  readonly recording: ExpertRecording;
  /** `[numLayers, numExperts]`: over every pass, also those that fell out of the buffer. */
  readonly totals: Float64Array;
  /** Oldest first. */
  readonly passes: readonly ExpertPass[];
}

/** What one step of one device recorded. */
export interface ExpertPass {
  readonly forwardPassId: number;
  readonly rank: number;
  /** `[numLayers, numExperts]`: pairs of a token and an expert that it took. */
  readonly counts: Uint32Array;
  /** Null but in mode `per_token`. */
  readonly tokens: ExpertTokens | null;
}

/** The `n` tokens of a pass, prompts first. */
export interface ExpertTokens {
  /** `[n]` */
  readonly inputIds: Int32Array;
  /** `[n]` */
  readonly positions: Int32Array;
  /** Tokens of each prompt part; empty for a pass that only decodes. */
  readonly extendSeqLens: Int32Array;
  readonly forwardMode: ForwardMode;
  /** `[n, layers.length, topK]`, most probable first. */
  readonly experts: Uint16Array;
}

/** What a pass computed, by SGLang's numbers: prompts, answers, or both. */
export const FORWARD_MODE = { extend: 1, decode: 2, mixed: 3 } as const;
export type ForwardMode = (typeof FORWARD_MODE)[keyof typeof FORWARD_MODE];
