import { refuse, refuseBody } from '../../core/errors.js';
import { Dict, isList, type Value } from '../../text/jinja/values.js';
import { dictField } from '../dict-field.js';
import { CallIdPairs } from './call-id-pairs.js';

/** `messages` as the chat body has them. @throws RequestError */
export function chatMessages(messages: readonly Value[]): readonly Value[] {
  const ids = new CallIdPairs();
  return messages.map((one) => {
    if (!(one instanceof Dict)) return refuseBody('Each message must be an object.');
    refuseImages(dictField(one, 'images'));
    return message(one, ids);
  });
}

/** @throws RequestError where there are any */
export function refuseImages(images: Value): void {
  if (images === null || (isList(images) && images.length === 0)) return;
  refuse('images were given, but this model takes only text.');
}

/** The answer goes on from the last message, where that is the assistant's own text: as in Ollama. */
export function isContinued(messages: readonly Value[]): boolean {
  const last = messages.at(-1);
  if (!(last instanceof Dict) || dictField(last, 'role') !== 'assistant') return false;
  const content = dictField(last, 'content') ?? '';
  return typeof content === 'string' && content !== '' && dictField(last, 'tool_calls') === null;
}

function message(one: Dict, ids: CallIdPairs): Value {
  const fields: [string, Value][] = [
    ['role', dictField(one, 'role')],
    ['content', contentOf(dictField(one, 'content'))],
    ['reasoning_content', dictField(one, 'thinking')],
    ...(dictField(one, 'role') === 'tool' ? toolFields(one, ids) : []),
    ['tool_calls', callsOf(dictField(one, 'tool_calls'), ids)],
  ];
  return Dict.of(fields.filter(([, value]) => value !== null));
}

/** Nothing said, and a list of no parts, are empty texts. */
function contentOf(content: Value): Value {
  if (content === null || (isList(content) && content.length === 0)) return '';
  return typeof content === 'string' ? content : refuseBody('content must be a string.');
}

/** Ollama names the tool; templates want the id of the call, and some the name. */
function toolFields(one: Dict, ids: CallIdPairs): [string, Value][] {
  const toolName = textOrNull(dictField(one, 'tool_name') ?? dictField(one, 'name'));
  const answered = ids.answer(toolName, textOrNull(dictField(one, 'tool_call_id')));
  return [
    ['tool_call_id', answered.id],
    ['name', toolName ?? answered.name],
  ];
}

function callsOf(calls: Value, ids: CallIdPairs): Value {
  if (calls === null || (isList(calls) && calls.length === 0)) return null;
  if (!isList(calls)) return refuseBody('tool_calls must be a list.');
  return calls.map((call) => {
    const called = call instanceof Dict ? dictField(call, 'function') : null;
    if (!(call instanceof Dict) || !(called instanceof Dict)) {
      return refuseBody('Each tool call must have a function with a name.');
    }
    const id = ids.call(textOrNull(dictField(called, 'name')), textOrNull(dictField(call, 'id')));
    return Dict.of([
      ['id', id],
      ['type', 'function'],
      ['function', called],
    ]);
  });
}

function textOrNull(value: Value): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
