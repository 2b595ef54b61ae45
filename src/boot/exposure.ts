import type { ServerArgs } from '../config/server-args.js';
import { isLoopback } from '../http/origin.js';

/** What a user should know who lets others in without a key; null = nobody is let in. */
export function exposure({ host, apiKey }: Pick<ServerArgs, 'host' | 'apiKey'>): string | null {
  if (apiKey !== null || isLoopback(host)) return null;
  return `Listening on ${host} without --api-key: whoever reaches this machine may use and change this server.`;
}
