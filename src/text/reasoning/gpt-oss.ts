import type { Reading } from '../scan/input.js';
import { readBody, readHarmony, type HarmonyMessage } from '../scan/harmony.js';
import type { ReasoningFormat, ThoughtReading } from './format.js';

/** gpt-oss: thoughts are messages of the analysis channel. What is for a tool keeps its marks, for who reads calls. */
export const gptOss: ReasoningFormat = {
  start: '<|channel|>analysis<|message|>',
  end: '<|end|>',
  toolStart: null,
  beginsThinking: true,
  needsSpecialTokens: true,
  read: (reading) =>
    readHarmony(reading.input, {
      text: reading.text,
      message: (message) => readMessage(reading, message),
    }),
};

function* readMessage(reading: ThoughtReading, message: HarmonyMessage): Reading {
  const { input, reasoning, text } = reading;
  if (message.recipient === null) {
    yield* readBody(input, message.channel === 'analysis' ? reasoning : text);
    return;
  }
  text(message.header);
  text((yield* readBody(input, text)) ?? '');
}
