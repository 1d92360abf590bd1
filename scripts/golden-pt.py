#!/usr/bin/python3
"""Writes files of torch.save for the tests: tests/CharLM.Tests/golden/pytorch/*.pt, and logits.json beside them.

    apt-get install --no-install-recommends python3-torch
    /usr/bin/python3 scripts/golden-pt.py tests/CharLM.Tests/golden/pytorch

Each file holds a language model over 5 tokens in a common way of saving; logits.json has, by file, the logits that PyTorch computes
from its weights in float32, for the token ids of IDS in one row, from the zero state.
"""

import argparse
import json
import os
from pathlib import Path

import torch
from torch import nn

VOCAB, HIDDEN = 5, 3
IDS = [1, 2, 3, 0, 4, 2, 2, 1]
CELLS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


class CharModel(nn.Module):
    """Modules with common names other than the toolkit's."""

    def __init__(self, cell, layers, embedding=0):
        super().__init__()
        if embedding:
            self.encoder = nn.Embedding(VOCAB, embedding)
        self.net = CELLS[cell](embedding or VOCAB, HIDDEN, layers)
        self.decoder = nn.Linear(HIDDEN, VOCAB)

    def forward(self, ids):
        vectors = self.encoder(ids) if hasattr(self, "encoder") else nn.functional.one_hot(ids, VOCAB).float()
        return self.decoder(self.net(vectors)[0])


class Trap:
    """Runs a program when a real unpickler reads it."""

    def __reduce__(self):
        return os.system, ("touch trap",)


def flattened(state):
    """The recurrent weights as views of one storage, as cuDNN and state dicts from the GPU keep them."""
    names = [name for name in state if name.startswith("net.")]
    whole, place, parts = torch.cat([state[name].reshape(-1) for name in names]), 0, dict(state)
    for name in names:
        parts[name] = whole[place : place + state[name].numel()].view(state[name].shape)
        place += state[name].numel()
    return parts


def transposed(state):
    """The same values in another memory order."""
    return {name: weight.t().contiguous().t() if weight.dim() == 2 else torch.stack([weight, weight], 1)[:, 0] for name, weight in state.items()}


def whole_training(state):
    """The checkpoint of a typical training script, including the optimizer."""
    parameter = nn.Parameter(torch.ones(2))
    optimizer = torch.optim.Adam([parameter], lr=0.01)
    parameter.sum().backward()
    optimizer.step()
    return {"epoch": 7, "loss": 1.25, "model": state, "optimizer": optimizer.state_dict(), "history": [3.5, 2.5], "device": torch.device("cpu"), "seed": 2**63 + 1}


FILES = {  # name: cell, layers, embedding, transformation of the state dict, options of torch.save
    "gru": ("gru", 1, 0, None, {}),
    "lstm-2": ("lstm", 2, 4, None, {}),
    "rnn-protocol-4": ("rnn", 1, 0, None, {"pickle_protocol": 4}),
    "lstm-gpu": ("lstm", 2, 0, flattened, {}),
    "gru-transposed": ("gru", 1, 2, transposed, {}),
    "gru-training": ("gru", 1, 0, whole_training, {}),
    "lstm-lightning": ("lstm", 1, 0, lambda state: {"state_dict": {f"model.{name}": weight for name, weight in state.items()}, "epoch": 1}, {}),
    "gru-two": ("gru", 1, 0, lambda state: {"best": state, "ema": {name: torch.zeros_like(weight) for name, weight in state.items()}}, {}),
    "gru-parameters": ("gru", 1, 0, lambda state: {name: nn.Parameter(weight) for name, weight in state.items()}, {}),
    "gru-float64": ("gru", 1, 0, lambda state: {name: weight.double() for name, weight in state.items()}, {}),
    "gru-float16": ("gru", 1, 0, lambda state: {name: weight.half() for name, weight in state.items()}, {}),
    "gru-bfloat16": ("gru", 1, 0, lambda state: {name: weight.bfloat16() for name, weight in state.items()}, {}),
}


def main():
    parser = argparse.ArgumentParser(description="Writes files of torch.save for the tests.")
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    logits = {}
    for seed, (name, (cell, layers, embedding, change, options)) in enumerate(FILES.items()):
        torch.manual_seed(seed)
        model = CharModel(cell, layers, embedding)
        saved = change(model.state_dict()) if change else model.state_dict()
        torch.save(saved, folder / f"{name}.pt", **options)
        if name.startswith("gru-") and name.endswith(("16", "64")):
            model.load_state_dict(saved)  # rounded as in the file
        with torch.no_grad():
            logits[f"{name}.pt"] = model(torch.tensor(IDS).unsqueeze(1)).squeeze(1).tolist()
    torch.save(CharModel("gru", 1), folder / "module.pt")
    torch.save({**CharModel("gru", 1).state_dict(), "trap": Trap()}, folder / "trap.pt")
    torch.save(CharModel("gru", 1).state_dict(), folder / "old-format.pt", _use_new_zipfile_serialization=False)
    with open(folder / "logits.json", "w", encoding="ascii") as file:
        json.dump({"torch": torch.__version__, "ids": IDS, "logits": logits}, file)
        file.write("\n")


if __name__ == "__main__":
    main()
