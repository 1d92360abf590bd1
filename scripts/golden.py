#!/usr/bin/python3
"""Writes reference values from PyTorch for the recurrent layers: tests/CharLM.Tests/golden/recurrent.json.

    apt-get install --no-install-recommends python3-torch
    /usr/bin/python3 scripts/golden.py --out tests/CharLM.Tests/golden/recurrent.json

Everything is computed in float64, in one thread, from the seed: the same PyTorch writes the same file. CHARLM_GOLDEN
names another file of this format for the tests.

The format, JSON:

    torch, dtype        the version of PyTorch, and the data type
    cases               a list, one entry per model: RNN (tanh), GRU and LSTM, each with 1 layer, 2 layers, and 2 bidirectional
                        layers; a linear layer on top gives the logits
      cell, num_layers, bidirectional, vocab_size, num_hiddens, batch_size, num_steps
      parameters        the weights before the first step, by the names of a state dict
                        (rnn.weight_ih_l0, ..., rnn.bias_hh_l1_reverse, linear.weight, linear.bias)
      inputs, targets   one minibatch per step: token ids [steps][batch_size][num_steps]; inputs are one-hot encoded
      steps             the results of each training step, in order
        loss            cross-entropy, mean over all tokens, nats
        perplexity      exp(loss)
        gradient_norm   sqrt of the sum of the squares of all gradients, before clipping
        final_state     [hidden state], for an LSTM [hidden state, cell state]; each [layers * directions, batch, hidden]
        logits          [num_steps * batch_size, vocab_size], step by step; first step only
        gradients       by name, before clipping; first step only
      parameters_after  the weights after the last step
      learning_rate, clip_norm

A tensor is {"shape": [...], "data": [...]}, row-major. One step of training: forward from the state of the step before
(zeros before the first; gradients do not flow into it), mean cross-entropy, backward, clipping as Dive into Deep
Learning does it (where the norm exceeds clip_norm, every gradient is multiplied by clip_norm / norm), and w -= lr * g.
"""

import argparse
import json
import math

import torch
from torch import nn

CELLS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
STACKS = [(1, False), (2, False), (2, True)]


class Model(nn.Module):
    """The recurrent layers and the output layer, named as in the book's RNNModel."""

    def __init__(self, cell, num_layers, bidirectional, vocab_size, num_hiddens):
        super().__init__()
        self.vocab_size = vocab_size
        self.rnn = CELLS[cell](vocab_size, num_hiddens, num_layers, bidirectional=bidirectional)
        self.linear = nn.Linear(num_hiddens * (2 if bidirectional else 1), vocab_size)

    def forward(self, inputs, state):
        vectors = nn.functional.one_hot(inputs.T, self.vocab_size).to(torch.float64)
        outputs, state = self.rnn(vectors, state)
        return self.linear(outputs.reshape(-1, outputs.shape[-1])), state


def as_json(tensor):
    return {"shape": list(tensor.shape), "data": tensor.detach().reshape(-1).tolist()}


def parts(state):
    return state if isinstance(state, tuple) else (state,)


def train_step(model, inputs, targets, state, learning_rate, clip_norm, whole):
    """One step; returns its results and the next step's initial state."""
    logits, state = model(inputs, state)
    loss = nn.functional.cross_entropy(logits, targets.T.reshape(-1))
    model.zero_grad()
    loss.backward()
    norm = math.sqrt(sum(float((p.grad ** 2).sum()) for p in model.parameters()))
    report = {
        "loss": loss.item(),
        "perplexity": math.exp(loss.item()),
        "gradient_norm": norm,
        "final_state": [as_json(part) for part in parts(state)],
    }
    if whole:
        report["logits"] = as_json(logits)
        report["gradients"] = {name: as_json(p.grad) for name, p in model.named_parameters()}
    scale = clip_norm / norm if norm > clip_norm else 1
    with torch.no_grad():
        for p in model.parameters():
            p -= learning_rate * scale * p.grad
    detached = tuple(part.detach() for part in parts(state))
    return report, detached if len(detached) > 1 else detached[0]


def case(number, cell, num_layers, bidirectional, options):
    torch.manual_seed(options.seed * 100 + number)  # a seed per case, so that a case does not depend on earlier ones
    model = Model(cell, num_layers, bidirectional, options.vocab_size, options.hidden)
    ids = torch.randint(options.vocab_size, (2, options.steps, options.batch_size, options.num_steps))
    entry = {
        "cell": cell,
        "num_layers": num_layers,
        "bidirectional": bidirectional,
        "vocab_size": options.vocab_size,
        "num_hiddens": options.hidden,
        "batch_size": options.batch_size,
        "num_steps": options.num_steps,
        "parameters": {name: as_json(p) for name, p in model.named_parameters()},
        "inputs": ids[0].tolist(),
        "targets": ids[1].tolist(),
        "steps": [],
    }
    state = None
    for step in range(options.steps):
        report, state = train_step(model, ids[0][step], ids[1][step], state, options.lr, options.clip, whole=step == 0)
        entry["steps"].append(report)
    entry["parameters_after"] = {name: as_json(p) for name, p in model.named_parameters()}
    entry["learning_rate"] = options.lr
    entry["clip_norm"] = options.clip
    return entry


def main():
    parser = argparse.ArgumentParser(description="Writes reference values from PyTorch for the recurrent layers.")
    parser.add_argument("--out", required=True, metavar="FILE")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--vocab-size", type=int, default=7)
    parser.add_argument("--hidden", type=int, default=4)
    parser.add_argument("--batch-size", type=int, default=3)
    parser.add_argument("--num-steps", type=int, default=5)
    parser.add_argument("--steps", type=int, default=3, help="training steps")
    parser.add_argument("--lr", type=float, default=0.5)
    parser.add_argument("--clip", type=float, default=0.25, help="maximum norm of the gradients; the default clips in most steps")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    models = [(cell, layers, both) for cell in CELLS for layers, both in STACKS]
    golden = {
        "torch": torch.__version__,
        "dtype": "float64",
        "cases": [case(number, *model, options) for number, model in enumerate(models)],
    }
    with open(options.out, "w", encoding="ascii") as file:
        json.dump(golden, file)
        file.write("\n")


if __name__ == "__main__":
    main()
