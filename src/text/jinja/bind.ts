import { typeError } from './errors.js';
import type { Kwargs, Value } from './values.js';

/**
 * Arguments by parameter, as Python binds them: `name` must be given, `name?` may be left out and is then
 * undefined. @throws TemplateError TypeError
 */
export function bind(
  callee: string,
  params: readonly string[],
  args: readonly Value[],
  kwargs: Kwargs,
): (Value | undefined)[] {
  if (args.length > params.length) {
    typeError(
      `${callee}() takes ${params.length} positional arguments but ${args.length} were given`,
    );
  }
  const names = params.map((param) => param.replace('?', ''));
  const unknown = [...kwargs.keys()].find((name) => !names.includes(name));
  if (unknown !== undefined)
    typeError(`${callee}() got an unexpected keyword argument '${unknown}'`);
  return params.map((param, i) => {
    const name = names[i] ?? param;
    const [positional, named] = [args[i], kwargs.get(name)];
    if (positional !== undefined && named !== undefined) {
      typeError(`${callee}() got multiple values for argument '${name}'`);
    }
    const value =
      positional ?? named ?? (i < args.length ? null : kwargs.has(name) ? null : undefined);
    if (value === undefined && !param.endsWith('?')) {
      typeError(`${callee}() missing 1 required positional argument: '${name}'`);
    }
    return value;
  });
}
