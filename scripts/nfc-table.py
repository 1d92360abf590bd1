#!/usr/bin/env python3
"""Writes src/CharLM/Corpora/nfc.txt: the data of the Unicode Character Database for canonical normalization."""
import pathlib
import unicodedata as ucd

LIMIT, SURROGATES, HANGUL = 0x110000, range(0xD800, 0xE000), range(0xAC00, 0xD7A4)

lines = [
    f"# Canonical normalization of Unicode {ucd.unidata_version}, from the Unicode Character Database; scripts/nfc-table.py writes it",
    "# = CODE PARTS: a character and its canonical decomposition; < likewise, but the parts never compose to it again",
    "# FIRST LAST CLASS: combining classes other than 0",
]
runs = []
for code in range(LIMIT):
    if code in SURROGATES or code in HANGUL:  # Hangul is computed
        continue
    character = chr(code)
    parts = ucd.decomposition(character)
    if parts and not parts.startswith("<"):
        composes = ucd.normalize("NFC", character) == character
        lines.append(f"{'=' if composes else '<'} {code:X} " + " ".join(f"{int(part, 16):X}" for part in parts.split()))
    if kind := ucd.combining(character):
        if runs and runs[-1][1] == code - 1 and runs[-1][2] == kind:
            runs[-1][1] = code
        else:
            runs.append([code, code, kind])
lines += [f"{first:X} {last:X} {kind}" for first, last, kind in runs]
target = pathlib.Path(__file__).parent.parent / "src/CharLM/Corpora/nfc.txt"
target.write_text("\n".join(lines) + "\n", encoding="ascii", newline="\n")
