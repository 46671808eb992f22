"""Training steps in plain PyTorch: teacher forcing and self-autoregressive refinement (SAR), and the choice of tokens."""

import torch
import torch.nn.functional as F


def choose_argmax(logits):
    return logits.argmax(-1)


def sampler(top_k: int, top_p: float):
    """Top-k, then top-p, then a draw: logits [B, N, V] → tokens [B, N]."""

    def choose(logits):
        if 0 < top_k < logits.shape[-1]:
            least = logits.topk(top_k, dim=-1).values[..., -1:]
            logits = logits.masked_fill(logits < least, -torch.inf)
        if top_p > 0:
            ascending, order = logits.sort(dim=-1)
            drop = ascending.softmax(-1).cumsum(-1) <= 1 - top_p
            drop[..., -1:] = False
            logits = logits.masked_fill(drop.scatter(-1, order, drop), -torch.inf)
        B, N, V = logits.shape
        return torch.multinomial(logits.softmax(-1).view(B * N, V), 1).view(B, N)

    return choose


def cross_entropy(logits, targets):
    return F.cross_entropy(logits.float().flatten(0, 1), targets.flatten(0, 1))


def teacher_loss(model, tokenizer, labels, targets, scales):
    """Loss, logits and inputs of a teacher-forced pass."""
    with torch.no_grad():
        inputs = tokenizer.inputs(targets, scales)
    logits = model(labels, inputs, scales)
    return cross_entropy(logits, torch.cat(targets, dim=1)), logits, inputs


@torch.no_grad()
def rollout(model, labels, logits, inputs, scales, guidance, choose):
    """Tokens of every scale from pass 1's logits; with guidance, the null class's logits take one more pass."""
    sizes = [side * side for side in scales]
    given = logits.float().split(sizes, dim=1)
    if guidance is None:
        return [choose(one) for one in given]
    null = model(torch.full_like(labels, model.classes), inputs, scales).float().split(sizes, dim=1)
    weights = [0.5 * guidance * (1 + i / (len(scales) - 1)) for i in range(len(scales))]
    return [choose((1 + t) * a - t * b) for t, a, b in zip(weights, given, null)]


def sar_loss(model, tokenizer, labels, targets, scales, context, guidance, choose, gamma):
    """Teacher-forcing loss, and the student's against the tokens that pass 1 chose; the sum to minimise."""
    teacher, logits, inputs = teacher_loss(model, tokenizer, labels, targets, scales)
    chosen = rollout(model, labels, logits, inputs, scales, guidance, choose)
    with torch.no_grad():
        student_inputs = tokenizer.inputs(chosen, scales)
    if context == "last-scale":
        side = scales[-1]
        student = cross_entropy(model.last_scale(labels, student_inputs[:, -side * side :], side), chosen[-1])
    else:
        first = scales[0] ** 2
        student = cross_entropy(model(labels, student_inputs, scales)[:, first:], torch.cat(chosen[1:], dim=1))
    return teacher + gamma * student, student


def update(model, optimizer, clip, loss):
    """Backward, clip, update; the loss as a number."""
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return loss.item()
