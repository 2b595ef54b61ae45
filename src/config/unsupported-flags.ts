/**
 * SGLang's arguments that mean nothing here (GPU kernels, other processes, features to come). Launch
 * scripts keep working: each is accepted with one warning.
 */
export const KNOWN_UNSUPPORTED: readonly string[] = [
  ...['tokenizer-mode', 'tokenizer-worker-num', 'model-loader-extra-config', 'trust-remote-code'],
  ...['model-impl', 'fastapi-root-path', 'warmups'],
  ...['completion-template', 'reasoning-parser'],
  ...['tool-call-parser', 'tool-server', 'json-model-override-args', 'file-storage-path'],
  ...['kv-cache-dtype', 'prefill-max-requests'],
  ...['radix-eviction-policy', 'enable-mixed-chunk', 'disable-overlap-schedule'],
  ...['num-continuous-decode-steps', 'watchdog-timeout', 'soft-watchdog-timeout', 'sleep-on-idle'],
  ...['tp-size', 'tp', 'tensor-parallel-size', 'pp-size', 'pipeline-parallel-size'],
  ...['pp-max-micro-batch-size', 'load-balance-method', 'ep-size', 'ep', 'expert-parallel-size'],
  ...['nnodes', 'node-rank', 'dist-init-addr', 'dist-timeout', 'enable-dp-attention', 'device'],
  ...['base-gpu-id', 'gpu-id-step', 'log-level-http'],
  ...['log-requests-target', 'uvicorn-access-log-exclude-prefixes'],
  ...['enable-metrics-for-all-schedulers', 'collect-tokens-histogram'],
  ...['enable-trace', 'otlp-traces-endpoint', 'crash-dump-folder'],
  ...['enable-lora', 'lora-paths', 'max-lora-rank', 'lora-target-modules', 'max-loras-per-batch'],
  ...['max-loaded-loras', 'lora-eviction-policy', 'lora-backend', 'grammar-backend'],
  ...['constrained-json-whitespace-pattern', 'constrained-json-disable-any-whitespace'],
  ...['attention-backend', 'decode-attention-backend', 'prefill-attention-backend'],
  ...['sampling-backend', 'mm-attention-backend', 'disable-cuda-graph', 'cuda-graph-max-bs'],
  ...[
    'cuda-graph-bs',
    'disable-cuda-graph-padding',
    'enable-torch-compile',
    'torch-compile-max-bs',
  ],
  ...['torchao-config', 'enable-custom-logit-processor', 'enable-return-hidden-states'],
  ...['enable-return-routed-experts', 'enable-expert-distribution-metrics'],
  ...['enable-eplb', 'eplb-algorithm', 'eplb-rebalance-num-iterations', 'init-expert-location'],
  ...['ep-num-redundant-experts', 'enable-hierarchical-cache', 'hicache-ratio', 'hicache-size'],
  ...['hicache-write-policy', 'hicache-storage-backend', 'hicache-storage-prefetch-policy'],
  ...['hicache-mem-layout', 'hicache-io-backend', 'speculative-algorithm'],
  ...['speculative-draft-model-path', 'speculative-num-steps', 'speculative-eagle-topk'],
  ...['speculative-num-draft-tokens', 'speculative-accept-threshold-single'],
  ...['speculative-accept-threshold-acc', 'disaggregation-mode', 'disaggregation-bootstrap-port'],
  ...['disaggregation-transfer-backend', 'cpu-offload-gb'],
  ...[
    'swa-full-tokens-ratio',
    'disable-hybrid-swa-memory',
    'download-dir',
    'triton-attention-num-kv-splits',
  ],
];

/** Arguments that promise protection: starting without it would be worse than not starting. */
export const REFUSED: Readonly<Record<string, string>> = {
  'ssl-keyfile': 'TLS is not built in: put a proxy that ends TLS in front of the server.',
  'ssl-certfile': 'TLS is not built in: put a proxy that ends TLS in front of the server.',
};
