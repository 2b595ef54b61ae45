/**
 * The runtime of 1.30.0 reports its use over the network unless this is set in the process's environment before
 * its library is loaded. A worker thread changes only its own copy of the environment, so every file that
 * starts device threads, or loads the runtime, imports this one first.
 */
process.env['ORT_DISABLE_TELEMETRY'] = '1';
