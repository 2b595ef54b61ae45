import { readSentenceModules, type SentenceModules } from './pooled/sentence-modules.js';
import type { ModelSource } from './source/model-source.js';
import { openSource } from './source/registry.js';

/** A model on disk and what its modules.json says; null = it has none. */
export interface OpenModel {
  readonly source: ModelSource;
  readonly modules: SentenceModules | null;
}

/**
 * The model at `path`, its network read from where modules.json puts it. Reads no weights. @throws ModelLoadError or
 * ModelConfigError
 */
export async function openModel(path: string): Promise<OpenModel> {
  const source = openSource(path);
  await source.check();
  const modules = await readSentenceModules(source);
  if (modules === null || modules.transformer === '') return { source, modules };
  const inPart = source.withTrunk(modules.transformer);
  await inPart.check();
  return { source: inPart, modules };
}
