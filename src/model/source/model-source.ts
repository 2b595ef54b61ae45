import type { NamedFiles } from '../../core/named-files.js';
import type { ConvertedWeights } from '../converted/converted-weights.js';
import type { Checkpoint } from './checkpoint.js';

/** Fields of a JSON object, unchecked. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * A model on disk, whatever its files look like: what it says of itself, its tokenizer and its weights. Names
 * and fields are those of a Hugging Face folder: other formats answer as such a folder would. Nothing is read
 * before it is asked for. All methods reject with ModelLoadError when a file is there and cannot be used.
 */
export interface ModelSource {
  /** Folder or file as the user named it; for messages. */
  readonly path: string;
  /** How it stores tensors, as `--load-format` names it; `converted` are those of `radish convert`. */
  readonly format: 'safetensors' | 'gguf' | 'converted';
  /** tokenizer.json, tokenizer_config.json and the chat template. Their path is that of a model again. */
  readonly tokenizer: NamedFiles;
  /** Rejects where what lies there are no files to read: pipes, devices, files that the kernel makes up. */
  check(): Promise<void>;
  /** `config.json`, which every model has. */
  config(): Promise<JsonObject>;
  /** `generation_config.json`; empty where the model has none. */
  generationConfig(): Promise<JsonObject>;
  /** Another JSON file, e.g. `modules.json`; null where the model has none of that name. */
  json(name: string): Promise<unknown>;
  /** The model's tensors. Rejects for a converted model, which has none but {@link converted}. */
  weights(): Promise<Checkpoint>;
  /** The method that quantised its tensors, by SGLang's name; null where they are plain. */
  quantMethod(): Promise<string | null>;
  /** Weights that are in the form that they are computed in; null for all but a converted model. */
  converted(): Promise<ConvertedWeights | null>;
  /** Tensors of a part with files of its own, by its name in `modules.json`. */
  partWeights(part: string): Promise<Checkpoint>;
  /** The same model, with config, tokenizer and tensors taken from one of its parts. */
  withTrunk(part: string): ModelSource;
}

/** One way in which models are stored. */
export interface SourceFormat {
  /** Whether a folder or file of this path is such a model, by its name or that of a file in it. */
  accepts(path: string): boolean;
  open(path: string): ModelSource;
}
