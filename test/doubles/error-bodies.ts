/** What refusals look like on the wire, written out once for all tests. */

interface OpenAiError {
  readonly message: string;
  readonly type: string;
  readonly param: null;
  readonly code: number;
}

/** SGLang's flat object, with OpenAI's nested one beside it. */
export function flatError(code: number, type: string, message: string): object {
  const error = { message, type, param: null, code };
  return { object: 'error', message, type, param: null, code, error };
}

/** What FastAPI says of routes and methods, with OpenAI's nested object beside it. */
export function detailError(
  code: number,
  type: string,
  detail: string,
): { readonly detail: string; readonly error: OpenAiError } {
  return { detail, error: { message: detail, type, param: null, code } };
}
