/** Thread entry of the CPU pool: Piscina calls the functions by their names. */
export {
  runAdapterRead,
  runCalibration,
  runCpuTask,
  runProductSums,
  runRounding,
} from '../src/cpu/tasks.js';
