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

/** How a file of one architecture is what Hugging Face's folder of the model would be. */
export interface GgufArchitecture {
  /** `general.architecture` */
  readonly name: string;
  /** config.json, without what the tokenizer says. @throws ModelLoadError */
  config(model: GgufModel): Promise<JsonObject>;
  /** What a part of the file is called, e.g. `attn_q`, by Hugging Face's modules. */
  readonly outer: Readonly<Record<string, string>>;
  /** The same of a layer's parts; `*` stands for an expert's number. */
  readonly layer: Readonly<Record<string, string>>;
  /** What stands before a layer's number and its parts. */
  readonly layerPrefix: string;
  /** How a tensor differs from Hugging Face's, by its name there. */
  change(name: string, model: GgufModel): TensorChange;
}

export interface TensorChange {
  /** Rows of a head that are stored as pairs of the rotation; null = rows lie in their order. */
  readonly pairedRows: number | null;
  /** Is added to each number. */
  readonly plus: number;
}

export const AS_IT_IS: TensorChange = { pairedRows: null, plus: 0 };
