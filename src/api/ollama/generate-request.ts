import { refuse } from '../../core/errors.js';
import { encoderFor, type Encoder } from '../../engine/encode.js';
import { FieldReader } from '../../http/field-reader.js';
import { fieldOf, type JsonObject } from '../../http/json.js';
import { Dict, type Value } from '../../text/jinja/values.js';
import { dictField } from '../dict-field.js';
import { parseChatAsk } from '../openai/chat-ask.js';
import { chatBody } from '../openai/chat-body.js';
import { losslessBody } from '../openai/lossless.js';
import { chatContext } from '../openai/routes.js';
import { checkGenerates } from './abilities.js';
import { commonFields, idleAsk, modelAsk, type OllamaAsk, type OllamaDeps } from './ask.js';
import { isUnload } from './keep-alive.js';
import { refuseImages } from './messages.js';
import { modelNameOf, refuseAbility } from './model-name.js';
import { optionsOf } from './options.js';
import { showResponse } from './render.js';
import { parseThink } from './think.js';

interface PromptFields {
  readonly prompt: string;
  readonly system: string;
  readonly isRaw: boolean;
  /** Ids of an earlier exchange, which the prompt goes behind. */
  readonly context: readonly number[];
}

/** A body of `/api/generate`. @throws RequestError */
export async function parseGenerate(body: JsonObject, deps: OllamaDeps): Promise<OllamaAsk> {
  const { model: served, abilities } = deps;
  const model = modelNameOf(body);
  checkGenerates(model, abilities, 'generate');
  const given = losslessBody(body);
  const prompt = promptFields(body, given, { model, vocabSize: served.spec.vocabSize });
  const unload = isUnload(fieldOf(body, 'keep_alive'));
  optionsOf(body);
  const think = parseThink(fieldOf(body, 'think'), model, served.parsers);
  if (prompt.prompt === '') return idleAsk(model, showResponse, unload);
  const chat = chatContext(deps);
  const encoder = encoderFor(deps.generation);
  const isPlain = prompt.isRaw || served.chatTemplate === null;
  const fields = chatBody({
    ...commonFields(body, given, { ...served.spec, model, chat }),
    ...think.fields,
    ...(isPlain ? await plainFields(prompt, encoder) : { messages: messagesOf(prompt) }),
  });
  const behind = await joiner(prompt.context, encoder);
  const ask = await parseChatAsk(fields, chat, behind);
  return modelAsk(ask, { model, show: showResponse, givesContext: !prompt.isRaw, think });
}

function promptFields(
  body: JsonObject,
  given: Dict,
  { model, vocabSize }: { readonly model: string; readonly vocabSize: number },
): PromptFields {
  const read = new FieldReader(body, 'INVALID_JSON');
  const textOf = (name: string): string => read.string(name) ?? '';
  const [prompt, system, template] = [textOf('prompt'), textOf('system'), textOf('template')];
  const isRaw = read.boolean('raw') ?? false;
  const context = read.integers('context') ?? [];
  if (isRaw && (template !== '' || system !== '' || context.length > 0)) {
    refuse('raw mode does not support template, system, or context');
  }
  if (textOf('suffix') !== '') refuseAbility(model, 'insert');
  if (template !== '') {
    refuse("template is not supported: the model's own chat template is used, or none with raw.");
  }
  refuseImages(dictField(given, 'images'));
  const outside = context.find((id) => id < 0 || id >= vocabSize);
  if (outside !== undefined) refuse(`context has a token id outside the vocabulary: ${outside}.`);
  return { prompt, system, isRaw, context };
}

function messagesOf({ system, prompt }: PromptFields): Value {
  const messageOf = (role: string, content: string): Dict =>
    Dict.of([
      ['role', role],
      ['content', content],
    ]);
  const first = system === '' ? [] : [messageOf('system', system)];
  return [...first, messageOf('user', prompt)];
}

/** The text as it is, as the tokenizer begins it; nothing in it is a thought. */
async function plainFields(
  { prompt, system, isRaw, context }: PromptFields,
  encoder: Encoder,
): Promise<Readonly<Record<string, Value>>> {
  const text = system === '' ? prompt : `${system}\n\n${prompt}`;
  const ids = Array.from(await encoder.text(text, context.length === 0));
  return { input_ids: [...context, ...ids], ...(isRaw ? { separate_reasoning: false } : {}) };
}

/** Puts a rendered prompt behind the context, without the token that begins a text. */
async function joiner(
  context: readonly number[],
  encoder: Encoder,
): Promise<(ids: readonly number[]) => readonly number[]> {
  if (context.length === 0) return (ids) => ids;
  const [first] = await encoder.text('', true);
  return (ids) => [...context, ...(ids[0] === first ? ids.slice(1) : ids)];
}
