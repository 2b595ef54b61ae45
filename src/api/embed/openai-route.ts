import { randomUUID } from 'node:crypto';

import { RequestError } from '../../core/errors.js';
import { FieldReader } from '../../http/field-reader.js';
import { jsonResponse, type HttpReply } from '../../http/http.js';
import { parseJsonObject } from '../../http/json.js';
import { resolveRids } from '../native/rid-fields.js';
import { openAiError } from '../openai/error-response.js';
import type { Method, Route } from '../../http/router.js';

export interface OpenAiRoute {
  readonly methods: readonly Method[];
  readonly path: string;
  /** @returns the body of the answer. @throws RequestError */
  readonly answer: (read: FieldReader, reply: HttpReply) => Promise<unknown>;
}

/** A route of OpenAI's style without a stream: JSON only, errors flat. */
export function openAiRoute({ methods, path, answer }: OpenAiRoute): Route {
  return {
    methods,
    path,
    requiresJson: true,
    handler: async (request, reply) => {
      const body = parseJsonObject(await request.readBody());
      try {
        reply.send(jsonResponse(200, await answer(new FieldReader(body, 'INVALID_JSON'), reply)));
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        reply.send(openAiError(error));
      }
    },
  };
}

/** A rid names one text, or all of a request as `rid_0`, `rid_1`, … */
export function ridsOf(read: FieldReader, numTexts: number): readonly string[] {
  const rid = read.raw('rid');
  const shape = { numPrompts: numTexts, isBatch: numTexts > 1 || Array.isArray(rid), n: 1 };
  return resolveRids(rid, shape, randomUUID).flat();
}
