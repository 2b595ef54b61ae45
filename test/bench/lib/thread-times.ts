import { readdir, readFile } from 'node:fs/promises';

/** Nanoseconds that each thread of a process has computed so far, by thread id; empty where there is no /proc. */
export type ThreadTimes = ReadonlyMap<number, number>;

export async function threadTimes(pid: number): Promise<ThreadTimes> {
  const folder = `/proc/${pid}/task`;
  const names = await readdir(folder).catch(() => []);
  const times = names.map(async (name): Promise<[number, number]> => {
    // The first field: on a core, in nanoseconds. One that has ended meanwhile has no more to say.
    const text = await readFile(`${folder}/${name}/schedstat`, 'utf8').catch(() => '');
    return [Number(name), Number(text.split(' ')[0])];
  });
  return new Map(await Promise.all(times));
}

/** What came to the times of threads between two looks. A thread that began between them counts from its beginning. */
export function timesBetween(before: ThreadTimes, after: ThreadTimes): ThreadTimes {
  return new Map([...after].map(([tid, ns]) => [tid, ns - (before.get(tid) ?? 0)]));
}

/** The threads that computed most, the busiest first. */
export function busiest(times: ThreadTimes, num: number): readonly number[] {
  return [...times]
    .sort(([, a], [, b]) => b - a)
    .slice(0, num)
    .map(([tid]) => tid);
}
