"""The peer of bench/loaderWorker.mjs: a PyTorch DataLoader over torchvision's ImageFolder with FlexVAR's published augmentation."""

import json
import math
import random
import sys
import time

import torch
from PIL import Image
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

SIDE, BATCH, TOTAL = 256, 25, 200


def random_crop(image):
    """The short side becomes random, from SIDE to SIDE/0.88, and a random square is cut out: BOX halving, then BICUBIC."""
    short = random.randint(SIDE, math.ceil(SIDE / 0.88))
    while min(image.size) >= 2 * short:
        image = image.resize((image.width // 2, image.height // 2), resample=Image.BOX)
    scale = short / min(image.size)
    image = image.resize((round(image.width * scale), round(image.height * scale)), resample=Image.BICUBIC)
    left, top = random.randint(0, image.width - SIDE), random.randint(0, image.height - SIDE)
    return image.crop((left, top, left + SIDE, top + SIDE))


def main():
    torch.set_num_threads(1)
    augment = transforms.Compose(
        [transforms.RandomHorizontalFlip(), random_crop, transforms.ToTensor(), transforms.Normalize([0.5] * 3, [0.5] * 3)]
    )
    loader = folder = batches = None
    for line in sys.stdin:
        request = json.loads(line)
        if folder != request["folder"]:
            folder = request["folder"]
            images = ImageFolder(f"{folder}/train", transform=augment)
            sampler = torch.utils.data.RandomSampler(images, replacement=True, num_samples=10**7)
            loader = DataLoader(images, BATCH, sampler=sampler, drop_last=True)
            batches = iter(loader)
        started = time.process_time()
        for _ in range(TOTAL // BATCH):
            next(batches)
        print(json.dumps({"images": TOTAL, "seconds": time.process_time() - started}), flush=True)


main()
