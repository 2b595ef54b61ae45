/** Thread entry of the CPU pool: Piscina calls the functions by their names. */
export { runCalibration, runCpuTask, runRounding } from '../src/cpu/tasks.js';
