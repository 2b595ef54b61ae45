import { join } from 'node:path';
import type { Test } from 'tap';

import { folderFiles } from '../../../../src/core/named-files.js';
import { writeNewFolder } from '../../../../src/model/converted/new-folder.js';
import { writeConverted } from '../../../../src/model/converted/write-folder.js';
import {
  prepareModel,
  type PreparedCheckpoint,
  type PrepareOptions,
} from '../../../../src/model/prepare-model.js';
import type { Quantization } from '../../../../src/model/quantize/format.js';
import { hashFiles } from '../../../../src/model/quantize/hashed-files.js';
import type { QuantizeDeps } from '../../../../src/model/quantize/kept-weights.js';
import { runQuantizeJob } from '../../../../src/model/quantize/run-job.js';

/** Makes models ready, and counts what is quantised for that. */
export class Converter {
  numJobs = 0;
  readonly #deps: QuantizeDeps;

  constructor(readonly folder: string) {
    this.#deps = {
      runJob: (job) => {
        this.numJobs++;
        runQuantizeJob(job);
        return Promise.resolve();
      },
      cacheDir: join(folder, 'cache'),
      temporaryDir: join(folder, 'tmp'),
      warn: () => undefined,
      progress: () => undefined,
    };
  }

  static in(test: Test): Converter {
    return new Converter(test.testdir({}));
  }

  prepare(
    path: string,
    quantization: Quantization,
    more: Partial<PrepareOptions> = {},
  ): Promise<PreparedCheckpoint> {
    const options = {
      folder: path,
      quantization,
      loadFormat: 'auto',
      contextLength: null,
    } as const;
    return prepareModel({ ...options, ...more }, this.#deps);
  }

  /** @returns the folder */
  async convert(
    path: string,
    quantization: Quantization,
    name: string,
    more: Partial<PrepareOptions> = {},
  ): Promise<string> {
    const prepared = await this.prepare(path, quantization, more);
    const out = join(this.folder, name);
    const paths = prepared.checkpoint.files.map((file) => file.path);
    const model = {
      prepared,
      model: 'acme/small',
      sources: await hashFiles(paths),
      tokenizer: folderFiles(prepared.tokenizerFolder),
    };
    await writeNewFolder(out, (draft) =>
      writeConverted(draft, model, new AbortController().signal),
    );
    return out;
  }
}
