"""Writes a checkpoint of formula weights (src/golden/hash.ts) with PyTorch, under the published names and in the trainers' wrappers.

python3 test/pth/writeHashWeights.py KEYS_JSON SEED OUT.pth [--part tokenizer|generator] [--legacy]

KEYS_JSON names every tensor and its shape (test/golden/*_keys.json). With --part the file is a bare state dict, as the published files are; without, it is a
trainer's: {"epoch", "trainer": {"vae_local": the tokenizer, "var_wo_ddp": the generator}}.
"""

import argparse
import json
import re
import sys
from collections import OrderedDict
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench" / "peer"))
from flexvar import sine_cosine_map  # noqa: E402
from weights import hash_sequence, value_range  # noqa: E402

# What readers rebuild: published files carry these, the formula does not.
BUFFERS = re.compile(r"(^|\.)(attn_bias_for_masking|zero_k_bias|codebook_used|lvl_1L|ema_vocab_hit_SV)$")


def tensor(name: str, shape: list[int], seed: int) -> torch.Tensor:
    if BUFFERS.search(name):
        return torch.zeros(shape, dtype=torch.int64 if name.endswith("lvl_1L") else torch.float32)
    if name == "pos_1LC" and len(shape) == 4:
        return sine_cosine_map(shape[1], shape[2])
    size = torch.Size(shape)
    offset, bound = value_range(name, size)
    return hash_sequence(name, size.numel(), seed, offset, bound).reshape(size)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("keys", type=Path)
    parser.add_argument("seed", type=int)
    parser.add_argument("out", type=Path)
    parser.add_argument("--part", choices=["tokenizer", "generator"])
    parser.add_argument("--legacy", action="store_true")
    options = parser.parse_args()
    shapes = json.loads(options.keys.read_text())
    state = {
        part: OrderedDict((name, tensor(name, shape, options.seed)) for name, shape in shapes[part].items())
        for part in ([options.part] if options.part else ["tokenizer", "generator"])
    }
    wrapped = {"epoch": 0, "trainer": {"vae_local": state.get("tokenizer"), "var_wo_ddp": state.get("generator")}}
    made = state[options.part] if options.part else wrapped
    torch.save(made, options.out, _use_new_zipfile_serialization=not options.legacy)


main()
