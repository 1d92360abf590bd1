#!/usr/bin/python3
"""Turns a state dict of PyTorch into a plain safetensors file, and back.

    python3 scripts/pytorch_convert.py model.pt model.safetensors     then: charlm import --from-pytorch model.safetensors
    python3 scripts/pytorch_convert.py model.safetensors model.pt     after: charlm export

The output's name says which way: .safetensors, or anything else for torch.save. Needs torch and nothing more: the
safetensors format (an 8-byte length, a JSON header, the tensors' bytes) is read and written here.

--vocab FILE is a JSON list of tokens in order of their ids. On the way to safetensors it is put into the metadata, where
charlm finds it; on the way back it is written from there. --key NAME takes the state dict from a dictionary that holds
more than that, such as {"model": ..., "optimizer": ...}.

A .pt file is a pickle, and a pickle can run any program when it is loaded. Files are therefore loaded with
torch.load(weights_only=True), which allows tensors and plain containers only and exists since PyTorch 1.13. --trust loads
without that, for files of your own that hold more, or for an older PyTorch.
"""

import argparse
import collections.abc
import ctypes
import inspect
import json
import os
import struct
import sys

import torch

DTYPES = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
    "I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8, "BOOL": torch.bool,
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}


def read_safetensors(path):
    """The tensors of a safetensors file by name, and its metadata."""
    with open(path, "rb") as file:
        content = file.read()
    try:
        (length,) = struct.unpack_from("<Q", content)
        header = json.loads(content[8 : 8 + length].decode("utf-8"))
        metadata = header.pop("__metadata__", {})
        tensors = {}
        for name, entry in header.items():
            begin, end = (8 + length + offset for offset in entry["data_offsets"])
            dtype = DTYPES[entry["dtype"]]
            data = bytearray(content[begin:end])  # a copy of its own: torch wants memory that may be written
            tensors[name] = (torch.frombuffer(data, dtype=dtype) if data else torch.empty(0, dtype=dtype)).reshape(entry["shape"])
        return tensors, metadata
    except (struct.error, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as e:
        raise SystemExit(f"{path}: no safetensors file that can be read: {e!r}")


def write_safetensors(path, tensors, metadata):
    """Writes tensors by name, in order of their names, and metadata of texts."""
    header, parts, place = {"__metadata__": metadata}, [], 0
    for name, tensor in sorted(tensors.items()):
        tensor = tensor.detach().cpu().contiguous()
        data = ctypes.string_at(tensor.data_ptr(), tensor.numel() * tensor.element_size()) if tensor.numel() else b""
        header[name] = {"dtype": NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [place, place + len(data)]}
        parts.append(data)
        place += len(data)
    text = json.dumps(header, ensure_ascii=False).encode("utf-8")
    text += b" " * (-len(text) % 8)  # the format wants its data aligned
    write(path, lambda file: file.writelines([struct.pack("<Q", len(text)), text, *parts]))


def write(path, content):
    """Writes a file under another name first: there is a whole file or none."""
    temporary = f"{path}.tmp"
    try:
        with open(temporary, "wb") as file:
            content(file)
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)


def load_pt(path, key, trust):
    """The state dict of a file of torch.save."""
    if trust:
        loaded = torch.load(path, map_location="cpu", **({"weights_only": False} if can_load_safely() else {}))
    elif can_load_safely():
        try:
            loaded = torch.load(path, map_location="cpu", weights_only=True)
        except OSError:
            raise
        except Exception as e:  # pickle.UnpicklingError and many more
            reason = str(e).split("WeightsUnpickler error: ")[-1].splitlines()[0]
            raise SystemExit(f"{path}: cannot be loaded safely: {reason}; save the state dict alone (model.state_dict()), or give --trust if the file is your own")
    else:
        raise SystemExit(f"PyTorch {torch.__version__} cannot load a file safely, 1.13 can; give --trust if the file is your own")
    if key is not None:
        if not isinstance(loaded, collections.abc.Mapping) or key not in loaded:
            raise SystemExit(f"{path}: has no '{key}'")
        loaded = loaded[key]
    if isinstance(loaded, torch.nn.Module):  # can only be with --trust
        loaded = loaded.state_dict()
    if not isinstance(loaded, collections.abc.Mapping):
        raise SystemExit(f"{path}: holds a {type(loaded).__name__}, not a state dict")
    others = [name for name, value in loaded.items() if not isinstance(value, torch.Tensor)]
    if others:
        inner = [str(name) for name in others if isinstance(loaded[name], collections.abc.Mapping)]
        hint = f"; take one of its dictionaries with --key: {', '.join(inner)}" if inner else ""
        raise SystemExit(f"{path}: is no state dict, since '{others[0]}' is no tensor{hint}")
    unknown = [name for name, value in loaded.items() if value.dtype not in NAMES]
    if unknown:
        raise SystemExit(f"{path}: '{unknown[0]}' has the type {loaded[unknown[0]].dtype}, which safetensors have not")
    return dict(loaded)


def can_load_safely():
    return "weights_only" in inspect.signature(torch.load).parameters


def main():
    parser = argparse.ArgumentParser(description="Turns a state dict of PyTorch into a plain safetensors file, and back.")
    parser.add_argument("input", metavar="IN", help="a file of torch.save, or a safetensors file")
    parser.add_argument("output", metavar="OUT", help="a safetensors file when its name ends so, else a file of torch.save")
    parser.add_argument("--vocab", metavar="FILE", help="JSON list of tokens in order of their ids: read into the metadata, or written from it")
    parser.add_argument("--key", metavar="NAME", help="take the state dict from this key of the .pt file")
    parser.add_argument("--trust", action="store_true", help="load the .pt file without torch's safety; it may run any program")
    options = parser.parse_args()
    if options.output.endswith(".safetensors"):
        tensors = load_pt(options.input, options.key, options.trust)
        metadata = {"format": "pt"}
        if options.vocab:
            with open(options.vocab, encoding="utf-8") as file:
                metadata["vocab"] = json.dumps(json.load(file), ensure_ascii=False)
        write_safetensors(options.output, tensors, metadata)
    else:
        tensors, metadata = read_safetensors(options.input)
        if options.vocab:
            if "vocab" not in metadata:
                raise SystemExit(f"{options.input}: has no vocab in its metadata")
            write(options.vocab, lambda file: file.write(metadata["vocab"].encode("utf-8")))
        write(options.output, lambda file: torch.save(tensors, file))
    print(f"{options.output}: {len(tensors)} tensors, {sum(tensor.numel() for tensor in tensors.values())} values", file=sys.stderr)


if __name__ == "__main__":
    try:
        main()
    except OSError as e:
        raise SystemExit(f"{e.filename}: {e.strerror}")
