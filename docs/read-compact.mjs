// Reads networks that Secateur saved, compact or plain. docs/format.md describes the layout.
//
//   const { weights, masks, about } = read(new Uint8Array(await file.arrayBuffer()));

/** Weights by name, dense, as { shape, values }; masks by name, 1 for kept; and what the file says of itself. */
export function read(file) {
  file = new Uint8Array(file); // a copy: slices of Node's buffers are not
  const view = new DataView(file.buffer);
  const start = 8 + Number(view.getBigUint64(0, true));
  const { __metadata__: about = {}, ...header } = JSON.parse(new TextDecoder().decode(file.subarray(8, start)));
  const body = (name) => file.slice(start + header[name].data_offsets[0], start + header[name].data_offsets[1]);
  const [shapes, masks, weights] = [{}, {}, {}];
  if (about.format === "secateur" && about.masks) {
    let bytes = body("positions");
    delete header.positions;
    for (const entry of about.masks.split(" ")) {
      const [name, how] = entry.split("=");
      const [shape, tile, code] = how.split(",");
      shapes[name] = shape.split("x").map(Number);
      [masks[name], bytes] = mask(bytes, shapes[name], tile.split("x").map(Number), code);
    }
  }
  let [codes, coded] = [new Uint8Array(), {}];
  if (about.format === "secateur" && about.codes) {
    codes = body("codes");
    delete header.codes;
    coded = Object.fromEntries(about.codes.split(" ").map((entry) => entry.split("=")));
  }
  for (const [name, { shape }] of Object.entries(header)) {
    let stored = new Float32Array(body(name).buffer);
    if (coded[name]) {
      shapes[name] = coded[name].split("x").map(Number);
      const all = shapes[name].reduce((a, b) => a * b, 1);
      let which;
      [which, codes] = symbols(codes, masks[name] ? masks[name].reduce((a, b) => a + b, 0) : all, stored.length);
      stored = which.map((symbol) => stored[symbol]);
    }
    let next = 0;
    const values = masks[name] ? Float32Array.from(masks[name], (kept) => (kept ? stored[next++] : 0)) : stored;
    weights[name] = { shape: shapes[name] ?? shape, values };
  }
  return { weights, masks, about };
}

/** So many symbols of a Huffman code at the front of some bytes, and the bytes of the next one. */
function symbols(bytes, count, size) {
  const words = new Map(); // by length and word: words are counted up, the shorter and then the lower symbol first
  const longest = Math.max(0, ...bytes.subarray(0, size));
  for (let [length, word] = [1, 0]; length <= longest; length++, word *= 2)
    for (let symbol = 0; symbol < size; symbol++) if (bytes[symbol] === length) words.set(`${length} ${word++}`, symbol);
  let at = 8 * size;
  const next = () => {
    if (!words.size) return 0;
    for (let [length, word] = [1, 0]; length <= longest; length++) {
      word = 2 * word + ((bytes[at >> 3] >> (7 - (at++ & 7))) & 1);
      if (words.has(`${length} ${word}`)) return words.get(`${length} ${word}`);
    }
    throw new Error("The codes of the weights are damaged.");
  };
  const out = Array.from({ length: count }, next);
  return [Float32Array.from(out), bytes.subarray(Math.ceil(at / 8))];
}

/** The mask at the front of some bytes, and the bytes of the next one. */
function mask(bytes, shape, [tall, wide], code) {
  const [rows, columns] = [shape[0], shape.slice(1).reduce((a, b) => a * b, 1)];
  const across = Math.ceil(columns / wide);
  const [tiles, marked, k] = [Math.ceil(rows / tall) * across, code[0] === "k" ? 1 : 0, Number(code.slice(1))];
  const out = new Uint8Array(rows * columns).fill(1 - marked);
  let at = 0;
  const bit = () => {
    if (at >= 8 * bytes.length) throw new Error("The positions of the kept weights are cut short.");
    return (bytes[at >> 3] >> (7 - (at++ & 7))) & 1;
  };
  for (let tile = 0; ; tile++) {
    // A gap: its high part as so many zeros, a one, then k low bits.
    let gap = 0;
    while (!bit()) gap++;
    for (let low = 0; low < k; low++) gap = 2 * gap + bit();
    tile += gap;
    if (tile >= tiles) return [out, bytes.subarray(Math.ceil(at / 8))];
    const [top, left] = [Math.floor(tile / across) * tall, (tile % across) * wide];
    for (let row = top; row < Math.min(rows, top + tall); row++)
      out.fill(marked, row * columns + left, row * columns + Math.min(columns, left + wide));
  }
}
