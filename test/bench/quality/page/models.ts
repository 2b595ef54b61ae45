import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';

import { writeGguf } from '../weights/gguf-copy.js';
import { writeRotated } from '../weights/rotated-copy.js';
import type { LlamaFormat, RadishFormat } from './formats.js';
import type { LlamaTools } from './llama-tools.js';

/** The turned copy of a model and llama.cpp's files of it, each made when it is first asked for and then kept. */
export class PageModels {
  constructor(
    /** The model as it came. */
    readonly original: string,
    /** Where the copies lie. */
    readonly folder: string,
    private readonly tools: LlamaTools,
  ) {}

  /** As a Hugging Face folder, in f16. */
  async rotated(): Promise<string> {
    const folder = join(this.folder, 'rotated');
    if (!existsSync(join(folder, 'config.json'))) {
      console.error('turning the weights: some minutes, once');
      await mkdir(this.folder, { recursive: true });
      await writeRotated(this.original, folder);
    }
    return folder;
  }

  /** The same numbers as an f32 file. */
  async exactGguf(): Promise<string> {
    const path = join(this.folder, 'rotated.f32.gguf');
    if (!existsSync(path)) {
      await writeGguf(await this.rotated(), `${path}.draft`);
      await rename(`${path}.draft`, path);
    }
    return path;
  }

  async gguf(format: LlamaFormat['id']): Promise<string> {
    const path = join(this.folder, `rotated.${format}.gguf`);
    await this.tools.quantize(await this.exactGguf(), path, format);
    return path;
  }

  sourceOf({ file }: RadishFormat): Promise<string> {
    return file === null ? this.rotated() : this.gguf(file);
  }
}
