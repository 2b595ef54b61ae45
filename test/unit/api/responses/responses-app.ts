import type { ServerArgs } from '../../../../src/config/server-args.js';
import { openAiApp } from '../openai/openai-app.js';
import type { TestApp } from '../test-app.js';

export const PATH = '/v1/responses';

type Json = Readonly<Record<string, unknown>>;

export interface TestEvent extends Json {
  readonly type: string;
  readonly sequence_number: number;
  readonly response?: TestResponse;
}

export interface TestResponse extends Json {
  readonly id: string;
  readonly status: string;
  readonly output: readonly Json[];
}

export interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
  };
}

export function responsesApp(
  t: { teardown(fn: () => void): void },
  args: Partial<ServerArgs> = {},
): Promise<TestApp> {
  return openAiApp(t, args);
}

/** The events of a stream, their names and its `[DONE]` checked. */
export function eventsOf(text: string): TestEvent[] {
  const frames = text.split('\n\n');
  if (frames.pop() !== '' || frames.pop() !== 'data: [DONE]') throw new Error(`no [DONE]: ${text}`);
  return frames.map((frame) => {
    const [, name, data = ''] = /^event: (.*)\ndata: (.*)$/.exec(frame) ?? [];
    const event = JSON.parse(data) as TestEvent;
    if (event.type !== name) throw new Error(`${name} is called ${event.type}`);
    return event;
  });
}

export async function create(app: TestApp, body: object, key?: string): Promise<TestResponse> {
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const { status, json, text } = await app.post(PATH, body, headers);
  if (status !== 200) throw new Error(`${status}: ${text}`);
  return json as TestResponse;
}

export interface Asked<T> {
  readonly status: number;
  readonly text: string;
  readonly json: T;
}

/** @typeParam T what the caller expects, unchecked */
export async function ask<T = TestResponse>(
  app: TestApp,
  method: string,
  path: string,
  key?: string,
): Promise<Asked<T>> {
  const headers = new Headers(key === undefined ? {} : { authorization: `Bearer ${key}` });
  const response = await fetch(app.url + path, { method, headers });
  const text = await response.text();
  const json: unknown = text.startsWith('{') ? JSON.parse(text) : null;
  return { status: response.status, text, json } as Asked<T>;
}

/** Polls until the response has ended. */
export async function ended(app: TestApp, id: string): Promise<TestResponse> {
  for (;;) {
    const { json } = await ask(app, 'GET', `${PATH}/${id}`);
    if (json.status !== 'queued' && json.status !== 'in_progress') return json;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
