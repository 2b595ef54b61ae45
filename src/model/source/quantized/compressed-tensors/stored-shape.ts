import type { StoredPart } from '../../../weights/grouped/part.js';
import type { ScaledWeight } from '../scaled-weight.js';
import { broken, readWhole, requireShape } from '../stored-part.js';

/** The `[out, in]` that a part says, where codes alone do not tell. @throws ModelLoadError */
export function readShape(part: StoredPart): ScaledWeight['shape'] {
  // Sparse weights have it as a column.
  if (part.shape.join() !== '2,1') {
    requireShape(part, [2], 'it has the two dimensions of the weight');
  }
  const bytes = readWhole(part);
  const [out = 0, width = 0] =
    part.storedDtype === 'I32'
      ? new Int32Array(bytes.buffer)
      : Array.from(new BigInt64Array(bytes.buffer), Number);
  if (out > 0 && width > 0 && out < 2 ** 31 && width < 2 ** 31) return [out, width];
  throw broken(
    `Tensor '${part.name}' in ${part.path} says that the weight has shape [${out}, ${width}].`,
  );
}
