import { encodeF16 } from '../weights/floats.js';
import { DTYPE_BYTES } from '../weights/weight-store.js';
import { JobFiles } from './files.js';
import type { QuantizeJob, TableJob } from './job.js';
import { noteJob } from './journal.js';
import { rotation, type RotationSpec } from './rotate.js';
import { runLinear } from './run-linear.js';
import { isWritten, WriteRecorder } from './written.js';

/**
 * Runs one job to its end on this thread, unless all that it is to write is there. Throws {@link ModelLoadError} on
 * weights it cannot use.
 */
export function runQuantizeJob(job: QuantizeJob): void {
  const { journal } = job;
  if (journal === undefined) {
    fill(job, null);
    return;
  }
  const { id, known } = journal;
  if (known !== null && isWritten(job.target, id, known)) return;
  const written = new WriteRecorder(id);
  fill(job, written);
  noteJob(journal, written.end());
}

function fill(job: QuantizeJob, written: WriteRecorder | null): void {
  const files = new JobFiles(job.target, written);
  try {
    switch (job.kind) {
      case 'linear':
        runLinear(job, files);
        break;
      case 'table':
        runTable(job, files);
        break;
      case 'ones':
        files.write(new Float32Array(job.count).fill(1), job.offset);
        break;
      case 'rotation':
        files.write(rotationMatrix(job.spec), job.offset);
        break;
    }
  } finally {
    files.close();
  }
}

/** `[size, size]` */
function rotationMatrix(spec: RotationSpec): Float32Array {
  const { size } = spec;
  const rows = new Float32Array(size * size);
  for (let i = 0; i < size; i++) rows[i * size + i] = 1;
  rotation(spec)(rows);
  return rows;
}

function runTable(job: TableJob, files: JobFiles): void {
  const { source, begin, end } = job;
  const columns = source.shape.slice(1).reduce((product, size) => product * size, 1);
  const width = DTYPE_BYTES[job.dtype];
  const offset = job.offset + begin * columns * width;
  if (job.rotation === null && job.dtype === source.dtype && source.packing === null) {
    files.write(files.raw(source, begin, end), offset);
    return;
  }
  const rows = files.floats(source, begin, end);
  if (job.rotation !== null) rotation(job.rotation)(rows);
  files.write(job.dtype === 'f16' ? encodeF16(rows) : rows, offset);
}
