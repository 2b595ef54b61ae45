import type { Failure } from '../../core/errors.js';
import type { AnswerSink } from '../../engine/answer-sink.js';
import type { Asker } from '../../engine/asker.js';
import type { FullResponse, HttpRequest } from '../../http/http.js';
import type { Method, Route } from '../../http/router.js';
import { askerOf } from '../asker.js';
import { NAMED_EVENTS, type Framing } from '../framing.js';
import { answerHttp, type Dialect } from '../http-answer.js';
import { notFound, ParamError, RESPONSES_SPELLING, responsesError } from './errors.js';

/** Events by name, and `[DONE]` last, as the Open Responses specification has it: OpenAI's clients stop there. */
const EVENTS: Framing = { ...NAMED_EVENTS, end: 'data: [DONE]\n\n' };
const DIALECT: Dialect = { ...RESPONSES_SPELLING, framing: EVENTS };

export interface Call {
  readonly request: HttpRequest;
  readonly asker: Asker;
  readonly sink: AnswerSink;
  /** The path behind the route's `*`, by its slashes. */
  readonly tail: readonly string[];
}

export type Act = (call: Call) => Promise<void> | void;

export interface NestedRoute extends Pick<Route, 'path' | 'requiresJson'> {
  readonly method: Method;
  /** Bounds the device that a header may name. */
  readonly dpSize: number;
}

/** A route that spells its failures as `/v1/responses` does, whatever refuses the request. */
export function nestedRoute(
  { method, path, dpSize, requiresJson = false }: NestedRoute,
  act: Act,
): Route {
  return {
    methods: [method],
    path,
    access: 'key',
    requiresJson,
    errors: spelled,
    handler: (request, reply, tail) =>
      answerHttp(reply, DIALECT, async (sink) => {
        try {
          const asker = askerOf(request, dpSize);
          await act({ request, asker, sink, tail: tail.split('/') });
        } catch (error) {
          if (!(error instanceof ParamError)) throw error;
          const { code, message, param } = error;
          reply.send(responsesError({ code, message }, param));
        }
      }),
  };
}

/** What stands behind a path's id: `''` is the thing itself. */
export type Acts = Readonly<Record<string, (call: Call, id: string) => Promise<void> | void>>;

/** Acts by what follows the id: `/v1/responses/{id}/cancel`. */
export function byTail(acts: Acts): Act {
  return (call) => {
    const [id = '', what = '', ...rest] = call.tail;
    const act = rest.length === 0 && Object.hasOwn(acts, what) ? acts[what] : undefined;
    if (act === undefined) return notFound('path', 'Not Found');
    return act(call, id);
  };
}

function spelled(failure: Failure): FullResponse {
  return responsesError(failure);
}
