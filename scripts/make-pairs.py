#!/usr/bin/env python3
"""Writes the pairs of docs/sequence-tasks.md and docs/translation.md: train.tsv and test.tsv, source<TAB>target, without common pairs.

    scripts/make-pairs.py addition --out pairs/addition            57+68 -> 125, up to 5 digits
    scripts/make-pairs.py reversal --out pairs/reversal            flow -> wolf
    scripts/make-pairs.py dates --out pairs/dates                  Tuesday, 3 March 1987 -> 1987-03-03
    scripts/make-pairs.py authors --out pairs/authors --text wells=timemachine.txt --text shakespeare=tinyshakespeare.txt
                                                                   a line of a text -> its author
    scripts/make-pairs.py steered --out pairs/steered --text ...   author -> a line: the same pairs reversed
    scripts/make-pairs.py vowels --out pairs/vowels                labels every letter of a word v or c
    scripts/make-pairs.py translation --out pairs/cmn --text cmn-eng.txt
                                                                   the pairs of a TSV; all of a source are on one side
    scripts/make-pairs.py couplets --out pairs/tang --text tang.txt
                                                                   the first line of a Chinese couplet -> the second
    scripts/make-pairs.py case --out pairs/case --text ...         labels every character of a lower-case line: u for a capital, else l

The same seed gives the same files on every machine.
"""

import argparse
import datetime
import os
import random
import re
import sys

MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def addition(draw, options):
    """Every number of digits is equally likely: otherwise nine tenths would be five-digit numbers."""

    def number():
        digits = draw.randint(1, options.digits)
        return draw.randint(0 if digits == 1 else 10 ** (digits - 1), 10**digits - 1)

    a, b = number(), number()
    return f"{a}+{b}", str(a + b)


def word(draw, options):
    return "".join(draw.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(draw.randint(3, options.length)))


def reversal(draw, options):
    text = word(draw, options)
    return text, text[::-1]


def vowels(draw, options):
    text = word(draw, options)
    return text, "".join("v" if letter in "aeiou" else "c" for letter in text)


def ordinal(day):
    return f"{day}{'th' if 11 <= day % 100 <= 13 else {1: 'st', 2: 'nd', 3: 'rd'}.get(day % 10, 'th')}"


def dates(draw, options):
    date = datetime.date(1900, 1, 1) + datetime.timedelta(days=draw.randrange(365 * 200))
    month, weekday = MONTHS[date.month - 1], DAYS[date.weekday()]
    year, day = date.year, date.day
    spelling = draw.choice(
        [
            f"{day} {month} {year}",
            f"{month} {day}, {year}",
            f"{day} {month[:3]} {year}",
            f"{month[:3]} {day}, {year}",
            f"{weekday}, {day} {month} {year}",
            f"{weekday[:3]} {month[:3]} {day} {year}",
            f"{ordinal(day)} of {month}, {year}",
            f"{month} the {ordinal(day)}, {year}",
            f"{day}.{date.month}.{year}",
            f"{day:02}.{date.month:02}.{year}",
            f"{date.month}/{day}/{year}",
            f"{year}/{date.month:02}/{day:02}",
        ]
    )
    return draw.choice([spelling, spelling, spelling.lower(), spelling.upper()]), date.isoformat()


def distinct(make, draw, options):
    """Pairs with different sources."""
    pairs = {}
    failures = 0
    while len(pairs) < options.train + options.test:
        source, target = make(draw, options)
        failures = failures + 1 if source in pairs else 0
        if failures > 100_000:
            sys.exit(f"make-pairs: there are hardly more than {len(pairs)} different sources: take a smaller --train")
        pairs.setdefault(source, target)
    return list(pairs.items())


def lines_by_name(options):
    """Lines of at least 20 letters; letters, digits, spaces and common punctuation only, so that a file's encoding does not
    reveal its author."""
    by_name = {}
    for entry in options.texts:
        name, _, path = entry.partition("=")
        if not path:
            sys.exit(f"make-pairs: '{entry}' is not NAME=FILE")
        with open(path, encoding="utf-8") as file:
            lines = {re.sub(r"[^A-Za-z0-9 .,;:!?'()-]+", " ", line).strip() for line in file}
        # A line in capitals is a heading, one that ends with a colon names a speaker.
        by_name[name] = sorted(line for line in lines if sum(map(str.isalpha, line)) >= 20 and not line.isupper() and not line.endswith(":"))
    return by_name


def case(options):
    """Lines that differ in more than capitals."""
    lines = {line.lower(): line for lines in lines_by_name(options).values() for line in lines}
    if not lines:
        sys.exit("make-pairs: give a text, as --text NAME=FILE")
    return [(small, "".join("u" if letter.isupper() else "l" for letter in line)) for small, line in sorted(lines.items())]


def one_text(options):
    if len(options.texts) != 1:
        sys.exit(f"make-pairs: {options.task} takes one --text FILE")
    with open(options.texts[0], encoding="utf-8") as file:
        return [line.rstrip("\r\n") for line in file]


def translation(draw, options):
    """All translations of a source next to each other; the order of the sources is drawn."""
    by_source = {}
    for number, line in enumerate(one_text(options), 1):
        columns = line.split("\t")
        if len(columns) < 2 or not columns[0] or not columns[1]:
            sys.exit(f"make-pairs: {options.texts[0]}, line {number}: is not source<TAB>target")
        by_source.setdefault(columns[0], {})[columns[1]] = None
    sources = list(by_source)
    draw.shuffle(sources)
    return [(source, target) for source in sources for target in by_source[source]]


def couplets(options):
    """Couplets of two lines of equal length, each first line once."""
    pairs = {}
    for line in one_text(options):
        match = re.fullmatch(r"(\w+)，(\w+)[。？！]", line)
        if match and len(match[1]) == len(match[2]):
            pairs.setdefault(match[1], match[2])
    return list(pairs.items())


def authors(draw, options):
    """The same number of lines per author."""
    by_author = lines_by_name(options)
    if len(by_author) < 2:
        sys.exit("make-pairs: give two authors or more, each as --text NAME=FILE")
    each = min(len(lines) for lines in by_author.values())
    pairs = []
    for name, lines in by_author.items():
        draw.shuffle(lines)
        pairs += [(line, name) for line in lines[:each]]
    return pairs


def write(path, pairs):
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{source}\t{target}\n" for source, target in pairs)
    print(f"{path}: {len(pairs)} pairs")


def main():
    makers = {
        "addition": addition, "reversal": reversal, "dates": dates, "vowels": vowels, "authors": None, "steered": None, "case": None,
        "translation": None, "couplets": None,
    }
    parser = argparse.ArgumentParser(description="Writes pairs of texts for charlm classify and charlm seq2seq.")
    parser.add_argument("task", choices=makers)
    parser.add_argument("--text", action="append", default=[], dest="texts", metavar="NAME=FILE", help="for authors and steered, two or more: an author and a text; for case, the texts; for translation and couplets, one file")
    parser.add_argument("--out", required=True, metavar="FOLDER")
    parser.add_argument("--train", type=int, default=100_000, help="training pairs, at most as many as there are lines (default 100000)")
    parser.add_argument("--test", type=int, default=2_000, help="unseen pairs (default 2000)")
    parser.add_argument("--digits", type=int, default=5, help="maximum digits of a number (default 5)")
    parser.add_argument("--length", type=int, default=20, help="maximum letters of a word (default 20)")
    parser.add_argument("--unmarked", type=float, default=0, metavar="P", help="for translation: the share of training pairs whose source loses every . ! and ? at its end (default 0)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    draw = random.Random(options.seed)
    if options.task == "translation":
        pairs = translation(draw, options)
    elif options.task == "couplets":
        pairs = couplets(options)
    elif options.task == "case":
        pairs = case(options)
    elif options.task in ("authors", "steered"):
        pairs = authors(draw, options)
    else:
        pairs = distinct(makers[options.task], draw, options)
    if options.task != "translation":
        draw.shuffle(pairs)
    if options.task == "steered":
        pairs = [(author, line) for line, author in pairs]
    cut = options.test
    # All translations of a source are on one side.
    while options.task == "translation" and 0 < cut < len(pairs) and pairs[cut - 1][0] == pairs[cut][0]:
        cut += 1
    if len(pairs) <= cut:
        sys.exit(f"make-pairs: {len(pairs)} pairs leave nothing to learn beside --test {options.test}")
    os.makedirs(options.out, exist_ok=True)
    write(os.path.join(options.out, "test.tsv"), pairs[:cut])
    train = pairs[cut : cut + options.train]
    if options.unmarked > 0:
        # People leave the full stop out: "i love you" should be read like "I love you."
        train = [
            (source.rstrip(".!?") or source if draw.random() < options.unmarked else source, target) for source, target in train
        ]
    write(os.path.join(options.out, "train.tsv"), train)


if __name__ == "__main__":
    main()
