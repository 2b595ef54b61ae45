import { StartupError } from '../core/errors.js';
import type { NamedFiles } from '../core/named-files.js';
import type { ServedModel } from '../engine/served-model.js';
import { ServedWeights } from '../engine/served-weights.js';
import type { PreparedCheckpoint } from '../model/prepare-model.js';
import { formatCost, keptCost, vectorCost } from '../model/quantize/format-cost.js';
import { requireRegular } from '../model/source/regular-file.js';
import { openSource } from '../model/source/registry.js';
import type { ChatTemplate } from '../text/chat-template.js';
import { loadChatTemplate } from '../text/load-chat-template.js';
import { chooseParsers, type ModelParsers } from '../text/model-parsers.js';
import { Tokenizer } from '../text/tokenizer.js';
import { BUILT_IN_NAME, findFolder } from './find-folder.js';
import type { LoadContext } from './load-context.js';
import { prepareFolder } from './prepare-folder.js';

export interface LoadedModel {
  readonly prepared: PreparedCheckpoint;
  /**
   * Loads its tokenizer, which keeps the thread busy for a while: devices may load meanwhile. The same answer each time.
   * @throws StartupError
   */
  readonly serve: () => Promise<ServedModel>;
}

/** Finds, checks and prepares the model and its chat template, and says so. @throws StartupError */
export async function loadModel(context: LoadContext): Promise<LoadedModel> {
  const { args, log } = context;
  const modelPath = args.modelPath ?? BUILT_IN_NAME;
  const folder = await findFolder(context, modelPath);
  log.info(`Load weight begin. model_path=${modelPath}`);
  const prepared = await prepareFolder(context, folder);
  const cost = costOf(prepared, modelPath);
  if (cost !== null) log.info(cost);
  const tokenizerFolder =
    args.tokenizerPath === null
      ? prepared.tokenizerFolder
      : await findFolder(context, args.tokenizerPath, 'tokenizer');
  const tokenizerSource = openSource(tokenizerFolder);
  await tokenizerSource.check();
  const files = tokenizerSource.tokenizer;
  if (args.chatTemplate !== null) await requireRegular(args.chatTemplate);
  const template = await chatTemplate(context, files);
  let served: Promise<ServedModel> | null = null;
  return {
    prepared,
    serve: () => (served ??= serveModel(context, { modelPath, prepared, files, template })),
  };
}

interface FoundModel {
  readonly modelPath: string;
  readonly prepared: PreparedCheckpoint;
  /** Of its tokenizer. */
  readonly files: NamedFiles;
  readonly template: ChatTemplate | null;
}

async function serveModel(
  context: LoadContext,
  { modelPath, prepared, files, template }: FoundModel,
): Promise<ServedModel> {
  const { args } = context;
  const tokenizer = args.skipTokenizerInit ? null : await Tokenizer.load(files);
  const ends = [...prepared.generation.eosTokenIds, ...(tokenizer?.endTokenIds ?? [])];
  return {
    spec: prepared.spec,
    weights: new ServedWeights(modelPath, args.weightVersion, prepared.info.kept),
    tokenizerPath: args.tokenizerPath ?? modelPath,
    servedName: args.servedModelName ?? modelPath,
    numParameters: prepared.info.parameters,
    tokenizer,
    eosTokenIds: [...new Set(ends)],
    chatTemplate: template,
    parsers: parsersOf(context, template, tokenizer),
    samplingDefaults: prepared.generation,
    createdAt: Math.floor(Date.now() / 1000),
  };
}

/** What rounding its weights costs, as a line; null where none are. */
function costOf({ spec, target, info }: PreparedCheckpoint, modelPath: string): string | null {
  if (spec.embedding !== null) return vectorCost(spec, modelPath);
  return info.kept === null
    ? formatCost(spec, modelPath, target, info.isCompensated)
    : keptCost(spec, info.kept);
}

/** A model's own template that cannot be used costs only the chat route; one that was asked for, the start. */
async function chatTemplate(context: LoadContext, files: NamedFiles): Promise<ChatTemplate | null> {
  const { args, log } = context;
  try {
    const name = args.hfChatTemplateName;
    return await loadChatTemplate({ files, file: args.chatTemplate, name });
  } catch (error) {
    if (!(error instanceof StartupError) || args.chatTemplate !== null) throw error;
    log.warn(error.message);
    return null;
  }
}

function parsersOf(
  { args, log }: LoadContext,
  template: ChatTemplate | null,
  tokenizer: Tokenizer | null,
): ModelParsers {
  const hasToken = (token: string): boolean => tokenizer?.hasToken(token) ?? false;
  const { parsers, lines } = chooseParsers(args, template, hasToken);
  for (const line of lines) log.info(line);
  return parsers;
}
