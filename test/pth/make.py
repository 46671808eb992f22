"""Writes the fixtures of this folder with the PyTorch at hand: python3 test/pth/make.py FOLDER.

FOLDER/zip.pth and FOLDER/legacy.pth hold one nested checkpoint in torch.save's two formats, FOLDER/expected.json what is in it.
test/pth/torch-2.13 was written by PyTorch 2.13.0 from PyPI, test/pth/torch-1.13 by the 1.13.1 of Debian 12.
"""

import argparse
import json
import sys
from collections import Counter, OrderedDict, defaultdict
from pathlib import Path

import torch

torch.manual_seed(0)
floats = [torch.float64, torch.float32, torch.float16, torch.bfloat16]
integers = [torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool]


def values(*shape: int) -> torch.Tensor:
    count = torch.Size(shape).numel()
    return (torch.arange(count, dtype=torch.float64) * 37 % 101 / 8 - 5).reshape(shape)


def with_attribute(tensor: torch.Tensor) -> torch.Tensor:
    tensor.note = "kept by PyTorch"
    return tensor


def every_type() -> dict[str, torch.Tensor]:
    """A tensor of every type that both formats and both versions know, and what newer ones add."""
    made = {str(dtype)[6:]: values(2, 3).abs().to(dtype) for dtype in floats + integers}
    if hasattr(torch, "uint16"):
        made |= {name: values(5).abs().to(torch.int32).to(getattr(torch, name)) for name in ("uint16", "uint32", "uint64")}
    return made


def views() -> dict[str, torch.Tensor]:
    """Windows on one storage, in all ways that torch.save keeps."""
    base = values(6, 8).float()
    return {
        "base": base,
        "row": base[2],
        "column": base[:, 3],
        "transposed": base.t(),
        "block": base[1:5, 2:7:2],
        "expanded": base[0:1].expand(4, 8),
        "reordered": base.view(2, 3, 8).permute(2, 0, 1),
        "wide": values(3, 4).t(),
        "bytes": values(4, 4).abs().to(torch.uint8).t(),
        "empty": torch.empty(3, 0, 2),
        "scalar": torch.tensor(7, dtype=torch.int64),
        "channels_last": values(2, 3, 4, 5).float().contiguous(memory_format=torch.channels_last),
    }


def checkpoint() -> dict[str, object]:
    """Shaped as trainers shape theirs: wrappers, an optimiser, options, counters."""
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 2))
    for parameter in model.parameters():
        parameter.data = values(*parameter.shape).float()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.25)
    model(values(5, 3).float()).sum().backward()
    optimizer.step()
    tied = torch.nn.Parameter(values(4).float())
    state = defaultdict(dict)
    state[0]["step"] = torch.tensor(3.0)
    return {
        "epoch": 179,
        "iter": 0,
        "trainer": {"var_wo_ddp": model.state_dict(), "optimizer": optimizer.state_dict(), "config": {"name": "größe", "depth": 16}},
        "types": every_type(),
        "views": views(),
        "parameters": [tied, with_attribute(torch.nn.Parameter(values(2).float(), requires_grad=False)), tied],
        "attribute": with_attribute(values(2).float()),
        "state": state,
        "args": argparse.Namespace(lr=0.125, resume=None, sizes=[1, 2, 3], flag=True),
        "plain": OrderedDict(huge=2**100, negative=-(2**70), long=2**40, small=-5, nothing=None, no=False, tuple=(1, "two", 3.5)),
        "counter": Counter("aab"),
        "set": {5},
        "frozen": frozenset({"x"}),
        "raw": b"\x00\xffbytes",
        "infinite": float("-inf"),
        "shape": torch.Size([2, 3]),
        "dtype": torch.bfloat16,
        "device": torch.device("cpu"),
        7: "integer key",
    }


def plain(value: object) -> object:
    """The value as JSON, tensors as type, sizes and numbers in row-major order."""
    if isinstance(value, torch.Tensor):
        flat = value.detach().contiguous().reshape(-1)
        numbers = [int(x) for x in flat.tolist()] if not flat.dtype.is_floating_point else flat.double().tolist()
        return {"dtype": str(value.dtype)[6:], "shape": list(value.shape), "values": numbers}
    if isinstance(value, argparse.Namespace):
        return plain(vars(value))
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(one) for one in value]
    if isinstance(value, bytes):
        return {"bytes": list(value)}
    if isinstance(value, int) and abs(value) > 2**53:
        return {"integer": str(value)}
    if isinstance(value, (torch.dtype, torch.device)) or value == float("-inf"):
        return str(value)
    return value


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    made = checkpoint()
    torch.save(made, folder / "zip.pth")
    torch.save(made, folder / "legacy.pth", _use_new_zipfile_serialization=False)
    for protocol in (3, 4, 5):
        torch.save(made["trainer"]["var_wo_ddp"], folder / f"protocol{protocol}.pth", pickle_protocol=protocol)
    torch.save(values(2, 2), folder / "tensor.pth")
    torch.save(made["types"]["float32"].storage(), folder / "storage.pth")
    (folder / "expected.json").write_text(json.dumps(plain(made)) + "\n")


main()
