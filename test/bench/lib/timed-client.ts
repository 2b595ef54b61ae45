import { Agent, request } from 'node:http';

export interface TimedBody {
  readonly text: string;
  /** From sending the request to the first byte of the body. */
  readonly ttftMs: number;
  /** When each event of a stream came, `[DONE]` apart; since sending. */
  readonly eventsMs: readonly number[];
}

/** How an event that is a JSON object begins. */
const EVENT = 'data: {';

/** A client over node:http: it shares the cores with what it measures, so it does little. */
export class TimedClient {
  private readonly agent: Agent;

  constructor(
    private readonly port: number,
    { keepAlive = true } = {},
  ) {
    this.agent = new Agent({ keepAlive });
  }

  /** Rejects on any status but 200. */
  post(path: string, payload: object): Promise<TimedBody> {
    const json = JSON.stringify(payload);
    return new Promise((resolve, reject) => {
      const start = performance.now();
      const sent = request({
        agent: this.agent,
        host: '127.0.0.1',
        port: this.port,
        path,
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) },
      });
      // Servers close what was quiet for long, maybe while this was on its way: then it was read by nobody.
      sent.on('error', (error: NodeJS.ErrnoException) => {
        if (!sent.reusedSocket || error.code !== 'ECONNRESET' || hasBegun) reject(error);
        else this.post(path, payload).then(resolve, reject);
      });
      let hasBegun = false;
      sent.on('response', (response) => {
        hasBegun = true;
        const chunks: Buffer[] = [];
        const eventsMs: number[] = [];
        let ttftMs = NaN;
        response.on('data', (chunk: Buffer) => {
          const nowMs = performance.now() - start;
          if (chunks.length === 0) ttftMs = nowMs;
          chunks.push(chunk);
          const numEvents = chunk.toString('latin1').split(EVENT).length - 1;
          for (let i = 0; i < numEvents; i++) eventsMs.push(nowMs);
        });
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          if (response.statusCode === 200) resolve({ text, ttftMs, eventsMs });
          else reject(new Error(`status ${String(response.statusCode)}: ${text.slice(0, 500)}`));
        });
      });
      sent.end(json);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}

/** The last event of a stream that is a JSON object; `[DONE]` is none. */
export function lastEvent(stream: string): string {
  const events = stream.split('\n\n').filter((event) => event.startsWith(EVENT));
  return events.at(-1)?.slice('data: '.length) ?? '{}';
}
