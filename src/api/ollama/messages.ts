import { refuse, refuseBody } from '../../core/errors.js';
import { Dict, isList, type Value } from '../../text/jinja/values.js';
import { CallIdPairs } from './call-id-pairs.js';

/** `messages` as the chat body has them. @throws RequestError */
export function chatMessages(messages: readonly Value[]): readonly Value[] {
  const ids = new CallIdPairs();
  return messages.map((one) => {
    if (!(one instanceof Dict)) return refuseBody('Each message must be an object.');
    refuseImages(one.get('images') ?? null);
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
  if (!(last instanceof Dict) || last.get('role') !== 'assistant') return false;
  const content = last.get('content') ?? '';
  return typeof content === 'string' && content !== '' && (last.get('tool_calls') ?? null) === null;
}

function message(one: Dict, ids: CallIdPairs): Value {
  const fields: [string, Value][] = [
    ['role', one.get('role') ?? null],
    ['content', contentOf(one.get('content') ?? null)],
    ['reasoning_content', one.get('thinking') ?? null],
    ...(one.get('role') === 'tool' ? toolFields(one, ids) : []),
    ['tool_calls', callsOf(one.get('tool_calls') ?? null, ids)],
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
  const toolName = textOrNull(one.get('tool_name') ?? one.get('name') ?? null);
  const answered = ids.answer(toolName, textOrNull(one.get('tool_call_id') ?? null));
  return [
    ['tool_call_id', answered.id],
    ['name', toolName ?? answered.name],
  ];
}

function callsOf(calls: Value, ids: CallIdPairs): Value {
  if (calls === null || (isList(calls) && calls.length === 0)) return null;
  if (!isList(calls)) return refuseBody('tool_calls must be a list.');
  return calls.map((call) => {
    const called = call instanceof Dict ? (call.get('function') ?? null) : null;
    if (!(call instanceof Dict) || !(called instanceof Dict)) {
      return refuseBody('Each tool call must have a function with a name.');
    }
    const id = ids.call(textOrNull(called.get('name') ?? null), textOrNull(call.get('id') ?? null));
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
