import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { openConverted } from '../converted/converted-weights.js';
import { MANIFEST_FILE } from '../converted/manifest.js';
import { ModelLoadError } from '../load-error.js';
import { folderFormat } from './folder.js';
import type { ModelSource, SourceFormat } from './model-source.js';

/** The form of `radish convert`: a folder as Hugging Face has it, whose weights are quantised already. */
export const convertedFormat: SourceFormat = {
  accepts: (path) => existsSync(join(path, MANIFEST_FILE)),
  open: openConvertedFolder,
};

function openConvertedFolder(path: string): ModelSource {
  const withoutFloats = (): Promise<never> => Promise.reject(noFloats(path));
  return {
    ...folderFormat.open(path),
    format: 'converted',
    weights: withoutFloats,
    quantMethod: () => Promise.resolve(null),
    converted: () => openConverted(path),
    partWeights: withoutFloats,
  };
}

function noFloats(path: string): ModelLoadError {
  return new ModelLoadError(
    'bad_checkpoint',
    `${path} was written by radish convert: its weights are quantized, and cannot be read as floats.`,
  );
}
