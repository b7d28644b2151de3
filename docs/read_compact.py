"""Reads networks that Secateur saved, compact or plain, into numpy arrays. docs/format.md describes the layout.

    weights, masks, about = read("lenet-5-global-magnitude-90-1f2e3d4c.compact.safetensors")
"""

import json
import sys

import numpy


def read(path):
    """Weights by name, dense; masks by name, True for kept; and what the file says of itself."""
    with open(path, "rb") as file:
        data = file.read()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    about = header.pop("__metadata__", {})
    body = lambda name: data[start + header[name]["data_offsets"][0] : start + header[name]["data_offsets"][1]]
    masks, bits = {}, None
    if about.get("format") == "secateur" and "masks" in about:
        bits = numpy.unpackbits(numpy.frombuffer(body("positions"), numpy.uint8))
        del header["positions"]
        for entry in about["masks"].split(" "):
            name, how = entry.split("=")
            masks[name], bits = mask(bits, *how.split(","))
    coded, codes = {}, b""
    if about.get("format") == "secateur" and "codes" in about:
        coded, codes = dict(entry.split("=") for entry in about["codes"].split(" ")), body("codes")
        del header["codes"]
    weights = {}
    for name, entry in header.items():
        values = numpy.frombuffer(body(name), "<f4")
        if name in coded:
            entry = {"shape": [int(extent) for extent in coded[name].split("x")]}
            count = int(masks[name].sum()) if name in masks else int(numpy.prod(entry["shape"]))
            which, codes = symbols(codes, count, values.size)
            values = values[which]
        if name in masks:
            weights[name] = numpy.zeros(masks[name].shape, "<f4")
            weights[name][masks[name]] = values
        else:
            weights[name] = values.reshape(entry["shape"])
    return weights, masks, about


def mask(bits, shape, tile, code):
    """The mask at the front of some bits, and the bits of the next one, which begin with a byte."""
    shape = [int(extent) for extent in shape.split("x")]
    tall, wide = [int(extent) for extent in tile.split("x")]
    rows, columns = shape[0], int(numpy.prod(shape[1:]))
    down, across = -(-rows // tall), -(-columns // wide)
    marks, k = numpy.zeros(down * across, bool), int(code[1:])
    ones, at, next_tile = numpy.flatnonzero(bits), 0, 0
    while True:
        one = ones[numpy.searchsorted(ones, at)]  # a gap: its high part as so many zeros, a one, then k low bits
        low = int("0" + "".join(map(str, bits[one + 1 : one + 1 + k])), 2)
        next_tile, at = next_tile + ((int(one) - at) << k) + low, int(one) + 1 + k
        if next_tile == marks.size:
            break
        marks[next_tile] = True
        next_tile += 1
    kept = marks if code[0] == "k" else ~marks
    whole = kept.reshape(down, across).repeat(tall, 0).repeat(wide, 1)[:rows, :columns]
    return whole.reshape(shape), bits[-(-at // 8) * 8 :]


def symbols(data, count, size):
    """So many symbols of a Huffman code at the front of some bytes, and the bytes of the next one."""
    lengths, bits = data[:size], numpy.unpackbits(numpy.frombuffer(data[size:], numpy.uint8)).tolist()
    word, last, words = 0, 0, {}  # words are counted up, the shorter and then the lower symbol first
    for length, symbol in sorted((length, symbol) for symbol, length in enumerate(lengths) if length):
        word, last = word << (length - last), length
        words[length, word] = symbol
        word += 1
    out, at = [], 0
    for _ in range(count if words else 0):
        word, length = 0, 0
        while (length, word) not in words:
            word, length = word << 1 | bits[at], length + 1
            at += 1
        out.append(words[length, word])
    return numpy.array(out if words else [0] * count, int), data[size + -(-at // 8) :]


if __name__ == "__main__":
    weights, masks, about = read(sys.argv[1])
    print(json.dumps(about))
    for name, weight in weights.items():
        print(name, "x".join(map(str, weight.shape)), int(masks[name].sum()) if name in masks else weight.size)
