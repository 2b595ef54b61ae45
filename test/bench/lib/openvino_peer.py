#!/usr/bin/env python3
"""OpenVINO GenAI's continuous batching as a peer: reads workloads from stdin, answers on stdout, a JSON line each.

    python openvino_peer.py GGUF THREADS CACHE_TOKENS [lookup]

A workload: {"prompts": [[id, …], …], "maxNewTokens": n, "concurrency": n, "arrivalsMs": [ms, …] or null}. With
arrivals a request is added once its time has come, without them when one of those under way is finished; prompts go
in order. Its answer: {"value": {"wallMs": ms, "requests": [{"ttftMs": ms, "tokensMs": [ms, …]}, …]}}, in the order
of the prompts, tokens by the time since the run began. Failures are {"error": text}. The first line says that the
model is loaded, and what the plugin computes in: all that is not named here is as it comes on this CPU. With `lookup`
it drafts from the request's own tokens, as many as its samples do.
"""
import json
import sys
import time

import numpy as np
import openvino as ov
import openvino_genai as genai

# Tokens of a step, as many as llama-server takes at once.
STEP_TOKENS = 512
# Drafts of prompt lookup, and the tokens that it looks up.
LOOKUP_TOKENS = 5
LOOKUP_NGRAM = 3
# Of the CPU plugin.
BLOCK_TOKENS = 32


class Running:
    """A request on its way; times in seconds since the run began."""

    def __init__(self, handle: object, added: float) -> None:
        self.handle = handle
        self.added = added
        self.tokens: list[float] = []

    def take(self, now: float) -> bool:
        """Reads what the last step made. True: nothing more will come."""
        while self.handle.can_read():
            for output in self.handle.read().values():
                self.tokens.extend([now] * len(output.generated_ids))
        return self.handle.get_status() != genai.GenerationStatus.RUNNING

    def timing(self) -> dict:
        return {
            "ttftMs": 1000 * (self.tokens[0] - self.added),
            "tokensMs": [1000 * at for at in self.tokens],
        }


class Peer:
    def __init__(self, gguf: str, threads: int, cache_tokens: int, lookup: bool) -> None:
        scheduler = genai.SchedulerConfig()
        scheduler.max_num_batched_tokens = STEP_TOKENS
        scheduler.num_kv_blocks = cache_tokens // BLOCK_TOKENS
        scheduler.enable_prefix_caching = True
        properties = {"INFERENCE_NUM_THREADS": threads}
        self.lookup = lookup
        if lookup:
            properties["prompt_lookup"] = True
        self.pipeline = genai.ContinuousBatchingPipeline(gguf, scheduler, "CPU", properties)
        self.num_added = 0

    def run(self, workload: dict) -> dict:
        config = genai.GenerationConfig(
            max_new_tokens=workload["maxNewTokens"], ignore_eos=True, do_sample=False
        )
        if self.lookup:
            config.num_assistant_tokens, config.max_ngram_size = LOOKUP_TOKENS, LOOKUP_NGRAM
        tensors = [ov.Tensor(np.array([ids], dtype=np.int64)) for ids in workload["prompts"]]
        arrivals, concurrency = workload["arrivalsMs"], workload["concurrency"]
        requests: list[Running] = []
        under_way: list[Running] = []
        start = time.perf_counter()
        while len(requests) < len(tensors) or under_way:
            now = time.perf_counter() - start
            while len(requests) < len(tensors) and len(under_way) < concurrency:
                if arrivals is not None and now < arrivals[len(requests)] / 1000:
                    break
                handle = self.pipeline.add_request(self.num_added, tensors[len(requests)], config)
                self.num_added += 1
                added = now if arrivals is None else arrivals[len(requests)] / 1000
                requests.append(Running(handle, added))
                under_way.append(requests[-1])
            if not under_way:
                time.sleep(max(0.0, arrivals[len(requests)] / 1000 - (time.perf_counter() - start)))
                continue
            self.pipeline.step()
            now = time.perf_counter() - start
            under_way = [request for request in under_way if not request.take(now)]
        return {"wallMs": 1000 * now, "requests": [request.timing() for request in requests]}


def facts() -> dict:
    core = ov.Core()
    return {
        "version": genai.__version__,
        "inferencePrecision": core.get_property("CPU", "INFERENCE_PRECISION_HINT").get_type_name(),
        "kvCachePrecision": core.get_property("CPU", "KV_CACHE_PRECISION").get_type_name(),
    }


def answer(reply: dict) -> None:
    print(json.dumps(reply), flush=True)


def main() -> None:
    gguf, threads, cache_tokens = sys.argv[1:4]
    peer = Peer(gguf, int(threads), int(cache_tokens), "lookup" in sys.argv[4:])
    answer({"value": facts()})
    for line in sys.stdin:
        try:
            answer({"value": peer.run(json.loads(line))})
        except Exception as error:
            answer({"error": repr(error)})


main()
