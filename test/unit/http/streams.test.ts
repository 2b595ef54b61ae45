/** What a stream tells its writer of the reader, on every engine. */
import { once } from 'node:events';
import { Agent as HttpAgent, request as askPlainly, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as askOverTls } from 'node:https';
import type { Socket } from 'node:net';
import { text as textOf } from 'node:stream/consumers';

import t, { type Test } from 'tap';

import type { HttpReply, ResponseStream } from '../../../src/http/http.js';
import { TRANSPORTS, type Transport } from './engines.js';
import { HOST } from './segments.js';

const CHUNK = '#'.repeat(64 * 1024);
const TEXT = { 'content-type': 'text/plain' };

/** A server of one handler, and a client whose request has been sent. */
async function open(
  t: Test,
  engine: Transport,
  handle: (reply: HttpReply) => void,
): Promise<Socket> {
  const server = engine.createServer({
    handle: (_, reply) => {
      handle(reply);
    },
  });
  t.teardown(() => {
    server.close();
  });
  const port = await server.listen('127.0.0.1', 0);
  const socket = engine.connect(port);
  t.teardown(() => {
    socket.destroy();
  });
  socket.on('error', () => undefined);
  socket.write(`GET / HTTP/1.1\r\n${HOST}\r\n`);
  return socket;
}

/** Over one connection that is kept. */
const KEEP_ALIVE = { keepAlive: true, maxSockets: 1 };
const AGENTS = {
  'http:': new HttpAgent(KEEP_ALIVE),
  'https:': new HttpsAgent({ ...KEEP_ALIVE, rejectUnauthorized: false }),
};

async function ask(url: string, method: string, path: string) {
  const { protocol } = new URL(url);
  const [send, agent] =
    protocol === 'https:' ? [askOverTls, AGENTS[protocol]] : [askPlainly, AGENTS['http:']];
  const request = send(url + path, { method, agent });
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const { statusCode: status, headers } = response;
  return { status, headers, text: await textOf(response) };
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5));
}

for (const engine of TRANSPORTS) {
  t.test(`${engine.label}: a reader that waits is waited for, and loses nothing`, async (t) => {
    let numWritten = 0;
    let stream: ResponseStream | null = null;
    const writeOn = (): void => {
      for (; stream?.isWritable === true; numWritten++) stream.write(CHUNK);
    };
    const socket = await open(t, engine, (reply) => {
      stream = reply.startStream(TEXT);
      stream.onDrain(writeOn);
      writeOn();
    });
    socket.pause();
    // What the system itself keeps for a reader is a few megabytes.
    await until(() => numWritten > 0);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const numStuck = numWritten;
    await new Promise((resolve) => setTimeout(resolve, 100));
    t.equal(numWritten, numStuck, 'it waits');
    t.ok(numStuck * CHUNK.length < 32e6, `${numStuck} chunks are kept for a reader that waits`);
    let numRead = 0;
    socket.on('data', (data: Buffer) => {
      numRead += data.toString('latin1').split('#').length - 1;
      if (numWritten > 2 * numStuck + 10) stream?.end();
    });
    socket.resume();
    await until(() => numWritten > 2 * numStuck + 10 && numRead === numWritten * CHUNK.length);
  });

  t.test(
    `${engine.label}: a client that leaves is told of once, and what comes after is nothing`,
    async (t) => {
      let numLeft = 0;
      let kept: { reply: HttpReply; stream: ResponseStream } | null = null;
      const socket = await open(t, engine, (reply) => {
        const stream = reply.startStream(TEXT);
        reply.onClientLeft(() => {
          numLeft++;
        });
        stream.write('first');
        kept = { reply, stream };
      });
      await once(socket, 'data');
      socket.destroy();
      await until(() => numLeft > 0);
      const { reply, stream } = kept as unknown as { reply: HttpReply; stream: ResponseStream };
      t.ok(reply.isClosed);
      t.notOk(stream.isWritable);
      stream.write('late');
      stream.end();
      reply.send({ status: 200 });
      let wasTold = false;
      reply.onClientLeft(() => {
        wasTold = true;
      });
      t.ok(wasTold, 'at once, who asks late');
      t.equal(numLeft, 1);
    },
  );

  t.test(`${engine.label}: a client that leaves a large answer is told of`, async (t) => {
    let hasLeft = false;
    const socket = await open(t, engine, (reply) => {
      reply.onClientLeft(() => {
        hasLeft = true;
      });
      reply.send({ status: 200, body: CHUNK.repeat(200) });
    });
    await once(socket, 'data');
    socket.destroy();
    await until(() => hasLeft);
  });

  t.test(`${engine.label}: an answered request is left by nobody`, async (t) => {
    let hasLeft = false;
    const socket = await open(t, engine, (reply) => {
      reply.onClientLeft(() => {
        hasLeft = true;
      });
      reply.send({ status: 200, body: 'here' });
    });
    await once(socket, 'data');
    socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 100));
    t.notOk(hasLeft);
  });

  t.test(`${engine.label}: bodiless statuses have no length, HEAD has that of GET`, async (t) => {
    const server = engine.createServer({
      handle: ({ path }, reply) => {
        reply.send({ status: path === '/none' ? 204 : 200, body: path === '/none' ? '' : 'here' });
      },
    });
    t.teardown(() => {
      server.close();
    });
    const url = `${engine.scheme}://127.0.0.1:${await server.listen('127.0.0.1', 0)}`;
    const none = await ask(url, 'GET', '/none');
    t.strictSame([none.status, none.text], [204, '']);
    const head = await ask(url, 'HEAD', '/some');
    t.strictSame([head.headers['content-length'], head.text], ['4', '']);
    t.equal((await ask(url, 'GET', '/some')).text, 'here', 'the connection goes on');
  });
}
