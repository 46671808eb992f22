"""Weights from a formula (src/golden/hash.ts): both sides of the benchmark compute the same model, so their losses must agree."""

import math
import re

import torch
from torch import nn

MASK = 0xFFFFFFFF


def name_hash(name: str) -> int:
    """FNV-1a, 32 bits."""
    value = 0x811C9DC5
    for byte in name.encode("ascii"):
        value = ((value ^ byte) * 0x01000193) & MASK
    return value


def hash_sequence(name: str, count: int, seed: int, offset: float, bound: float) -> torch.Tensor:
    """`count` numbers offset + bound * u, u in [-1, 1); 64-bit products wrap around, their lower halves are right."""
    x = (torch.arange(count, dtype=torch.int64) * 0x9E3779B1 + name_hash(name) + seed * 0x85EBCA6B) & MASK
    x = ((x ^ (x >> 16)) * 0x7FEB352D) & MASK
    x = ((x ^ (x >> 15)) * 0x846CA68B) & MASK
    u = (x ^ (x >> 16)).double() / 2147483648 - 1
    return (offset + bound * u).float()


def value_range(name: str, shape: torch.Size) -> tuple[float, float]:
    """Offset and bound of a tensor by its state-dict name and shape."""
    if re.search(r"(^|\.)(embedding|class_emb)\.weight$", name):
        return 0, 1
    if name in ("lvl_embed.weight", "pos_start", "pos_1LC"):
        return 0, 0.5
    if name.endswith("scale_mul_1H11"):
        return math.log(4), 0.1
    if name.endswith("ada_gss"):
        return 0, 0.5
    if len(shape) <= 1:
        return (1, 0.1) if name.endswith("weight") else (0, 0.05)
    return 0, math.sqrt(3 / math.prod(shape[1:]))


@torch.no_grad()
def hash_weights(model: nn.Module, seed: int) -> None:
    """Fills every parameter but FlexVAR's position map, which keeps its sine-cosine initial value."""
    for name, parameter in model.named_parameters():
        if name == "pos_1LC" and parameter.ndim == 4:
            continue
        offset, bound = value_range(name, parameter.shape)
        parameter.copy_(hash_sequence(name, parameter.numel(), seed, offset, bound).view_as(parameter))
