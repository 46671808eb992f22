"""The peer of bench/worker.mjs: answers requests, one line of JSON each, with seconds and values."""

import gc
import json
import sys
import time
from contextlib import nullcontext

import torch

from flexvar import FlexVAR
from memory import peak_bytes, reset_peak
from steps import choose_argmax, sampler, sar_loss, teacher_loss, update
from tokenizer import Tokenizer
from weights import hash_weights

CLIP = 2.0
GAMMA = 0.01


class Bench:
    """The models of one size, and the work that is timed on them."""

    def __init__(self, size, device, fused=False, compiled=False):
        self.size = size
        self.device = device
        self.scales = size["scales"]
        self.tokenizer = Tokenizer(**size["tokenizer"]).eval().requires_grad_(False)
        self.model = FlexVAR(**size["generator"])
        hash_weights(self.tokenizer, size["seed"])
        hash_weights(self.model, size["seed"])
        self.tokenizer.to(device)
        self.model.to(device)
        self.resize(size["batch"])
        decayed, rest = [], []
        for name, parameter in self.model.named_parameters():
            exempt = parameter.ndim <= 1 or name.startswith("pos_") or "scale_mul" in name
            (rest if exempt else decayed).append(parameter)
        groups = [{"params": decayed, "weight_decay": 0.05}, {"params": rest, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=size["learningRate"], betas=(0.9, 0.95), fused=fused or None)
        if compiled:  # all of the transformer, a graph for each shape
            self.model.run_blocks = torch.compile(self.model.run_blocks, dynamic=False)
        self.draw = sampler(size["topK"], size["topP"])

    def resize(self, batch):
        """Labels and targets for another number of images."""
        vocabulary, device = self.size["tokenizer"]["vocabularySize"], self.device
        image = torch.arange(batch, device=device)
        self.labels = image % self.size["generator"]["classes"]
        self.targets = [
            (image[:, None] * 131 + side * 17 + torch.arange(side * side, device=device)[None] * 7) % vocabulary for side in self.scales
        ]

    def data(self):
        return self.model, self.tokenizer, self.labels, self.targets, self.scales

    def check(self):
        """Loss of teacher forcing, of the student (argmax, guided), and the mean image of greedy sampling."""
        with torch.no_grad():
            teacher = teacher_loss(*self.data())[0].item()
            student = sar_loss(*self.data(), "causal", self.size["guidance"], choose_argmax, GAMMA)[1].item()
            image, _ = self.model.sample(self.tokenizer, self.labels, self.scales, self.size["cfg"], choose_argmax)
        return {"teacher": teacher, "student": student, "image": image.abs().mean().item()}

    def train(self):
        return self.step(lambda: teacher_loss(*self.data())[0])

    def sar(self, context, guidance):
        return self.step(lambda: sar_loss(*self.data(), context, guidance, self.draw, GAMMA)[0])

    def step(self, forward):
        with self.precision:
            loss = forward()
        return update(self.model, self.optimizer, CLIP, loss)

    def memory(self, precision, steps):
        """The peak memory of training steps, and the last one's loss."""
        reset_peak()
        for _ in range(steps):
            value = self.run("train", precision)["value"]
        return {"bytes": peak_bytes(), "value": value}

    def sample(self):
        with self.precision:
            image, _ = self.model.sample(self.tokenizer, self.labels, self.scales, self.size["cfg"], self.draw)
        return image.abs().mean().item()

    def run(self, case, precision):
        self.precision = torch.autocast(self.device, torch.bfloat16) if precision == "bfloat16" else nullcontext()
        work = {
            "check": self.check,
            "train": self.train,
            "sar-causal": lambda: self.sar("causal", None),
            "sar-last-scale": lambda: self.sar("last-scale", None),
            "sar-guided": lambda: self.sar("causal", self.size["guidance"]),
            "sample": self.sample,
        }[case]
        started = time.perf_counter()
        value = work()
        return {"seconds": time.perf_counter() - started, "value": value}

    def settle(self):
        """Waits until the device has done all that was asked of it."""
        if self.device != "cpu":
            torch.cuda.synchronize()

    def time(self, case, precision, batch, seconds):
        """Seconds of a step as the mean of many without a pause, after three that are not timed, and the bytes at the peak."""
        self.resize(batch)
        for _ in range(3):
            last = self.run(case, precision)
        self.settle()
        on_cpu = self.device == "cpu"
        (reset_peak if on_cpu else torch.cuda.reset_peak_memory_stats)()
        steps = min(20, max(3, -int(-seconds // last["seconds"])))
        started = time.perf_counter()
        for _ in range(steps):
            last = self.run(case, precision)
        self.settle()
        taken = time.perf_counter() - started
        peaks = {"bytes": peak_bytes()} if on_cpu else {"bytes": torch.cuda.max_memory_allocated(), "reserved": torch.cuda.max_memory_reserved()}
        return {"seconds": taken / steps, "steps": steps, "value": last["value"], **peaks}

    def fits(self, case, precision, batch):
        """Whether two steps of a batch fit."""
        self.resize(batch)
        for _ in range(2):
            self.run(case, precision)
        self.settle()
        self.empty()
        return {"outOfMemory": False}

    def empty(self):
        gc.collect()
        if self.device != "cpu":
            torch.cuda.empty_cache()

    def trace(self, case, precision, batch, steps, file):
        """Writes a trace of some steps."""
        self.resize(batch)
        self.run(case, precision)
        self.settle()
        with torch.profiler.profile() as profiler:
            for _ in range(steps):
                self.run(case, precision)
            self.settle()
        profiler.export_chrome_trace(file)
        return {"steps": steps}

    def or_out_of_memory(self, work, refuse_above, **request):
        """What `work` answers; or that memory was lacking, with all of it that can be given back. `refuse_above` pretends so, for a CPU."""
        try:
            answer = work(**request)
            if refuse_above and request["batch"] > refuse_above:
                raise torch.OutOfMemoryError
            return answer
        except torch.OutOfMemoryError:
            pass  # the error's frames hold tensors until here
        self.optimizer.zero_grad(set_to_none=True)
        self.empty()
        return {"outOfMemory": True}


def main():
    bench = None
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "load":
            torch.set_num_threads(request["threads"])
            bench = None  # frees the models before
            bench = Bench(request["size"], request["device"], request.get("fused", False), request.get("compiled", False))
            answer = {"torch": torch.__version__}
        elif request["do"] == "memory":
            answer = bench.memory(request["precision"], request["steps"])
        elif request["do"] == "trace":
            del request["do"]
            answer = bench.trace(**request)
        elif request["do"] in ("time", "fits"):
            work = getattr(bench, request.pop("do"))
            answer = bench.or_out_of_memory(work, request.pop("refuseAbove", None), **request)
        else:
            answer = bench.run(request["case"], request["precision"])
        print(json.dumps(answer), flush=True)


main()
