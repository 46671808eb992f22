"""The Inception-v3 of FID in plain PyTorch, function by function, on formula weights and formula images; writes what every layer puts out.

python3 test/programs/inception.py test/programs/inception.safetensors

Written from the description of the architecture (Szegedy et al., arXiv 1512.00567) and of how TensorFlow's graph of 2015-12-05 differs from it, not
from src/evaluate/inception, which is compared with the file that this writes (src/evaluate/inception/network.test.ts).
"""

import json
import math
import sys

import numpy as np
import torch
import torch.nn.functional as F

from record import Record, Weights, images

SEED = 7
COUNT, HEIGHT, WIDTH = 2, 180, 236


def value_range(name: str, shape: tuple[int, ...]) -> tuple[float, float]:
    """Activations keep about their size from layer to layer: half of what a ReLU sees is lost, and twice the variance makes up for it."""
    if name.endswith("running_var"):
        return 1, 0.3
    if name.endswith("bn.weight"):
        return 1, 0.1
    if len(shape) == 1:
        return 0, 0.05
    return 0, math.sqrt(6 / math.prod(shape[1:]))


weights = Weights(SEED, value_range)
record = Record()


def resize(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """tf.image.resize_bilinear of TensorFlow 1 with align_corners=False, in float32: image [..., H, W]."""
    f = np.float32
    rows, columns = image.shape[-2:]
    y = np.arange(height, dtype=f) * (f(rows) / f(height))
    x = np.arange(width, dtype=f) * (f(columns) / f(width))
    y0, x0 = np.floor(y).astype(int), np.floor(x).astype(int)
    y1, x1 = np.minimum(y0 + 1, rows - 1), np.minimum(x0 + 1, columns - 1)
    dy, dx = (y - y0.astype(f))[:, None], x - x0.astype(f)
    top = image[..., y0, :][..., x0] + (image[..., y0, :][..., x1] - image[..., y0, :][..., x0]) * dx
    bottom = image[..., y1, :][..., x0] + (image[..., y1, :][..., x1] - image[..., y1, :][..., x0]) * dx
    return top + (bottom - top) * dy


def conv(x: torch.Tensor, name: str, channels: int, kh: int, kw: int, stride: int = 1, same: bool = True) -> torch.Tensor:
    """Convolution, batch normalisation, ReLU."""
    kernel = weights(f"{name}.conv.weight", channels, x.shape[1], kh, kw)
    gamma, beta, mean, variance = (weights(f"{name}.bn.{part}", channels) for part in ("weight", "bias", "running_mean", "running_var"))
    x = F.conv2d(x, kernel, stride=stride, padding=(kh // 2, kw // 2) if same else 0)
    x = F.batch_norm(x, mean, variance, gamma, beta, training=False, eps=0.001)
    return record(name, F.relu(x))


def mean_pool(x: torch.Tensor) -> torch.Tensor:
    """Means of 3 x 3 windows; at the border, of the pixels that there are: the sum of those divided by their number."""
    ones = torch.ones_like(x[:1, :1])
    box = torch.ones(1, 1, 3, 3)
    number = F.conv2d(ones, box, padding=1)
    sums = F.conv2d(x.reshape(-1, 1, *x.shape[2:]), box, padding=1).reshape(x.shape)
    return sums / number


def block_35(x: torch.Tensor, name: str, pooled: int) -> torch.Tensor:
    one = conv(x, f"{name}.branch1x1", 64, 1, 1)
    five = conv(x, f"{name}.branch5x5_1", 48, 1, 1)
    five = conv(five, f"{name}.branch5x5_2", 64, 5, 5)
    three = conv(x, f"{name}.branch3x3dbl_1", 64, 1, 1)
    three = conv(three, f"{name}.branch3x3dbl_2", 96, 3, 3)
    three = conv(three, f"{name}.branch3x3dbl_3", 96, 3, 3)
    pool = conv(mean_pool(x), f"{name}.branch_pool", pooled, 1, 1)
    return record(name, torch.cat([one, five, three, pool], 1))


def to_17(x: torch.Tensor, name: str) -> torch.Tensor:
    three = conv(x, f"{name}.branch3x3", 384, 3, 3, stride=2, same=False)
    double = conv(x, f"{name}.branch3x3dbl_1", 64, 1, 1)
    double = conv(double, f"{name}.branch3x3dbl_2", 96, 3, 3)
    double = conv(double, f"{name}.branch3x3dbl_3", 96, 3, 3, stride=2, same=False)
    return record(name, torch.cat([three, double, F.max_pool2d(x, 3, 2)], 1))


def block_17(x: torch.Tensor, name: str, inner: int) -> torch.Tensor:
    one = conv(x, f"{name}.branch1x1", 192, 1, 1)
    seven = conv(x, f"{name}.branch7x7_1", inner, 1, 1)
    seven = conv(seven, f"{name}.branch7x7_2", inner, 1, 7)
    seven = conv(seven, f"{name}.branch7x7_3", 192, 7, 1)
    double = conv(x, f"{name}.branch7x7dbl_1", inner, 1, 1)
    double = conv(double, f"{name}.branch7x7dbl_2", inner, 7, 1)
    double = conv(double, f"{name}.branch7x7dbl_3", inner, 1, 7)
    double = conv(double, f"{name}.branch7x7dbl_4", inner, 7, 1)
    double = conv(double, f"{name}.branch7x7dbl_5", 192, 1, 7)
    pool = conv(mean_pool(x), f"{name}.branch_pool", 192, 1, 1)
    return record(name, torch.cat([one, seven, double, pool], 1))


def to_8(x: torch.Tensor, name: str) -> torch.Tensor:
    three = conv(x, f"{name}.branch3x3_1", 192, 1, 1)
    three = conv(three, f"{name}.branch3x3_2", 320, 3, 3, stride=2, same=False)
    seven = conv(x, f"{name}.branch7x7x3_1", 192, 1, 1)
    seven = conv(seven, f"{name}.branch7x7x3_2", 192, 1, 7)
    seven = conv(seven, f"{name}.branch7x7x3_3", 192, 7, 1)
    seven = conv(seven, f"{name}.branch7x7x3_4", 192, 3, 3, stride=2, same=False)
    return record(name, torch.cat([three, seven, F.max_pool2d(x, 3, 2)], 1))


def block_8(x: torch.Tensor, name: str, pooled: torch.Tensor) -> torch.Tensor:
    one = conv(x, f"{name}.branch1x1", 320, 1, 1)
    three = conv(x, f"{name}.branch3x3_1", 384, 1, 1)
    three_a = conv(three, f"{name}.branch3x3_2a", 384, 1, 3)
    three_b = conv(three, f"{name}.branch3x3_2b", 384, 3, 1)
    double = conv(x, f"{name}.branch3x3dbl_1", 448, 1, 1)
    double = conv(double, f"{name}.branch3x3dbl_2", 384, 3, 3)
    double_a = conv(double, f"{name}.branch3x3dbl_3a", 384, 1, 3)
    double_b = conv(double, f"{name}.branch3x3dbl_3b", 384, 3, 1)
    pool = conv(pooled, f"{name}.branch_pool", 192, 1, 1)
    return record(name, torch.cat([one, three_a, three_b, double_a, double_b, pool], 1))


@torch.no_grad()
def main(path: str) -> None:
    y, x = np.meshgrid(np.arange(40), np.arange(56), indexing="ij")
    ramp = (3 * x + 5 * y).astype(np.float32)  # of a known ramp: larger, and smaller than every other pixel
    record("ramp larger", torch.from_numpy(resize(ramp, 299, 299)))
    record("ramp smaller", torch.from_numpy(resize(ramp, 17, 13)))

    resized = resize(images(COUNT, HEIGHT, WIDTH).numpy().astype(np.float32), 299, 299)
    x = record("input", (torch.from_numpy(resized) - 128) / 128)
    x = conv(x, "Conv2d_1a_3x3", 32, 3, 3, stride=2, same=False)
    x = conv(x, "Conv2d_2a_3x3", 32, 3, 3, same=False)
    x = conv(x, "Conv2d_2b_3x3", 64, 3, 3)
    x = record("pool", F.max_pool2d(x, 3, 2))
    x = conv(x, "Conv2d_3b_1x1", 80, 1, 1)
    x = conv(x, "Conv2d_4a_3x3", 192, 3, 3, same=False)
    x = record("pool_1", F.max_pool2d(x, 3, 2))
    x = block_35(x, "Mixed_5b", 32)
    x = block_35(x, "Mixed_5c", 64)
    x = block_35(x, "Mixed_5d", 64)
    x = to_17(x, "Mixed_6a")
    x = block_17(x, "Mixed_6b", 128)
    x = block_17(x, "Mixed_6c", 160)
    entering = x
    x = block_17(x, "Mixed_6d", 160)
    spatial = conv(entering, "Mixed_6d.branch1x1", 192, 1, 1)[:, :7]
    record("spatial", spatial.permute(0, 2, 3, 1).reshape(COUNT, -1))
    x = block_17(x, "Mixed_6e", 192)
    x = to_8(x, "Mixed_7a")
    x = block_8(x, "Mixed_7b", mean_pool(x))
    x = block_8(x, "Mixed_7c", F.max_pool2d(x, 3, 1, padding=1))
    pool = record("pool_3", x.sum((2, 3)) / 64)
    logits = record("logits without bias", pool @ weights("fc.weight", 1008, 2048).T)
    record("logits", logits + weights("fc.bias", 1008))
    record.write(
        path,
        {
            "seed": str(SEED),
            "images": json.dumps([COUNT, HEIGHT, WIDTH]),
            "kernels": json.dumps({name: shape for name, shape in weights.shapes.items() if len(shape) > 1}),
        },
    )


main(sys.argv[1])
