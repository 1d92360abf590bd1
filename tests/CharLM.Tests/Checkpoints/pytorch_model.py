"""Makes a language model as people write them in PyTorch, and saves it: FILE.pt CELL LAYERS EMBEDDING IDS.json VOCAB_SIZE.

Prints the perplexity of the ids, as PyTorch computes it. The modules have other names than the toolkit's on purpose.
"""

import json
import math
import sys

import torch
from torch import nn

HIDDEN = 11


class CharModel(nn.Module):
    def __init__(self, cell, layers, vocab_size, embedding_size):
        super().__init__()
        self.vocab_size = vocab_size
        if embedding_size:
            self.encoder = nn.Embedding(vocab_size, embedding_size)
        self.net = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[cell](embedding_size or vocab_size, HIDDEN, layers, batch_first=True)
        self.decoder = nn.Linear(HIDDEN, vocab_size)

    def forward(self, ids):
        x = self.encoder(ids) if hasattr(self, "encoder") else nn.functional.one_hot(ids, self.vocab_size).float()
        return self.decoder(self.net(x)[0])


path, cell, layers, embedding_size, ids_path, vocab_size = sys.argv[1:]
torch.manual_seed(7)
model = CharModel(cell, int(layers), int(vocab_size), int(embedding_size))
ids = torch.tensor([json.load(open(ids_path))])
optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
rows = ids[0, : ids.shape[1] // 50 * 50].reshape(-1, 50)
for _ in range(20):  # a few steps, so that the weights are no longer small
    loss = nn.functional.cross_entropy(model(rows[:, :-1]).transpose(1, 2), rows[:, 1:])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
with torch.no_grad():
    print(math.exp(nn.functional.cross_entropy(model(ids[:, :-1])[0].double(), ids[0, 1:])))
torch.save({"model": model.state_dict(), "epoch": 20}, path)
