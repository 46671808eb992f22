"""The peer of bench/sampler.mjs: answers requests, one line of JSON each, with seconds, peak memory, tokens and the images' mean."""

import json
import sys
import time
from contextlib import nullcontext

import torch

import flexvar
import tokenizer
import var
from memory import peak_bytes, reset_peak
from steps import choose_argmax, sampler
from weights import hash_weights

SEED = 1
FAMILIES = {"flexvar": (tokenizer.Tokenizer, flexvar.FlexVAR), "var": (var.Tokenizer, var.VAR)}


class Bench:
    def __init__(self, request):
        make_tokenizer, make_model = FAMILIES[request["family"]]
        self.tokenizer = make_tokenizer(**request["tokenizer"]).eval().requires_grad_(False)
        self.model = make_model(**request["generator"]).eval().requires_grad_(False)
        for model in (self.tokenizer, self.model):
            hash_weights(model, SEED)
            model.to(request["device"])
        self.device, self.scales, self.cfg = request["device"], request["scales"], request["cfg"]

    def sample(self, batch, precision, topK, topP):
        mode = torch.autocast(self.device, torch.bfloat16) if precision == "bfloat16" else nullcontext()
        choose = choose_argmax if topK == 1 else sampler(topK, topP)
        labels = torch.arange(batch, device=self.device)
        reset_peak()
        started = time.perf_counter()
        with mode:
            images, tokens = self.model.sample(self.tokenizer, labels, self.scales, self.cfg, choose)
        mean = images.abs().mean().item()
        seconds = time.perf_counter() - started
        return {"seconds": seconds, "bytes": peak_bytes(), "mean": mean, "tokens": tokens.flatten().tolist()}


def main():
    bench = None
    for line in sys.stdin:
        request = json.loads(line)
        if request.pop("do") == "load":
            torch.set_num_threads(request["threads"])
            bench = Bench(request)
            answer = {"parameters": sum(one.numel() for one in bench.model.parameters())}
        else:
            answer = bench.sample(**request)
        print(json.dumps(answer), flush=True)


main()
