import { StartupError } from '../core/errors.js';
import type { ModelSpec } from '../core/model-spec.js';
import type { PreparedCheckpoint } from '../model/prepare-model.js';
import { openSource } from '../model/source/registry.js';
import { Tokenizer } from '../text/tokenizer.js';
import { findFolder } from './find-folder.js';
import { storedAnyhow, type LoadContext } from './load-context.js';
import type { LoadedModel } from './load-model.js';
import { prepareFolder } from './prepare-folder.js';

/** Finds, checks and prepares the model that drafts for the served one, which is loaded already. @throws StartupError */
export async function loadDraft(
  context: LoadContext,
  modelPath: string,
  { prepared, serve }: LoadedModel,
): Promise<PreparedCheckpoint> {
  const { args, log } = context;
  const revision = args.speculativeDraftModelRevision;
  const folder = await findFolder({ ...context, args: { revision } }, modelPath);
  // How the served model is stored says nothing of this one.
  const loadFormat = args.loadFormat === 'dummy' ? 'dummy' : 'auto';
  log.info(`Load draft model begin. model_path=${modelPath}`);
  const draft = await prepareFolder(
    {
      ...context,
      args: { ...storedAnyhow(args), loadFormat, contextLength: null },
      tokenizerFolder: prepared.tokenizerFolder,
      lora: null,
    },
    folder,
  );
  requireGenerating(prepared.spec, '--speculative-algorithm STANDALONE: the served model');
  requireGenerating(draft.spec, '--speculative-draft-model-path: it');
  const { tokenizer } = await serve();
  if (tokenizer !== null) {
    requireSameTokens(tokenizer, await Tokenizer.load(openSource(draft.tokenizerFolder).tokenizer));
  } else if (draft.spec.vocabSize !== prepared.spec.vocabSize) {
    throw new StartupError(
      `The draft model has a vocabulary of ${draft.spec.vocabSize} tokens and the served one of ` +
        `${prepared.spec.vocabSize}. ${SAME_NEEDED}`,
    );
  }
  return draft;
}

const SAME_NEEDED = '--speculative-draft-model-path needs a model with the same tokens.';

function requireGenerating({ embedding, architecture }: ModelSpec, whose: string): void {
  if (embedding === null) return;
  throw new StartupError(`${whose} is ${architecture}, which answers with vectors, not tokens.`);
}

/** Where one has more than the other, they are never drafted. @throws StartupError */
export function requireSameTokens(
  served: Pick<Tokenizer, 'vocabSize' | 'tokenOf'>,
  draft: Pick<Tokenizer, 'vocabSize' | 'tokenOf'>,
): void {
  const numShared = Math.min(served.vocabSize, draft.vocabSize);
  for (let id = 0; id < numShared; id++) {
    const token = served.tokenOf(id);
    const other = draft.tokenOf(id);
    if (token === other || token === null || other === null) continue;
    throw new StartupError(
      `The draft model has other tokens than the served one: ${id} is ${JSON.stringify(other)} there and ` +
        `${JSON.stringify(token)} here. ${SAME_NEEDED}`,
    );
  }
}
