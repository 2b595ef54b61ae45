import t from 'tap';
import { RunningServer, type ServerParts } from '../../../src/boot/running-server.js';
import { turnOfEvents } from '../../doubles/turn-of-events.js';

const READY = 'The server is fired up and ready to roll!';

/** A server of parts that only tell what they are asked; each act ends when the test says so. */
function serverOf(overrides: Partial<ServerParts> = {}) {
  const acts: string[] = [];
  const ends = new Map<string, () => void>();
  const act = (name: string) => (): Promise<void> => {
    acts.push(name);
    return new Promise((resolve) => ends.set(name, resolve));
  };
  const server = new RunningServer({
    app: {
      numLive: () => 3,
      beginDrain: act('beginDrain'),
      closeSockets: () => acts.push('close sockets'),
    },
    port: { close: () => acts.push('close port') },
    end: act('end'),
    firstRequest: act('firstRequest'),
    broken: new Promise(() => undefined),
    watchdog: { hasNativeHang: false },
    log: { info: (line) => acts.push(line) },
    ...overrides,
  });
  const end = async (name: string): Promise<void> => {
    ends.get(name)?.();
    await turnOfEvents();
  };
  return { server, acts, end };
}

t.test('requests end first, then the port, then what was behind it', async (t) => {
  const { server, acts, end } = serverOf();
  const drained = server.drain();
  await turnOfEvents();
  t.same(acts, ['beginDrain']);
  t.equal(server.numLive, 3, 'which it waits for');
  await end('beginDrain');
  t.same(acts.slice(1), ['close sockets', 'close port', 'end']);
  let isDrained = false;
  void drained.then(() => {
    isDrained = true;
  });
  await turnOfEvents();
  t.notOk(isDrained);
  await end('end');
  t.ok(isDrained);
});

t.test('it is ready when the first request was answered', async (t) => {
  const { server, acts, end } = serverOf();
  const warm = server.warmUp();
  await turnOfEvents();
  t.same(acts, ['Warming up.', 'firstRequest']);
  await end('firstRequest');
  await warm;
  t.same(acts, ['Warming up.', 'firstRequest', READY]);
});

t.test('without a first request it is ready at once', async (t) => {
  const { server, acts } = serverOf({ firstRequest: null });
  await server.warmUp();
  t.same(acts, [READY]);
});

t.test('a first request that fails is the end', async (t) => {
  const firstRequest = () => Promise.reject(new Error('500'));
  const { server, acts } = serverOf({ firstRequest });
  await t.rejects(server.warmUp(), { message: '500' });
  t.same(acts, ['Warming up.']);
});

t.test('one that fails because the server is told to stop is not', async (t) => {
  let refuse: (error: Error) => void = () => undefined;
  const firstRequest = () =>
    new Promise<void>((_, reject) => {
      refuse = reject;
    });
  const { server, acts } = serverOf({ firstRequest });
  const warm = server.warmUp();
  void server.drain();
  refuse(new Error('503'));
  await warm;
  t.same(acts, ['Warming up.', 'beginDrain'], 'and nobody says that it is ready');
});

t.test('it says why it cannot go on', async (t) => {
  const { server } = serverOf({ broken: Promise.resolve('the scheduler failed') });
  t.equal(await server.broken, 'the scheduler failed');
});
