#!/usr/bin/python3
"""Writes reference values from PyTorch for attention: tests/CharLM.Tests/golden/attention.json.

    apt-get install --no-install-recommends python3-torch
    /usr/bin/python3 scripts/golden-attention.py --out tests/CharLM.Tests/golden/attention.json

Everything is computed in float64, in one thread, from a fixed seed. Scaled dot-product attention is PyTorch's own
(nn.MultiheadAttention with one head and the identity as every projection); additive attention follows Dive into
Deep Learning v1.0, 11.3.2; concatenation attention follows PyTorch's translation tutorial.

The format, JSON:

    torch, dtype        the version of PyTorch, and the data type
    cases               a list
      name, kind        kind is dot, additive or concat
      parameters        the weights, by the names of a state dict; empty for dot
      queries, keys, values
      mask              true where a query may see a key, in the layer's shape; absent if nothing is hidden
      output, weights   the results
      grad_output       the gradients below are those of sum(output * grad_output)
      gradients         by name, including queries, keys and values

A tensor is {"shape": [...], "data": [...]}, row-major.
"""

import argparse
import json

import torch
from torch import nn


class Dot(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.size = size

    def forward(self, queries, keys, values, mask):
        torch_own = nn.MultiheadAttention(self.size, 1, bias=False, batch_first=True)
        with torch.no_grad():
            torch_own.in_proj_weight.copy_(torch.eye(self.size).repeat(3, 1))
            torch_own.out_proj.weight.copy_(torch.eye(self.size))
        hidden = None if mask is None else ~mask.expand(queries.shape[0], queries.shape[1], keys.shape[1])
        return torch_own(queries, keys, values, attn_mask=hidden)


class Additive(nn.Module):
    def __init__(self, query_size, key_size, hidden):
        super().__init__()
        self.W_q = nn.Linear(query_size, hidden, bias=False)
        self.W_k = nn.Linear(key_size, hidden, bias=False)
        self.w_v = nn.Linear(hidden, 1, bias=False)

    def forward(self, queries, keys, values, mask):
        features = torch.tanh(self.W_q(queries).unsqueeze(2) + self.W_k(keys).unsqueeze(1))
        scores = self.w_v(features).squeeze(-1)
        if mask is not None:
            scores = scores.masked_fill(~mask, float("-inf"))
        weights = torch.softmax(scores, dim=-1)
        return torch.bmm(weights, values), weights


class Concat(nn.Module):
    def __init__(self, query_size, key_size, value_size1, value_size2, output_size):
        super().__init__()
        self.attn = nn.Linear(query_size + key_size, value_size1)
        self.attn_combine = nn.Linear(query_size + value_size2, output_size)

    def forward(self, query, key, values, mask):
        scores = self.attn(torch.cat((query[:, 0], key[:, 0]), 1))
        if mask is not None:
            scores = scores.masked_fill(~mask, float("-inf"))
        weights = torch.softmax(scores, dim=-1)
        applied = torch.bmm(weights.unsqueeze(1), values)
        return self.attn_combine(torch.cat((query[:, 0], applied[:, 0]), 1)).unsqueeze(1), weights


def as_json(tensor):
    return {"shape": list(tensor.shape), "data": tensor.detach().reshape(-1).tolist()}


def case(name, kind, layer, queries, keys, values, mask=None):
    inputs = {"queries": queries, "keys": keys, "values": values}
    for tensor in inputs.values():
        tensor.requires_grad_(True)
    output, weights = layer(queries, keys, values, mask)
    grad_output = torch.randn(output.shape)
    (output * grad_output).sum().backward()
    gradients = {**{n: t.grad for n, t in inputs.items()}, **{n: p.grad for n, p in layer.named_parameters()}}
    entry = {
        "name": name,
        "kind": kind,
        "parameters": {n: as_json(p) for n, p in layer.named_parameters()},
        **{n: as_json(t) for n, t in inputs.items()},
        "output": as_json(output),
        "weights": as_json(weights),
        "grad_output": as_json(grad_output),
        "gradients": {n: as_json(g) for n, g in gradients.items()},
    }
    if mask is not None:
        entry["mask"] = as_json(mask)
    return entry


def main():
    parser = argparse.ArgumentParser(description="Writes reference values from PyTorch for attention.")
    parser.add_argument("--out", required=True, metavar="FILE")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(7)
    lengths = torch.tensor([5, 2, 1])
    padding = (torch.arange(5) < lengths.unsqueeze(1)).unsqueeze(1)                       # [batch, 1, keys]
    steps = torch.arange(5)
    window = ((steps <= steps.unsqueeze(1)) & (steps > steps.unsqueeze(1) - 3)).unsqueeze(0)  # [1, queries, keys]
    cases = [
        case("dot", "dot", Dot(6), torch.randn(3, 2, 6), torch.randn(3, 5, 6), torch.randn(3, 5, 6)),
        case("dot, lengths", "dot", Dot(6), torch.randn(3, 2, 6), torch.randn(3, 5, 6), torch.randn(3, 5, 6), padding),
        case("dot, causal window of 3", "dot", Dot(4), torch.randn(2, 5, 4), torch.randn(2, 5, 4), torch.randn(2, 5, 4), window),
        case("additive", "additive", Additive(3, 4, 7), torch.randn(3, 2, 3), torch.randn(3, 5, 4), torch.randn(3, 5, 6)),
        case("additive, lengths", "additive", Additive(3, 4, 7), torch.randn(3, 2, 3), torch.randn(3, 5, 4), torch.randn(3, 5, 6), padding),
        case("concat", "concat", Concat(3, 4, 5, 6, 2), torch.randn(3, 1, 3), torch.randn(3, 1, 4), torch.randn(3, 5, 6)),
        case("concat, lengths", "concat", Concat(3, 4, 5, 6, 2), torch.randn(3, 1, 3), torch.randn(3, 1, 4), torch.randn(3, 5, 6), padding[:, 0]),
    ]
    golden = {"torch": torch.__version__, "dtype": "float64", "cases": cases}
    with open(options.out, "w", encoding="ascii") as file:
        json.dump(golden, file)
        file.write("\n")


if __name__ == "__main__":
    main()
