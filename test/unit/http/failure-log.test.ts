import t from 'tap';

import { sentenceOf } from '../../../src/http/failure-log.js';

const BODIES: readonly (readonly [body: string | undefined, sentence: string])[] = [
  ['{"error":{"message":"OpenAI\'s","type":"x"}}', "OpenAI's"],
  ['{"object":"error","message":"SGLang\'s"}', "SGLang's"],
  ['{"type":"error","error":{"type":"x","message":"Anthropic\'s"}}', "Anthropic's"],
  ['{"detail":"FastAPI\'s"}', "FastAPI's"],
  ['{"error":"Ollama\'s"}', "Ollama's"],
  ['Plain words.', 'Plain words.'],
  ['{"status":"loading"}', ''],
  ['[]', ''],
  ['', ''],
  [undefined, ''],
];

t.test('every dialect of errors has one sentence', (t) => {
  for (const [body, sentence] of BODIES)
    t.equal(sentenceOf(body === undefined ? {} : { body }), sentence, body ?? 'no body');
  t.end();
});
