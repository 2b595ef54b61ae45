import { convertedFormat } from './converted.js';
import { folderFormat } from './folder.js';
import { ggufFormat } from './gguf/gguf.js';
import type { ModelSource, SourceFormat } from './model-source.js';

/** The special ones first: a folder is whatever nothing else accepts. */
const FORMATS: readonly SourceFormat[] = [ggufFormat, convertedFormat, folderFormat];

/** The model at `path`. What lacks there is missed when it is read. */
export function openSource(path: string): ModelSource {
  const format = FORMATS.find((candidate) => candidate.accepts(path)) ?? folderFormat;
  return format.open(path);
}
