import type { Reading } from '../scan/input.js';
import { readBody, readHarmony, type HarmonyMessage } from '../scan/harmony.js';
import type { CallReading, ToolFormat } from './format.js';
import { readJson } from './json-calls.js';

/** gpt-oss: a message of the commentary channel to `functions.f`, whose body is the arguments. */
export const gptOss: ToolFormat = {
  read: (reading) =>
    readHarmony(reading.input, {
      text: reading.out.text,
      message: (message) => readMessage(reading, message),
    }),
  frame: (name) => ({
    begin: `<|start|>assistant<|channel|>commentary to=functions.${name} <|constrain|>json<|message|>`,
    end: '<|call|>',
    trigger: '<|start|>assistant<|channel|>commentary',
  }),
};

/** A message to the client is text; so is, with all of its marks, one to whom nobody knows. */
function* readMessage(reading: CallReading, message: HarmonyMessage): Reading {
  const { input, out, tools } = reading;
  const { recipient, header } = message;
  if (recipient === null) {
    yield* readBody(input, out.text);
    return;
  }
  const name = recipient.split('.').at(-1) ?? '';
  yield* input.space();
  if (!tools.has(name) || (yield* input.peek()) !== '{') {
    out.text(header);
    out.text((yield* readBody(input, out.text)) ?? '');
    return;
  }
  out.call(name);
  const isWhole = yield* readJson(input, out.arguments);
  yield* readBody(input, isWhole ? out.text : out.arguments);
}
