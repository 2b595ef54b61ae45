import { RequestError } from '../core/errors.js';

/** A request that asks for what cannot be: SGLang's own checks. @throws RequestError INVALID_REQUEST, always */
export function refuse(message: string): never {
  throw new RequestError('INVALID_REQUEST', message);
}

/** A body of the wrong form: what FastAPI's validation refuses. @throws RequestError INVALID_JSON, always */
export function refuseBody(message: string): never {
  throw new RequestError('INVALID_JSON', message);
}
