"""The FlexVAR generator in plain PyTorch, as the public code computes it: one additive mask over the whole sequence in training,
a key-value cache that grows by concatenation in sampling, both halves of classifier-free guidance in one batch."""

import math

import torch
import torch.nn.functional as F
from torch import nn


def sine_cosine_map(width: int, side: int) -> torch.Tensor:
    """Initial position map [1, C, S, S]: even channels sin(y ω), odd channels cos(x ω)."""
    frequency = 10000 ** (-2 * (torch.arange(width, dtype=torch.float64) // 2) / width)
    angle = torch.arange(side, dtype=torch.float64)[None] * frequency[:, None]
    result = torch.empty(width, side, side, dtype=torch.float64)
    result[0::2] = angle[0::2].sin()[:, :, None]
    result[1::2] = angle[1::2].cos()[:, None, :]
    return result.float()[None]


class SelfAttention(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.scale_mul_1H11 = nn.Parameter(torch.empty(1, heads, 1, 1))
        self.q_bias = nn.Parameter(torch.empty(width))
        self.v_bias = nn.Parameter(torch.empty(width))
        self.register_buffer("zero_k_bias", torch.zeros(width))
        self.mat_qkv = nn.Linear(width, 3 * width, bias=False)
        self.proj = nn.Linear(width, width)
        self.cache = None

    def forward(self, x, mask, caching):
        B, L, C = x.shape
        bias = torch.cat((self.q_bias, self.zero_k_bias, self.v_bias))
        q, k, v = F.linear(x, self.mat_qkv.weight, bias).view(B, L, 3, self.heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
        scale = self.scale_mul_1H11.clamp_max(math.log(100)).exp()
        q = F.normalize(q, dim=-1).mul(scale)
        k = F.normalize(k, dim=-1)
        if caching:
            if self.cache is not None:
                k = torch.cat((self.cache[0], k), dim=2)
                v = torch.cat((self.cache[1], v), dim=2)
            self.cache = (k, v)
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=1)
        return self.proj(out.transpose(1, 2).reshape(B, L, C))


class FeedForward(nn.Module):
    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.act = nn.GELU(approximate="tanh")
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, x):
        return self.fc2(self.act(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.attn = SelfAttention(width, heads)
        self.ffn = FeedForward(width, 4 * width)
        self.ln_wo_grad = nn.LayerNorm(width, eps=1e-6, elementwise_affine=False)
        self.ada_lin = nn.Sequential(nn.SiLU(), nn.Linear(width, 6 * width))

    def forward(self, x, condition, mask=None, caching=False):
        gate1, gate2, scale1, scale2, shift1, shift2 = self.ada_lin(condition).view(len(x), 1, 6, -1).unbind(2)
        x = x + self.attn(self.ln_wo_grad(x).mul(scale1.add(1)).add(shift1), mask, caching).mul(gate1)
        return x + self.ffn(self.ln_wo_grad(x).mul(scale2.add(1)).add(shift2)).mul(gate2)


class Head(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.ln_wo_grad = nn.LayerNorm(width, eps=1e-6, elementwise_affine=False)
        self.ada_lin = nn.Sequential(nn.SiLU(), nn.Linear(width, 2 * width))

    def forward(self, x, condition):
        scale, shift = self.ada_lin(condition).view(len(x), 1, 2, -1).unbind(2)
        return self.ln_wo_grad(x).mul(scale.add(1)).add(shift)


class FlexVAR(nn.Module):
    def __init__(self, depth, width, heads, classes, vocabularySize, codeWidth, positionSide):
        super().__init__()
        self.classes = classes
        self.word_embed = nn.Linear(codeWidth, width)
        self.class_emb = nn.Embedding(classes + 1, width)
        self.pos_start = nn.Parameter(torch.empty(1, 1, width))
        self.pos_1LC = nn.Parameter(sine_cosine_map(width, positionSide))
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(depth))
        self.head_nm = Head(width)
        self.head = nn.Linear(width, vocabularySize)

    def positions(self, scales):
        parts = [F.interpolate(self.pos_1LC, size=(s, s), mode="area").flatten(2).transpose(1, 2) for s in scales]
        return torch.cat(parts, dim=1)

    @staticmethod
    def mask(scales):
        """The additive mask [1, 1, L, L]: a token sees its own scale and all before it."""
        level = torch.cat([torch.full((s * s,), i) for i, s in enumerate(scales)])
        return torch.zeros(len(level), len(level)).masked_fill_(level[:, None] < level[None], -torch.inf)[None, None]

    def run_blocks(self, x, condition, mask):
        for block in self.blocks:
            x = block(x, condition, mask)
        return self.head(self.head_nm(x, condition))

    def forward(self, labels, inputs, scales):
        """Teacher forcing: logits [B, L, V] of all scales, of the inputs of scales 2 … N."""
        condition = self.class_emb(labels)
        start = condition[:, None] + self.pos_start
        x = torch.cat((start, self.word_embed(inputs).float()), dim=1) + self.positions(scales)
        return self.run_blocks(self.low(x), condition, self.low(self.mask(scales).to(x.device)))

    def last_scale(self, labels, inputs, side):
        """The student pass of SAR's released trainer: the last scale after the bare class embedding."""
        condition = self.class_emb(labels)
        scales = [1, side]
        x = torch.cat((condition[:, None], self.word_embed(inputs).float()), dim=1) + self.positions(scales)
        return self.run_blocks(self.low(x), condition, self.low(self.mask(scales).to(x.device)))[:, 1:]

    @staticmethod
    def low(x):
        """In autocast's low precision, where it is on: the public code casts the sequence before the first block."""
        device = x.device.type
        return x.to(torch.get_autocast_dtype(device)) if torch.is_autocast_enabled(device) else x

    @torch.no_grad()
    def sample(self, tokenizer, labels, scales, cfg, choose):
        """Images [B, 3, H, W] and the tokens of all scales; guidance grows in a straight line to `cfg`, `choose` turns logits into tokens."""
        condition = self.class_emb(torch.cat((labels, torch.full_like(labels, self.classes))))
        x = condition[:, None] + self.pos_start
        chosen = []
        for i, side in enumerate(scales):
            x = x + self.positions([side])
            for block in self.blocks:
                x = block(x, condition, caching=True)
            logits = self.head(self.head_nm(x, condition)).float()
            t = cfg * i / (len(scales) - 1)
            given, null = logits.chunk(2)
            tokens = choose((1 + t) * given - t * null)
            chosen.append(tokens)
            if i + 1 < len(scales):
                x = self.word_embed(tokenizer.next_input(tokens, side, scales[i + 1])).repeat(2, 1, 1)
        for block in self.blocks:
            block.attn.cache = None
        return tokenizer.decode(tokens, scales[-1]).float(), torch.cat(chosen, dim=1)
