import type { ConfigFields } from './config-fields.js';
import type { DecoderModel, ModelFamily } from './family.js';

export interface TextPartTraits {
  readonly architecture: string;
  readonly models: string;
  /** What `text_config` leaves out where it is as transformers' class has it. */
  readonly defaults: Readonly<Record<string, string | number | boolean>>;
  readonly read: (fields: ConfigFields, architecture: string) => DecoderModel;
}

const TIED = 'tie_word_embeddings';

/**
 * The model that reads text in a checkpoint that has others beside it, which are left out. Its settings are in
 * `text_config`, or in an older spelling among all others; its tensors are found under any spelling
 * (weights/text-part.ts).
 */
export function textPart({ defaults, read, ...names }: TextPartTraits): ModelFamily {
  return {
    ...names,
    read: (whole) => {
      const own = whole.object('text_config') ?? whole;
      const fields = own.completed(defaults, { [TIED]: isTied([whole, own], defaults) });
      return { ...read(fields, names.architecture), isPart: true };
    },
  };
}

/**
 * transformers 4 goes by the inner settings and 5 by the outer ones: tied only where none says otherwise. Where a head is
 * not there after all, the embedding table is it.
 */
function isTied(settings: readonly ConfigFields[], defaults: TextPartTraits['defaults']): boolean {
  const said = settings.filter((fields) => fields.has(TIED));
  if (said.length === 0) return defaults[TIED] === true;
  return said.every((fields) => fields.boolean(TIED, false));
}
