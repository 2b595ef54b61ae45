/** Thread entry of the CPU pool: Piscina calls the function by its name. */
export { runCpuTask } from '../src/cpu/tasks.js';
