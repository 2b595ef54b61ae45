import { refuseBody } from '../../core/errors.js';
import { fieldOf, type JsonObject } from '../../http/json.js';
import { isList } from '../../text/jinja/values.js';
import { dictField } from '../dict-field.js';
import { parseChatAsk } from '../openai/chat-ask.js';
import { chatBody } from '../openai/chat-body.js';
import { losslessBody } from '../openai/lossless.js';
import { chatContext } from '../openai/routes.js';
import { checkGenerates } from './abilities.js';
import {
  commonFields,
  hasTools,
  idleAsk,
  modelAsk,
  type OllamaAsk,
  type OllamaDeps,
} from './ask.js';
import { isUnload } from './keep-alive.js';
import { chatMessages, isContinued } from './messages.js';
import { modelNameOf, refuseAbility } from './model-name.js';
import { optionsOf } from './options.js';
import { showMessage } from './render.js';
import { parseThink } from './think.js';

/** A body of `/api/chat`. @throws RequestError */
export async function parseChat(body: JsonObject, deps: OllamaDeps): Promise<OllamaAsk> {
  const { model: served, abilities } = deps;
  const model = modelNameOf(body);
  checkGenerates(model, abilities, 'chat');
  const given = losslessBody(body);
  const messages = dictField(given, 'messages') ?? [];
  if (!isList(messages)) return refuseBody('messages must be a list of messages.');
  const unload = isUnload(fieldOf(body, 'keep_alive'));
  optionsOf(body);
  const think = parseThink(fieldOf(body, 'think'), model, served.parsers);
  if (hasTools(body) && !abilities.tools) refuseAbility(model, 'tools');
  if (messages.length === 0) return idleAsk(model, showMessage, unload);
  const chat = chatContext(deps);
  const fields = chatBody({
    ...commonFields(body, given, { ...served.spec, model, chat }),
    ...think.fields,
    messages: chatMessages(messages),
    tools: dictField(given, 'tools'),
    continue_final_message: isContinued(messages),
  });
  const ask = await parseChatAsk(fields, chat);
  return modelAsk(ask, { model, show: showMessage, givesContext: false, think });
}
