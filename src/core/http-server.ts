/** What `--http-server` may be: `auto` takes uWebSockets.js where its binary loads, else Node's own `node:http`. */
export const HTTP_SERVERS = ['auto', 'uws', 'node'] as const;

export type HttpServerChoice = (typeof HTTP_SERVERS)[number];
