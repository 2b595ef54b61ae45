import type { NamedFiles } from '../../../core/named-files.js';
import { InputFiles } from '../../weights/input-files.js';
import { readFloats } from '../../weights/stored-rows.js';
import { ModelLoadError } from '../../load-error.js';
import type { Checkpoint } from '../checkpoint.js';
import type { JsonObject, ModelSource, SourceFormat } from '../model-source.js';
import { requireRegular } from '../regular-file.js';
import type { GgufArchitecture, GgufModel } from './architectures/architecture.js';
import { architectureOf } from './architectures/registry.js';
import { GgufFields } from './fields.js';
import { pooledJson } from './pooled-json.js';
import type { GgufFile } from './read-header.js';
import { isGgufFile, partNames, readParts } from './split.js';
import { givenTensors, namedTensors } from './tensors.js';
import { tokenizerTexts } from './tokenizer/tokenizer-texts.js';
import { specialIds } from './tokenizer/special-ids.js';

/** llama.cpp's form: one file with sizes, tokenizer and tensors. It answers as the model's folder would. */
export const ggufFormat: SourceFormat = {
  accepts: isGgufFile,
  open: (path) => new GgufSource(path),
};

interface OpenGguf {
  readonly parts: readonly [GgufFile, ...GgufFile[]];
  readonly model: GgufModel;
  readonly architecture: GgufArchitecture;
}

class GgufSource implements ModelSource {
  readonly path: string;
  readonly format = 'gguf';
  readonly tokenizer: NamedFiles;
  #open: Promise<OpenGguf> | null = null;
  #texts: Promise<ReadonlyMap<string, string>> | null = null;

  constructor(path: string) {
    this.path = path;
    this.tokenizer = {
      path,
      read: async (name) => (await this.#tokenizerTexts()).get(name) ?? null,
      list: async (folder) => (folder === '' ? [...(await this.#tokenizerTexts()).keys()] : []),
    };
  }

  async check(): Promise<void> {
    for (const path of partNames(this.path)) await requireRegular(path);
  }

  async config(): Promise<JsonObject> {
    const { architecture, model } = await this.#opened();
    const { bos, ends, padding } = specialIds(model.fields);
    const ids = { bos_token_id: bos, eos_token_id: ends, pad_token_id: padding };
    return { ...(await architecture.config(model)), ...ids };
  }

  generationConfig(): Promise<JsonObject> {
    return Promise.resolve({});
  }

  async json(name: string): Promise<unknown> {
    return pooledJson((await this.#opened()).model, name);
  }

  async weights(): Promise<Checkpoint> {
    const { parts, model, architecture } = await this.#opened();
    const as = { architecture, model };
    const tensors = [
      ...parts.flatMap(({ tensors, file }) => namedTensors(tensors.values(), file, as)),
      ...givenTensors(parts[0].file, as),
    ];
    return {
      folder: this.path,
      files: parts.map(({ file }) => file),
      tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])),
    };
  }

  quantMethod(): Promise<string> {
    return Promise.resolve(this.format);
  }

  converted(): Promise<null> {
    return Promise.resolve(null);
  }

  partWeights(part: string): Promise<Checkpoint> {
    throw new ModelLoadError('bad_checkpoint', `${this.path} has no part ${part}.`);
  }

  withTrunk(): ModelSource {
    return this;
  }

  /** Made once: a large vocabulary takes a second. */
  #tokenizerTexts(): Promise<ReadonlyMap<string, string>> {
    this.#texts ??= this.#opened().then(({ model }) => tokenizerTexts(model.fields));
    return this.#texts;
  }

  /** The header is read once. */
  #opened(): Promise<OpenGguf> {
    this.#open ??= openGguf(this.path);
    return this.#open;
  }
}

async function openGguf(path: string): Promise<OpenGguf> {
  const parts = await readParts(path);
  const fields = new GgufFields(path, parts[0]);
  const architecture = architectureOf(fields);
  const model: GgufModel = {
    name: architecture.name,
    fields,
    tensors: new Map(parts.flatMap(({ tensors }) => [...tensors])),
    values: (name) => Promise.resolve(readValues(parts, name)),
  };
  return { parts, model, architecture };
}

/** The numbers of a tensor of plain floats. */
function readValues(parts: readonly GgufFile[], name: string): readonly number[] | null {
  const part = parts.find(({ tensors }) => tensors.has(name));
  const tensor = part?.tensors.get(name);
  if (part === undefined || tensor?.type.encoding !== 'f32') return null;
  const { path } = part.file;
  const files = new InputFiles();
  try {
    const stored = { ...tensor, path, dtype: 'f32', packing: null } as const;
    return [...readFloats(files, stored, 0, tensor.shape[0] ?? 0)];
  } finally {
    files.close();
  }
}
