import type { ModelConfig } from '../../families/model-config.js';
import type { Attend, WeightContext } from '../context.js';
import { newRowsName, pastName, presentName } from '../contract.js';
import type { Value } from '../graph.js';
import { sinkScores } from '../group-query.js';
import { decodeRows } from './decode-rows.js';
import { extendRows } from './extend-rows.js';
import { int8Run, type Int8Options } from './int8-run.js';
import { mixedRows } from './mixed-rows.js';

const PARTS = ['key', 'value'] as const;

/**
 * Attention over a cache of integers. Its q, k and v come in the units of the grid (kv-grid.ts), so that nothing here has
 * a scale. What a sequence is extended by is rounded to the grid before it is attended to: a row sees the same keys and
 * values whether they were computed in its own run or lay in the cache.
 */
export function int8Attention(
  weights: WeightContext,
  config: ModelConfig,
  options: Int8Options,
): Attend {
  const { graph } = weights;
  const run = int8Run(graph, config, options);
  return (layer, queryKeyValue) => {
    const [first = '', ...more] = queryKeyValue;
    const isPacked = more.every((part) => part === '');
    const packed = isPacked
      ? first
      : graph.node('Concat', queryKeyValue, { attributes: { axis: { int: -1 } } });
    const pasts = PARTS.map((part) => pastName(layer.index, part));
    const sinks = sinkScores(weights, layer.attention) ?? run.noSinks;
    const rows = { plan: layer.attention, packed, pasts, sinks };
    const others = (): readonly Value[] => {
      const outputs = [graph.name(), graph.name(), graph.name(), graph.name()];
      graph.node('If', [run.isMixed], {
        attributes: {
          then_branch: graph.branch(() => mixedRows(run, rows)),
          else_branch: graph.branch(() => extendRows(run, rows)),
        },
        outputs,
      });
      return outputs;
    };
    return graph.node('If', [run.decodes], {
      attributes: {
        then_branch: graph.branch(() => decodeRows(run, rows)),
        else_branch: graph.branch(others),
      },
      outputs: [
        graph.name(),
        ...PARTS.map((part) => presentName(layer.index, part)),
        newRowsName(layer.index),
      ],
    });
  };
}
