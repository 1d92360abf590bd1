#!/usr/bin/python3
"""Computes the perplexity of token ids with PyTorch, from a file that charlm export wrote. Prints one JSON object.

    charlm export --checkpoint checkpoints/last.safetensors --out model.pt
    python3 scripts/pytorch_perplexity.py model.pt ids.json

ids.json is a list of token ids: each one but the first is predicted from all before it, as charlm does with one row. The
state dict is loaded unchanged: load_model shows all that PyTorch needs to use such a model.
"""

import argparse
import json
import math
import zipfile

import torch
from torch import nn

STEPS = 1024  # tokens per call; the state is carried between calls


class LanguageModel(nn.Module):
    """The recurrent layers, an output layer, and an embedding or one-hot vectors, named as in the state dict."""

    def __init__(self, rnn, vocab_size, embedding_size):
        super().__init__()
        self.vocab_size = vocab_size
        self.rnn = rnn
        self.linear = nn.Linear(rnn.hidden_size * (2 if rnn.bidirectional else 1), vocab_size)
        self.embedding = nn.Embedding(vocab_size, embedding_size) if embedding_size else None

    def forward(self, ids, state=None):
        """Token ids [num_steps, batch] -> logits [num_steps, batch, vocab], state."""
        vectors = self.embedding(ids) if self.embedding else nn.functional.one_hot(ids, self.vocab_size).to(self.linear.weight.dtype)
        outputs, state = self.rnn(vectors, state)
        return self.linear(outputs), state


def load_model(path):
    """The model of an exported file; its sizes follow from the shapes of its weights."""
    weights = torch.load(path, weights_only=True)
    with zipfile.ZipFile(path) as archive:
        metadata = json.loads(archive.read("model/charlm.json"))  # PyTorch ignores this record
    rows, hidden = weights["rnn.weight_hh_l0"].shape
    cell = {1: nn.RNN, 3: nn.GRU, 4: nn.LSTM}[rows // hidden]
    layers = sum(name.startswith("rnn.weight_ih_") and not name.endswith("_reverse") for name in weights)
    more = {"nonlinearity": json.loads(metadata["charlm_model"]).get("rnn_activation", "tanh")} if cell is nn.RNN else {}
    rnn = cell(weights["rnn.weight_ih_l0"].shape[1], hidden, layers, bidirectional="rnn.weight_ih_l0_reverse" in weights, **more)
    embedding = weights.get("embedding.weight")
    model = LanguageModel(rnn, weights["linear.weight"].shape[0], 0 if embedding is None else embedding.shape[1])
    model.load_state_dict(weights)
    return model.eval()


@torch.no_grad()
def measure(model, ids):
    """Total nats of all ids but the first."""
    ids, total, state = torch.tensor(ids), 0.0, None
    for begin in range(0, len(ids) - 1, STEPS):
        inputs = ids[begin : min(begin + STEPS, len(ids) - 1)]
        logits, state = model(inputs.unsqueeze(1), state)
        targets = ids[begin + 1 : begin + 1 + len(inputs)]
        total += nn.functional.cross_entropy(logits.squeeze(1).double(), targets, reduction="sum").item()
    return total


def main():
    parser = argparse.ArgumentParser(description="Computes the perplexity of token ids with PyTorch.")
    parser.add_argument("model", metavar="MODEL", help="a .pt file of charlm export")
    parser.add_argument("ids", metavar="IDS", help="JSON list of token ids, two or more")
    options = parser.parse_args()
    with open(options.ids, encoding="ascii") as file:
        ids = json.load(file)
    nats = measure(load_model(options.model), ids)
    print(json.dumps({"nats": nats, "tokens": len(ids) - 1, "perplexity": math.exp(nats / (len(ids) - 1))}))


if __name__ == "__main__":
    main()
