import type { ServerArgs } from '../config/server-args.js';
import { StartupError } from '../core/errors.js';
import type { ServedModel } from '../engine/served-model.js';
import { layoutOf, type JsonSpace } from '../grammar/compile.js';
import { GrammarError } from '../grammar/errors.js';
import { vocabularyBytes } from '../text/vocabulary-bytes.js';
import { GrammarThread, type GrammarThreadOptions } from './grammar-thread.js';

interface Machine extends Pick<GrammarThreadOptions, 'log'> {
  /** Of each device. */
  readonly numSlots: number;
}

/** Null where no answer can have a grammar. @throws StartupError for a wrong white space pattern */
export function grammarThread(
  args: Pick<
    ServerArgs,
    'grammarBackend' | 'constrainedJsonWhitespacePattern' | 'constrainedJsonDisableAnyWhitespace'
  >,
  { tokenizer, spec, eosTokenIds }: Pick<ServedModel, 'tokenizer' | 'spec' | 'eosTokenIds'>,
  { numSlots, log }: Machine,
): GrammarThread | null {
  const space: JsonSpace = {
    pattern: args.constrainedJsonWhitespacePattern,
    isFixed: args.constrainedJsonDisableAnyWhitespace,
  };
  checkSpace(space);
  if (args.grammarBackend === 'none' || tokenizer === null || spec.embedding !== null) return null;
  const { vocabSize } = spec;
  return new GrammarThread({
    vocabulary: () => vocabularyBytes(tokenizer, vocabSize, eosTokenIds),
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
