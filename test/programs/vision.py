"""DINOv2 and CLIP's image tower in plain PyTorch, on formula weights of small sizes and formula images; writes what every layer puts out.

python3 test/programs/vision.py test/programs        (needs Pillow 10; writes dino.safetensors, dinoGated.safetensors and clip.safetensors)

Pillow 13 resizes some images that are higher than wide by columns first, which changes their bytes; older ones, with which FD-DINOv2 was measured,
always by rows first.

Written from the papers and from what Hugging Face's state dicts call the tensors, not from src/evaluate/vision, which is compared with these files
(src/evaluate/vision/vision.test.ts).
"""

import json
import math
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from record import Record, Weights, images

SEED = 11


def value_range(name: str, shape: tuple[int, ...]) -> tuple[float, float]:
    if name.endswith("lambda1"):
        return 0.6, 0.3
    if "norm" in name and name.endswith("weight"):
        return 1, 0.1
    if "position_embedding" in name or name.endswith(("cls_token", "class_embedding")):
        return 0, 0.5
    if len(shape) == 1:
        return 0, 0.05
    return 0, math.sqrt(3 / math.prod(shape[1:]))


def pillow(batch: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Resized by Pillow itself, in [0, 1]."""
    planes = [Image.fromarray(one.permute(1, 2, 0).numpy()).resize((width, height), Image.Resampling.BICUBIC) for one in batch]
    return torch.stack([torch.from_numpy(np.array(one)).permute(2, 0, 1) for one in planes]).float() / 255


def colours(x: torch.Tensor, mean: list[float], deviation: list[float]) -> torch.Tensor:
    return (x - torch.tensor(mean).reshape(3, 1, 1)) / torch.tensor(deviation).reshape(3, 1, 1)


def norm(x: torch.Tensor, w: Weights, name: str, eps: float) -> torch.Tensor:
    centred = x - x.mean(-1, keepdim=True)
    scaled = centred / torch.sqrt(centred.square().mean(-1, keepdim=True) + eps)
    return scaled * w(f"{name}.weight", x.shape[-1]) + w(f"{name}.bias", x.shape[-1])


def dense(x: torch.Tensor, w: Weights, name: str, width: int) -> torch.Tensor:
    return x @ w(f"{name}.weight", width, x.shape[-1]).T + w(f"{name}.bias", width)


def attention(x: torch.Tensor, w: Weights, names: list[str], heads: int) -> torch.Tensor:
    """Head by head."""
    width = x.shape[-1]
    q, k, v = (dense(x, w, name, width) for name in names[:3])
    size = width // heads
    mixed = []
    for head in range(heads):
        part = slice(head * size, (head + 1) * size)
        scores = q[..., part] @ k[..., part].transpose(1, 2) / math.sqrt(size)
        mixed.append(torch.softmax(scores, -1) @ v[..., part])
    return dense(torch.cat(mixed, -1), w, names[3], width)


@torch.no_grad()
def dino(path: Path, gated: bool) -> None:
    """`Dinov2Model`: 14 x 14 patches of 224 x 224 pixels, positions of 37 x 37 patches."""
    width, heads, layers, grid, hidden = 64, 2, 2, 37, 88 if gated else 256
    shape = (2, 180, 300)
    w, record = Weights(SEED, value_range), Record()
    x = colours(pillow(images(*shape), 224, 224), [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    record("input", x)
    name = "embeddings.patch_embeddings.projection"
    x = F.conv2d(x, w(f"{name}.weight", width, 3, 14, 14), w(f"{name}.bias", width), stride=14)
    side = x.shape[-1]
    x = x.reshape(2, width, -1).transpose(1, 2)
    positions = w("embeddings.position_embeddings", 1, 1 + grid * grid, width)
    square = positions[:, 1:].reshape(1, grid, grid, width).permute(0, 3, 1, 2)
    square = F.interpolate(square, scale_factor=(side + 0.1) / grid, mode="bicubic")
    positions = torch.cat([positions[:, :1], square.permute(0, 2, 3, 1).reshape(1, -1, width)], 1)
    x = torch.cat([w("embeddings.cls_token", 1, 1, width).expand(2, 1, width), x], 1) + positions
    record("embedded", x)
    for i in range(layers):
        layer = f"encoder.layer.{i}"
        inner = f"{layer}.attention"
        parts = [f"{inner}.attention.query", f"{inner}.attention.key", f"{inner}.attention.value", f"{inner}.output.dense"]
        branch = attention(norm(x, w, f"{layer}.norm1", 1e-6), w, parts, heads)
        x = x + branch * w(f"{layer}.layer_scale1.lambda1", width)
        branch = norm(x, w, f"{layer}.norm2", 1e-6)
        if gated:
            both = dense(branch, w, f"{layer}.mlp.weights_in", 2 * hidden)
            gate, value = both[..., :hidden], both[..., hidden:]
            branch = dense(gate * torch.sigmoid(gate) * value, w, f"{layer}.mlp.weights_out", width)
        else:
            branch = dense(branch, w, f"{layer}.mlp.fc1", hidden)
            branch = branch * 0.5 * (1 + torch.erf(branch / math.sqrt(2)))
            branch = dense(branch, w, f"{layer}.mlp.fc2", width)
        x = x + branch * w(f"{layer}.layer_scale2.lambda1", width)
        record(f"layer.{i}", x)
    record("features", norm(x, w, "layernorm", 1e-6)[:, 0])
    sizes = {"width": width, "heads": heads, "layers": layers, "grid": grid, "hidden": hidden, "patch": 14}
    write(path, record, w, shape, {**sizes, "activation": "gated" if gated else "gelu"})


@torch.no_grad()
def clip(path: Path) -> None:
    """`CLIPVisionModelWithProjection`: 16 x 16 patches of 96 x 96 pixels; images that are not square are cropped."""
    width, heads, layers, grid, hidden, embedding, patch = 64, 4, 2, 6, 256, 40, 16
    shape = (2, 150, 206)
    w, record = Weights(SEED, value_range), Record()
    side = grid * patch
    x = pillow(images(*shape), side, side * shape[2] // shape[1])
    left = (x.shape[-1] - side) // 2
    x = colours(x[..., left : left + side], [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711])
    record("input", x)
    model = "vision_model"
    x = F.conv2d(x, w(f"{model}.embeddings.patch_embedding.weight", width, 3, patch, patch), stride=patch)
    x = x.reshape(2, width, -1).transpose(1, 2)
    x = torch.cat([w(f"{model}.embeddings.class_embedding", width).expand(2, 1, width), x], 1)
    x = x + w(f"{model}.embeddings.position_embedding.weight", 1 + grid * grid, width)
    x = record("embedded", norm(x, w, f"{model}.pre_layrnorm", 1e-5))
    for i in range(layers):
        layer = f"{model}.encoder.layers.{i}"
        parts = [f"{layer}.self_attn.{part}_proj" for part in ("q", "k", "v", "out")]
        x = x + attention(norm(x, w, f"{layer}.layer_norm1", 1e-5), w, parts, heads)
        branch = dense(norm(x, w, f"{layer}.layer_norm2", 1e-5), w, f"{layer}.mlp.fc1", hidden)
        x = x + dense(branch * torch.sigmoid(1.702 * branch), w, f"{layer}.mlp.fc2", width)
        record(f"layer.{i}", x)
    x = norm(x[:, 0], w, f"{model}.post_layernorm", 1e-5)
    record("features", x @ w("visual_projection.weight", embedding, width).T)
    sizes = {"width": width, "heads": heads, "layers": layers, "grid": grid, "hidden": hidden, "patch": patch}
    write(path, record, w, shape, {**sizes, "embedding": embedding, "activation": "quick_gelu"})


def resized() -> list[list[int]]:
    """What Pillow makes of formula images: old height and width, new ones, the sum of the bytes and of their squares."""
    rows = []
    for sizes in ((150, 206, 96, 131), (40, 56, 224, 224), (512, 300, 224, 224), (64, 224, 224, 224), (33, 47, 7, 91)):
        whole = (pillow(images(2, *sizes[:2]), *sizes[2:]) * 255).round().long()
        rows.append([*sizes, int(whole.sum()), int(whole.square().sum())])
    return rows


def write(path: Path, record: Record, w: Weights, shape: tuple[int, ...], sizes: dict[str, object]) -> None:
    metadata = {"seed": SEED, "images": shape, "sizes": sizes, "weights": w.shapes, "resized": resized()}
    record.write(str(path), {name: json.dumps(value) for name, value in metadata.items()})


folder = Path(sys.argv[1])
dino(folder / "dino.safetensors", gated=False)
dino(folder / "dinoGated.safetensors", gated=True)
clip(folder / "clip.safetensors")
