import type { ServerArgs } from '../config/server-args.js';
import { StartupError } from '../core/errors.js';
import type { ModelSpec } from '../core/model-spec.js';
import type { ServedModel } from '../engine/served-model.js';
import { layoutOf, type JsonSpace } from '../grammar/compile.js';
import { GrammarError } from '../grammar/errors.js';
import { vocabularyBytes } from '../text/vocabulary-bytes.js';
import { GrammarThread, type GrammarThreadOptions } from './grammar-thread.js';

interface GrammarSetting extends Pick<GrammarThreadOptions, 'log'> {
  readonly spec: ModelSpec;
  /** Asked at the first grammar. */
  readonly serve: () => Promise<Pick<ServedModel, 'tokenizer' | 'eosTokenIds'>>;
  /** Of each device. */
  readonly numSlots: number;
}

/** Null where no answer can have a grammar. @throws StartupError for a wrong white space pattern */
export function grammarThread(
  args: Pick<
    ServerArgs,
    | 'grammarBackend'
    | 'constrainedJsonWhitespacePattern'
    | 'constrainedJsonDisableAnyWhitespace'
    | 'skipTokenizerInit'
  >,
  { spec, serve, numSlots, log }: GrammarSetting,
): GrammarThread | null {
  const space: JsonSpace = {
    pattern: args.constrainedJsonWhitespacePattern,
    isFixed: args.constrainedJsonDisableAnyWhitespace,
  };
  checkSpace(space);
  const isOff = args.grammarBackend === 'none' || args.skipTokenizerInit;
  if (isOff || spec.embedding !== null) return null;
  const { vocabSize } = spec;
  return new GrammarThread({
    vocabulary: async () => {
      const { tokenizer, eosTokenIds } = await serve();
      if (tokenizer === null) throw new Error('this is a bug: a grammar without a tokenizer');
      return vocabularyBytes(tokenizer, vocabSize, eosTokenIds);
    },
    board: { numSlots, vocabSize },
    space,
    log,
  });
}

function checkSpace(space: JsonSpace): void {
  try {
    layoutOf(space);
  } catch (error) {
    if (!(error instanceof GrammarError)) throw error;
    throw new StartupError(`--constrained-json-whitespace-pattern: ${error.message}.`);
  }
}
