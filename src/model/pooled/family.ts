import type { ConfigFields } from '../families/config-fields.js';
import type { DecoderTrunk, EncoderTrunk, PoolStage } from './pooled-plan.js';

export type Pooling = 'mean' | 'cls' | 'last';

/** One architecture that pools: reads its config.json, names its checkpoint's tensors. */
export interface PooledFamily {
  /** `architectures[0]` of config.json. */
  readonly architecture: string;
  /** The checkpoint generates too: it embeds only where asked to, or where its folder says so. */
  readonly alsoGenerates: boolean;
  /** Before each tensor name in some checkpoints and not in others. */
  readonly prefix: { readonly text: string; readonly inPlan: boolean };
  /** Of a folder without modules.json, as SGLang pools there. */
  readonly pooling: Pooling;
  /** Throws `ModelConfigError`, naming the field. */
  trunk(fields: ConfigFields): EncoderTrunk | DecoderTrunk;
  /** Null: the pooled row itself is the answer. */
  readonly classifier: ((fields: ConfigFields, sizes: ClassifierSizes) => PoolStage[]) | null;
}

export interface ClassifierSizes {
  readonly hiddenSize: number;
  readonly numLabels: number;
}
