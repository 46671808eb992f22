"""VAR in plain PyTorch: the decoding half of its residual tokenizer, and its generator's sampler as the published code has it, with a
key-value cache that grows by concatenation and both halves of classifier-free guidance all along. Blocks and head are flexvar.py's."""

import torch
import torch.nn.functional as F
from torch import nn

from flexvar import Block, Head
from tokenizer import ResnetBlock, Upsample


class AttnBlock(nn.Module):
    def __init__(self, channels: int, groups: int):
        super().__init__()
        self.norm = nn.GroupNorm(groups, channels, eps=1e-6)
        self.qkv = nn.Conv2d(channels, 3 * channels, 1)
        self.proj_out = nn.Conv2d(channels, channels, 1)

    def forward(self, x):
        B, C, H, W = x.shape
        q, k, v = self.qkv(self.norm(x)).reshape(B, 3, C, H * W).unbind(1)
        w = torch.bmm(q.transpose(1, 2), k).mul(C**-0.5).softmax(dim=2)
        h = torch.bmm(v, w.transpose(1, 2)).reshape(B, C, H, W)
        return x + self.proj_out(h)


class Level(nn.Module):
    def __init__(self, inputs: int, outputs: int, blocks: int, attended: bool, last: bool, groups: int):
        super().__init__()
        self.block = nn.ModuleList(ResnetBlock(inputs if i == 0 else outputs, outputs, groups) for i in range(blocks))
        self.attn = nn.ModuleList(AttnBlock(outputs, groups) for _ in range(blocks if attended else 0))
        self.upsample = nn.Identity() if last else Upsample(outputs)

    def forward(self, x):
        for i, block in enumerate(self.block):
            x = block(x)
            if len(self.attn):
                x = self.attn[i](x)
        return self.upsample(x)


class Middle(nn.Module):
    def __init__(self, channels: int, groups: int):
        super().__init__()
        self.block_1 = ResnetBlock(channels, channels, groups)
        self.attn_1 = AttnBlock(channels, groups)
        self.block_2 = ResnetBlock(channels, channels, groups)

    def forward(self, x):
        return self.block_2(self.attn_1(self.block_1(x)))


class Decoder(nn.Module):
    def __init__(self, channels: int, multipliers: list[int], res_blocks: int, z_channels: int, groups: int):
        super().__init__()
        width = channels * multipliers[-1]
        self.conv_in = nn.Conv2d(z_channels, width, 3, padding=1)
        self.mid = Middle(width, groups)
        levels = []
        for i, multiplier in enumerate(reversed(multipliers)):
            inputs, width = width, channels * multiplier
            levels.append(Level(inputs, width, res_blocks + 1, i == 0, i == len(multipliers) - 1, groups))
        self.up = nn.ModuleList(reversed(levels))  # the finest resolution first
        self.norm_out = nn.GroupNorm(groups, width, eps=1e-6)
        self.conv_out = nn.Conv2d(width, 3, 3, padding=1)

    def forward(self, z):
        h = self.mid(self.conv_in(z))
        for level in reversed(self.up):
            h = level(h)
        return self.conv_out(F.silu(self.norm_out(h)))


class Quantizer(nn.Module):
    """Codes, and the convolutions that smooth what a scale adds: the published four, each for the scales nearest to it."""

    def __init__(self, size: int, width: int, ratio: float):
        super().__init__()
        self.embedding = nn.Embedding(size, width)
        self.quant_resi = nn.Module()
        self.quant_resi.qresi_ls = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(4))
        self.ratio = ratio
        self.ticks = torch.linspace(1 / 12, 11 / 12, 4, dtype=torch.float64)

    def contribution(self, indices: torch.Tensor, place: float, side: int, last_side: int) -> torch.Tensor:
        """What a scale's indices [B, side²] add to the running sum [B, C, last_side, last_side]."""
        h = self.embedding(indices).transpose(1, 2).reshape(len(indices), -1, side, side)
        if side != last_side:
            h = F.interpolate(h, size=(last_side, last_side), mode="bicubic")
        smooth = self.quant_resi.qresi_ls[(self.ticks - place).abs().argmin()]
        return h * (1 - self.ratio) + smooth(h) * self.ratio


class Tokenizer(nn.Module):
    def __init__(self, channels, multipliers, resBlocks, codeWidth, vocabularySize, normGroups, phis, phiRatio):
        super().__init__()
        assert phis == 4
        self.width = codeWidth
        self.quantize = Quantizer(vocabularySize, codeWidth, phiRatio)
        self.post_quant_conv = nn.Conv2d(codeWidth, codeWidth, 3, padding=1)
        self.decoder = Decoder(channels, multipliers, resBlocks, codeWidth, normGroups)

    def decode(self, total):
        return self.decoder(self.post_quant_conv(total)).clamp(-1, 1)


class VAR(nn.Module):
    def __init__(self, depth, width, heads, classes, vocabularySize, codeWidth, scales):
        super().__init__()
        self.classes = classes
        self.word_embed = nn.Linear(codeWidth, width)
        self.class_emb = nn.Embedding(classes + 1, width)
        self.pos_start = nn.Parameter(torch.empty(1, scales[0] ** 2, width))
        self.pos_1LC = nn.Parameter(torch.empty(1, sum(side * side for side in scales), width))
        self.lvl_embed = nn.Embedding(len(scales), width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(depth))
        self.head_nm = Head(width)
        self.head = nn.Linear(width, vocabularySize)

    @torch.no_grad()
    def sample(self, tokenizer, labels, scales, cfg, choose):
        """Images [B, 3, H, W] and the tokens of all scales; guidance grows in a straight line to `cfg`, `choose` turns logits into tokens."""
        B, last_side = len(labels), scales[-1]
        condition = self.class_emb(torch.cat((labels, torch.full_like(labels, self.classes))))
        level = torch.cat([torch.full((side * side,), i, device=labels.device) for i, side in enumerate(scales)])
        positions = self.lvl_embed(level) + self.pos_1LC
        x = condition[:, None].expand(-1, scales[0] ** 2, -1) + self.pos_start
        total = condition.new_zeros(B, tokenizer.width, last_side, last_side)
        chosen, seen = [], 0
        for i, side in enumerate(scales):
            x = x + positions[:, seen : seen + side * side]
            seen += side * side
            for block in self.blocks:
                x = block(x, condition, caching=True)
            logits = self.head(self.head_nm(x, condition)).float()
            place = i / (len(scales) - 1)
            given, null = logits.chunk(2)
            tokens = choose((1 + cfg * place) * given - cfg * place * null)
            chosen.append(tokens)
            total = total + tokenizer.quantize.contribution(tokens, place, side, last_side)
            if i + 1 < len(scales):
                next_side = scales[i + 1]
                inputs = F.interpolate(total, size=(next_side, next_side), mode="area").flatten(2).transpose(1, 2)
                x = self.word_embed(inputs).repeat(2, 1, 1)
        for block in self.blocks:
            block.attn.cache = None
        return tokenizer.decode(total).float(), torch.cat(chosen, dim=1)
