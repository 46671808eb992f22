"""The half of the FlexVAR tokenizer that training and sampling a generator need: codebook and decoder, in plain PyTorch."""

import torch
import torch.nn.functional as F
from torch import nn


class ResnetBlock(nn.Module):
    def __init__(self, inputs: int, outputs: int, groups: int):
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, inputs, eps=1e-6)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm2 = nn.GroupNorm(groups, outputs, eps=1e-6)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.nin_shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x):
        h = self.conv1(F.silu(self.norm1(x)))
        h = self.conv2(F.silu(self.norm2(h)))
        return self.nin_shortcut(x) + h


class AttnBlock(nn.Module):
    def __init__(self, channels: int, groups: int):
        super().__init__()
        self.norm = nn.GroupNorm(groups, channels, eps=1e-6)
        self.q = nn.Conv2d(channels, channels, 1)
        self.k = nn.Conv2d(channels, channels, 1)
        self.v = nn.Conv2d(channels, channels, 1)
        self.proj_out = nn.Conv2d(channels, channels, 1)

    def forward(self, x):
        h = self.norm(x)
        B, C, H, W = x.shape
        q = self.q(h).reshape(B, C, H * W).permute(0, 2, 1)
        k = self.k(h).reshape(B, C, H * W)
        w = torch.bmm(q, k).mul(C**-0.5).softmax(dim=2)
        v = self.v(h).reshape(B, C, H * W)
        h = torch.bmm(v, w.permute(0, 2, 1)).reshape(B, C, H, W)
        return x + self.proj_out(h)


class Upsample(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x):
        return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))


class Level(nn.Module):
    def __init__(self, inputs: int, outputs: int, blocks: int, attended: bool, last: bool, groups: int):
        super().__init__()
        self.res = nn.ModuleList(ResnetBlock(inputs if i == 0 else outputs, outputs, groups) for i in range(blocks))
        self.attn = nn.ModuleList(AttnBlock(outputs, groups) for _ in range(blocks if attended else 0))
        self.upsample = nn.Identity() if last else Upsample(outputs)

    def forward(self, x):
        for i, block in enumerate(self.res):
            x = block(x)
            if len(self.attn):
                x = self.attn[i](x)
        return self.upsample(x)


class Decoder(nn.Module):
    def __init__(self, channels: int, multipliers: list[int], res_blocks: int, z_channels: int, groups: int):
        super().__init__()
        width = channels * multipliers[-1]
        self.conv_in = nn.Conv2d(z_channels, width, 3, padding=1)
        self.mid = nn.ModuleList([ResnetBlock(width, width, groups), AttnBlock(width, groups), ResnetBlock(width, width, groups)])
        self.conv_blocks = nn.ModuleList()
        for i, multiplier in enumerate(reversed(multipliers)):
            inputs, width = width, channels * multiplier
            self.conv_blocks.append(Level(inputs, width, res_blocks + 1, i == 0, i == len(multipliers) - 1, groups))
        self.norm_out = nn.GroupNorm(groups, width, eps=1e-6)
        self.conv_out = nn.Conv2d(width, 3, 3, padding=1)

    def forward(self, z):
        h = self.conv_in(z)
        for part in (*self.mid, *self.conv_blocks):
            h = part(h)
        return self.conv_out(F.silu(self.norm_out(h)))


class Quantizer(nn.Module):
    def __init__(self, size: int, width: int):
        super().__init__()
        self.embedding = nn.Embedding(size, width)

    def look_up(self, indices: torch.Tensor, side: int) -> torch.Tensor:
        """Unit codes of indices [B, side²] as a map [B, C, side, side]."""
        codes = F.normalize(self.embedding.weight, dim=-1)[indices]
        return codes.transpose(1, 2).reshape(len(indices), -1, side, side)


class Tokenizer(nn.Module):
    def __init__(self, channels, multipliers, resBlocks, zChannels, codeWidth, vocabularySize, normGroups):
        super().__init__()
        self.quantize = Quantizer(vocabularySize, codeWidth)
        self.post_quant_conv = nn.Conv2d(codeWidth, zChannels, 1)
        self.decoder = Decoder(channels, multipliers, resBlocks, zChannels, normGroups)

    def next_input(self, indices: torch.Tensor, side: int, next_side: int) -> torch.Tensor:
        """A scale's codes resized to the next scale, as the generator's input [B, next_side², C]."""
        codes = F.interpolate(self.quantize.look_up(indices, side), size=(next_side, next_side), mode="bicubic")
        return codes.flatten(2).transpose(1, 2)

    def inputs(self, indices: list[torch.Tensor], scales: list[int]) -> torch.Tensor:
        """The generator's inputs of scales 2 … N."""
        pairs = zip(indices, scales, scales[1:])
        return torch.cat([self.next_input(ids, side, next_side) for ids, side, next_side in pairs], dim=1)

    def decode(self, indices: torch.Tensor, side: int) -> torch.Tensor:
        return self.decoder(self.post_quant_conv(self.quantize.look_up(indices, side))).clamp(-1, 1)
