# The peer of bench/overhead.mjs in Python PyTorch: microseconds a call on one element, freeing the results included.
import json
import time

import torch

CALLS = 1000
ROUNDS = 60
torch.set_num_threads(1)


def microseconds(round_):
    """The fastest of many rounds: what disturbs a round only makes it slower."""
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.perf_counter_ns()
        round_()
        best = min(best, time.perf_counter_ns() - started)
    return best / 1e3 / CALLS


a, b = torch.ones(1), torch.ones(1)
weight = torch.ones(1, requires_grad=True)


@torch.no_grad()
def add():
    for _ in range(CALLS):
        a.add(b)


def add_autograd():
    for _ in range(CALLS):
        weight.add(b)


@torch.no_grad()
def add_():
    for _ in range(CALLS):
        a.add_(b)


@torch.no_grad()
def view():
    for _ in range(CALLS):
        a.view([1])


for case in (add, add_autograd, add_, view):
    print(json.dumps({"bench": "overhead", "side": "python", "name": case.__name__, "microseconds": round(microseconds(case), 3)}))
