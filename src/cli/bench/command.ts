import { setMaxListeners } from 'node:events';
import { appendFileSync } from 'node:fs';

import { UsageError } from '../../config/flag-spec.js';
import { loadHostEnv } from '../../config/load.js';
import { keysOf } from '../client/choose-backend.js';
import { ClientError } from '../client/client-error.js';
import { endpointOf } from '../client/endpoint.js';
import { HttpClient } from '../client/http-client.js';
import { processInterrupts } from '../client/interrupts.js';
import { waitingTo } from '../client/waiting.js';
import type { CliCommand, Invocation, Surroundings } from '../command.js';
import { EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK } from '../exit-codes.js';
import { bench, type BenchResult } from './bench.js';
import { meet, type Target } from './meet.js';
import { BENCH_OPTIONS, benchOptions, type BenchOptions } from './options.js';
import { failures, plots, table } from './report.js';
import { detailsJson, resultJson } from './result-json.js';

export const benchCommand: CliCommand = {
  name: 'bench',
  summary: "Measure a server's throughput and latencies",
  about: "The numbers mean what those of SGLang's bench_serving mean; its flags keep their names.",
  words: [],
  options: BENCH_OPTIONS,
  serverFlags: 'none',
  examples: [
    'radish bench                            # the server on port 30000',
    'radish bench --url http://127.0.0.1:8000/v1 --num-prompts 200 --request-rate 4',
    'radish bench --dataset-name generated-shared-prefix --max-concurrency 8 --output-file runs.jsonl',
  ],
  run,
};

async function run(invocation: Invocation, { out, err }: Surroundings): Promise<number> {
  const options = benchOptions(invocation.options);
  const client = new HttpClient(endpointOf(options.url, keysOf(invocation)));
  const stop = new AbortController();
  // Each running request listens.
  setMaxListeners(0, stop.signal);
  const giveBack = processInterrupts(() => {
    stop.abort();
  });
  try {
    const onWait = waitingTo((sentence) => err.write(`${sentence}\n`));
    const asking = { signal: stop.signal, onWait };
    const target = await meet(client, options, asking);
    const result = await bench({ client, target, options, asking, err });
    if (result === null) return stop.signal.aborted ? EXIT_INTERRUPTED : EXIT_FAILED;
    for (const line of failures(result.results)) err.write(`${line}\n`);
    const wrote = write(result, target, options);
    out.write(wrote);
    if (stop.signal.aborted) return EXIT_INTERRUPTED;
    return result.metrics.completed === 0 ? EXIT_FAILED : EXIT_OK;
  } catch (error) {
    if (stop.signal.aborted) return EXIT_INTERRUPTED;
    if (!(error instanceof ClientError)) throw error;
    err.write(`${error.message}\n`);
    return EXIT_FAILED;
  } finally {
    giveBack();
    client.close();
  }
}

/** Into the file, where one is named. @returns what to print. @throws UsageError when the file cannot be written */
function write({ results, metrics }: BenchResult, target: Target, options: BenchOptions): string {
  const summary = resultJson(options, target, metrics);
  const json = options.outputDetails ? { ...summary, ...detailsJson(results) } : summary;
  if (options.outputFile !== null) append(options.outputFile, `${JSON.stringify(json)}\n`);
  if (options.asJson) return `${JSON.stringify(json, null, 2)}\n`;
  const facts = { ...options, backend: target.dialect.name, model: target.model };
  return table(facts, metrics) + plots(results, loadHostEnv().isUtf8);
}

function append(path: string, line: string): void {
  try {
    appendFileSync(path, line);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw new UsageError(`--output-file: ${path} cannot be written (${code}).`);
  }
}
