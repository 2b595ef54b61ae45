/** From what nobody needs to what somebody must see. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
