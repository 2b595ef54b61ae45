import { randomUUID } from 'node:crypto';

import type { AnswerSink } from '../../engine/answer-sink.js';
import { FieldReader } from '../../http/field-reader.js';
import type { Fields } from '../../http/fields.js';
import { parseJsonObject } from '../../http/json.js';
import { resolveRids } from '../native/rid-fields.js';
import { answerHttp, type FailureSpelling } from '../http-answer.js';
import { OPENAI_SPELLING } from '../openai/spelling.js';
import type { Method, Route } from '../../http/router.js';

export interface OpenAiRoute {
  readonly methods: readonly Method[];
  readonly path: string;
  readonly fields: Fields;
  /** @throws RequestError before its acceptance */
  readonly answer: (read: FieldReader, sink: AnswerSink) => Promise<void>;
}

/** A route of OpenAI's style without a stream: JSON only, errors flat, whenever they come. */
export function openAiRoute({ methods, path, fields, answer }: OpenAiRoute): Route {
  return {
    methods,
    path,
    access: 'key',
    requiresJson: true,
    handler: (request, reply) =>
      answerHttp(reply, SPELLING, async (sink) => {
        const body = parseJsonObject(await request.readBody(), fields);
        await answer(new FieldReader(body, 'INVALID_JSON'), sink);
      }),
  };
}

const SPELLING: FailureSpelling = { ...OPENAI_SPELLING, failed: OPENAI_SPELLING.refused };

/** A rid names one text, or all of a request as `rid_0`, `rid_1`, … */
export function ridsOf(read: FieldReader, numTexts: number): readonly string[] {
  const rid = read.raw('rid');
  const shape = { numPrompts: numTexts, isBatch: numTexts > 1 || Array.isArray(rid), n: 1 };
  return resolveRids(rid, shape, randomUUID).flat();
}
