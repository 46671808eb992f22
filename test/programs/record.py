"""What the programs here share: weights from a formula (src/golden/hash.ts), and a record of what each layer of a network puts out.

A record is a safetensors file. Of each layer it holds, in float64, the sum, the sum of squares and 48 evenly spaced elements in row-major order;
its metadata holds the shapes, as JSON.
"""

import json
import math
import struct
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench" / "peer"))
from weights import hash_sequence  # noqa: E402

SAMPLES = 48


class Weights:
    """Tensors by name, made when they are asked for; remembers their shapes."""

    def __init__(self, seed: int, value_range) -> None:
        self.seed = seed
        self.value_range = value_range
        self.shapes: dict[str, list[int]] = {}

    def __call__(self, name: str, *shape: int) -> torch.Tensor:
        self.shapes[name] = list(shape)
        offset, bound = self.value_range(name, shape)
        return hash_sequence(name, math.prod(shape), self.seed, offset, bound).reshape(shape)


def images(count: int, height: int, width: int) -> torch.Tensor:
    """Bytes [count, 3, height, width] from whole numbers alone: slopes that wrap around, and a coarse checkerboard."""
    b, c, y, x = torch.meshgrid(*(torch.arange(n) for n in (count, 3, height, width)), indexing="ij")
    value = x * (1 + c) + y * (2 + b) + 64 * ((x // 24 + y // 24 + c) % 2)
    return (value % 256).to(torch.uint8)


class Record:
    """Layers by name."""

    def __init__(self) -> None:
        self.rows: dict[str, torch.Tensor] = {}
        self.shapes: dict[str, list[int]] = {}

    def __call__(self, name: str, output: torch.Tensor) -> torch.Tensor:
        flat = output.detach().reshape(-1).double()
        at = torch.arange(min(SAMPLES, flat.numel())) * flat.numel() // min(SAMPLES, flat.numel())
        self.rows[name] = torch.cat([flat.sum().reshape(1), flat.square().sum().reshape(1), flat[at]])
        self.shapes[name] = list(output.shape)
        return output

    def write(self, path: str, metadata: dict[str, str]) -> None:
        header: dict[str, object] = {"__metadata__": {**metadata, "shapes": json.dumps(self.shapes)}}
        end = 0
        for name, row in self.rows.items():
            header[name] = {"dtype": "F64", "shape": [row.numel()], "data_offsets": [end, end + 8 * row.numel()]}
            end += 8 * row.numel()
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        data = b"".join(struct.pack(f"<{row.numel()}d", *row.tolist()) for row in self.rows.values())
        Path(path).write_bytes(struct.pack("<Q", len(text)) + text + data)
        print(f"{path}: {len(self.rows)} layers, {8 + len(text) + len(data)} bytes")
