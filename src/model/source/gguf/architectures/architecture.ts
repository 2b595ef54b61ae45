import type { RunOrder } from '../../../weights/packing.js';
import type { JsonObject } from '../../model-source.js';
import type { GgufFields } from '../fields.js';
import type { GgufTensor } from '../header.js';

/** An opened file as its architecture reads it. */
export interface GgufModel {
  /** `general.architecture`, with which the keys of its sizes begin. */
  readonly name: string;
  readonly fields: GgufFields;
  /** By GGUF's names. */
  readonly tensors: ReadonlyMap<string, GgufTensor>;
  /** The numbers of a small tensor; null where there is none of the name. */
  readonly values: (name: string) => Promise<readonly number[] | null>;
}

/**
 * Hugging Face's modules by what GGUF calls a part of the file, e.g. `attn_q`. A key that is a tensor's whole name
 * (`ssm_dt.bias`, `ssm_a`) is that tensor's, and has its whole name there.
 */
export type ModuleNames = Readonly<Record<string, string>>;

/** How a file of one architecture is what Hugging Face's folder of the model would be. */
export interface GgufArchitecture {
  /** `general.architecture` */
  readonly name: string;
  /** The classes of transformers whose checkpoints become such a file. */
  readonly classes: readonly string[];
  /** config.json, without what the tokenizer says. @throws ModelLoadError */
  config(model: GgufModel): Promise<JsonObject>;
  readonly outer: ModuleNames;
  /** Of a layer's parts; `*` stands for an expert's number. */
  layer(model: GgufModel): ModuleNames;
  /** What stands before a layer's number and its parts. */
  readonly layerPrefix: string;
  /** How a tensor differs from Hugging Face's, by its name there. */
  change(name: string, model: GgufModel): TensorChange;
  /** The tensors of a layer whose rows Hugging Face has in several; null = it is one. */
  split(part: string, model: GgufModel): readonly RowsOfPart[] | null;
  /** Vectors that the metadata has, by Hugging Face's names. */
  given(model: GgufModel): ReadonlyMap<string, readonly number[]>;
}

/** Rows of a tensor, in their order, under another of GGUF's names. */
export interface RowsOfPart {
  readonly part: string;
  readonly rows: number;
}

export interface TensorChange {
  /** Rows of a head that are stored as pairs of the rotation; null = rows lie in their order. */
  readonly pairedRows: number | null;
  /** Is added to each number. */
  readonly plus: number;
  /** Each number is the logarithm of what is stored with its sign turned. */
  readonly isLogOfNegative?: true;
  /** Rows are those of matrices that are stored transposed, with so many columns. */
  readonly turnedColumns?: number;
  /** Runs of rows, or of columns, are stored in an order of their own. */
  readonly rowRuns?: RunOrder;
  readonly columnRuns?: RunOrder;
}

export const AS_IT_IS: TensorChange = { pairedRows: null, plus: 0 };
