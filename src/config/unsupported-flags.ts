/** SGLang's arguments that mean nothing here, by what they are about. */
const BY_SUBJECT = {
  model: `
    tokenizer-mode tokenizer-backend model-type tokenizer-worker-num detokenizer-worker-num trust-remote-code
    model-loader-extra-config model-impl model-config-parser enable-multimodal json-model-override-args
    download-dir model-checksum delete-ckpt-after-loading custom-weight-loader
    weight-loader-disable-mmap weight-loader-prefetch-checkpoints weight-loader-prefetch-num-threads
    decrypted-config-file decrypted-draft-config-file
    checkpoint-engine-wait-weights-before-ready
    remote-instance-weight-loader-seed-instance-ip
    remote-instance-weight-loader-seed-instance-service-port
    remote-instance-weight-loader-send-weights-group-ports
    remote-instance-weight-loader-backend
    remote-instance-weight-loader-start-seed-via-transfer-engine`,
  precision: `
    quantization-param-path enable-fp32-lm-head modelopt-quant
    modelopt-checkpoint-restore-path modelopt-checkpoint-save-path modelopt-export-path
    quantize-and-serve rl-quant-profile enable-quant-communications torchao-config
    rl-on-policy-target`,
  http: `
    fastapi-root-path warmups grpc-mode smg-grpc-mode enable-http2 file-storage-path file-storage-pth
    uvicorn-access-log-exclude-prefixes`,
  api: `
    tool-server
    disable-outlines-disk-cache enable-custom-logit-processor
    enable-return-routed-experts enable-streaming-session multi-item-scoring-delimiter
    enable-tokenizer-batch-encode disable-tokenizer-batch-decode enable-dynamic-batch-tokenizer
    dynamic-batch-tokenizer-batch-size dynamic-batch-tokenizer-batch-timeout`,
  logging: `
    log-level-http log-requests-target crash-dump-folder show-time-cost enable-mfu-metrics
    enable-metrics-for-all-schedulers tokenizer-metrics-custom-labels-header
    tokenizer-metrics-allowed-custom-labels extra-metric-labels collect-tokens-histogram
    prefill-delayer-forward-passes-buckets
    prefill-delayer-wait-seconds-buckets gc-warning-threshold-secs
    enable-request-time-stats-logging kv-events-config enable-trace otlp-traces-endpoint
    export-metrics-to-file export-metrics-to-file-dir`,
  scheduling: `
    prefill-max-requests enable-mixed-chunk enable-dynamic-chunking disable-overlap-schedule
    num-continuous-decode-steps scheduler-recv-interval batch-notify-size sleep-on-idle
    soft-watchdog-timeout enable-prefill-delayer prefill-delayer-max-delay-passes
    prefill-delayer-token-usage-low-watermark prefill-delayer-queue-min-ratio
    prefill-delayer-max-delay-ms radix-eviction-policy radix-cache-backend swa-full-tokens-ratio
    disable-hybrid-swa-memory hybrid-kvcache-ratio disable-chunked-prefix-cache
    prefill-only-disable-kv-cache load-watch-interval disable-penalizer disable-jump-forward
    enable-overlap-schedule disable-overlap-cg-plan disable-disk-cache`,
  parallelism: `
    tp-size tp tensor-parallel-size pp-size pipeline-parallel-size pp-max-micro-batch-size
    pp-async-batch-depth max-micro-batch-size attn-cp-size attention-context-parallel-size moe-dp-size
    moe-data-parallel-size load-balance-method ep-size ep expert-parallel-size nnodes node-rank
    dist-init-addr nccl-init-addr dist-timeout nccl-port enable-dp-attention enable-dp-lm-head
    numa-node enable-sp enable-nccl-nvls enable-symm-mem
    enable-torch-symm-mem enable-mscclpp disable-custom-all-reduce enable-p2p-check
    enable-two-batch-overlap enable-single-batch-overlap tbo-token-distribution-threshold
    enable-attn-tp-input-scattered prefill-round-robin-balance use-ray`,
  kernels: `
    attention-backend decode-attention-backend prefill-attention-backend sampling-backend
    mm-attention-backend dsa-prefill-backend dsa-decode-backend nsa-prefill-backend
    nsa-decode-backend nsa-prefill nsa-decode enable-dsa-prefill-context-parallel
    enable-nsa-prefill-context-parallel dsa-prefill-cp-mode nsa-prefill-cp-mode fp8-gemm-backend
    fp8-gemm-runner-backend fp4-gemm-backend fp4-gemm-runner-backend mamba-backend
    disable-flashinfer-autotune disable-cuda-graph cuda-graph-max-bs cuda-graph-bs
    disable-cuda-graph-padding enable-profile-cuda-graph enable-cudagraph-gc
    disable-piecewise-cuda-graph enable-piecewise-cuda-graph enforce-piecewise-cuda-graph
    piecewise-cuda-graph-tokens piecewise-cuda-graph-compiler piecewise-cuda-graph-max-tokens
    enable-layerwise-nvtx-marker enable-torch-compile torch-compile-max-bs
    enable-torch-compile-debug-mode enable-nan-detection crash-on-nan
    triton-attention-reduce-in-fp32 triton-attention-num-kv-splits
    triton-attention-split-tile-size flashinfer-mla-disable-ragged
    enable-flashinfer-allreduce-fusion enable-aiter-allreduce-fusion enable-fused-qk-norm-rope disable-flashinfer
    disable-flashinfer-sampling enable-flashinfer-mla enable-flashmla disable-nan-detection`,
  experts: `
    moe-a2a-backend moe-runner-backend moe-dense-tp-size flashinfer-mxfp4-moe-precision deepep-mode
    deepep-config deepep-dispatcher-output-dtype enable-deepep-moe enable-deepep-waterfill
    enable-ep-moe enable-fused-grouped-gemm-combine enable-flashinfer-moe
    enable-flashinfer-cutlass-moe enable-flashinfer-cutedsl-moe enable-flashinfer-trtllm-moe
    enable-flashinfer-mxfp4-moe enable-triton-kernel-moe
    disable-flashinfer-cutlass-moe-fp4-allgather n-share-experts-fusion disable-shared-experts-fusion
    enable-expert-distribution-metrics enable-eplb eplb-algorithm eplb-rebalance-num-iterations
    eplb-rebalance-layers-per-chunk eplb-min-rebalancing-utilization-threshold
    init-expert-location ep-num-redundant-experts ep-dispatch-algorithm elastic-ep-backend
    elastic-ep-rejoin enable-elastic-expert-backup mooncake-ib-device kt-weight-path kt-method
    kt-cpuinfer kt-threadpool-count kt-num-gpu-experts kt-max-deferred-experts-per-token`,
  lora: `
    enable-lora-overlap-loading lora-backend max-lora-chunk-size
    lora-drain-wait-threshold lora-strict-loading`,
  memory: `
    enable-weights-cpu-backup enable-draft-weights-cpu-backup cpu-offload-gb
    offload-group-size offload-num-in-group offload-prefetch-step offload-mode
    enable-hierarchical-cache hicache-ratio hicache-size hicache-write-policy hicache-io-backend
    hicache-mem-layout hicache-storage-backend hicache-storage-prefetch-policy
    hicache-storage-backend-extra-config hierarchical-sparse-attention-extra-config enable-lmcache
    mamba-ssm-dtype mamba-full-memory-ratio mamba-scheduler-strategy
    enable-double-sparsity ds-channel-config-path ds-heavy-channel-num
    ds-heavy-token-num ds-heavy-channel-type ds-sparse-decode-threshold`,
  speculation: `
    speculative-draft-load-format
    speculative-eagle-topk speculative-accept-threshold-single
    speculative-accept-threshold-acc speculative-token-map speculative-attention-mode
    speculative-draft-attention-backend speculative-moe-runner-backend speculative-moe-a2a-backend
    speculative-draft-model-quantization speculative-ngram-min-bfs-breadth
    speculative-ngram-max-bfs-breadth speculative-ngram-match-type
    speculative-ngram-max-trie-depth speculative-ngram-capacity
    speculative-ngram-external-corpus-path speculative-ngram-external-sam-budget
    speculative-ngram-external-corpus-max-tokens speculative-use-rejection-sampling
    speculative-ngram-branch-length enable-multi-layer-eagle dllm-algorithm dllm-algorithm-config`,
  disaggregation: `
    disaggregation-mode disaggregation-transfer-backend disaggregation-bootstrap-port
    disaggregation-ib-device disaggregation-decode-tp disaggregation-decode-dp
    disaggregation-prefill-pp disaggregation-decode-enable-offload-kvcache
    disaggregation-decode-polling-interval num-reserved-decode-tokens encoder-only language-only
    encoder-transfer-backend encoder-urls enable-pdmux pdmux-config-path sm-group-num pdlb-url`,
  media: `
    mm-max-concurrent-calls mm-per-request-timeout mm-process-config mm-enable-dp-encoder
    enable-broadcast-mm-inputs-process limit-mm-data-per-request enable-mm-global-cache
    enable-prefix-mm-cache keep-mm-feature-on-device disable-fast-image-processor
    enable-precise-embedding-interpolation`,
  debugging: `
    debug-tensor-dump-output-folder debug-tensor-dump-layers debug-tensor-dump-input-file
    debug-tensor-dump-inject debug-tensor-dump-prefill-only custom-sigquit-handler forward-hooks
    msprobe-dump-config`,
};

/**
 * SGLang's arguments that mean nothing here (GPU kernels, other processes, features to come). Launch
 * scripts keep working: each is accepted with one warning.
 */
export const KNOWN_UNSUPPORTED = Object.values(BY_SUBJECT).flatMap(words);

/** SGLang's `--kv-cache-dtype` values of 8 bits and less. The nearest is `auto`, which takes 8 where it may. */
export const FOREIGN_KV_CACHE_DTYPES = words('fp8_e5m2 fp8_e4m3 fp4_e2m1');

/** What such a folder lacks, safetensors, is then missed by the loader. */
export const FOREIGN_LOAD_FORMATS = words(`
  pt npcache sharded_state bitsandbytes layered flash_rl remote remote_instance fastsafetensors
  private runai_streamer`);

/** What has neither CUDA nor is asked for through WebGPU. The nearest that every machine has is the CPU. */
export const FOREIGN_DEVICES = words('xpu hpu npu musa mps');

export const FOREIGN_SCHEDULE_POLICIES = words('priority routing-key hrrn shortest-prefill-first');

function words(text: string): readonly string[] {
  return text.trim().split(/\s+/);
}
