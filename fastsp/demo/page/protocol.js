// Binary messages: a head of JSON, and arrays. fastsp/demo/protocol.py describes them.

const MAGIC = 0x31505346; // "FSP1"
const TYPES = { u1: Uint8Array, u2: Uint16Array, i4: Int32Array, f4: Float32Array, f8: Float64Array };

const padded = (n) => n + ((8 - (n % 8)) % 8);

export function decode(buffer) {
  const view = new DataView(buffer);
  if (view.getUint32(0, true) !== MAGIC) throw new Error("no message of this protocol");
  const end = 8 + view.getUint32(4, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, end - 8)));
  const arrays = {};
  for (const [name, [type, n, place]] of Object.entries(head.arrays))
    arrays[name] = new TYPES[type](buffer, padded(end) + place, n);
  return { ...head, arrays };
}

export function encode(kind, fields = {}, arrays = {}) {
  const described = {};
  let size = 0;
  for (const [name, array] of Object.entries(arrays)) {
    const type = Object.keys(TYPES).find((key) => array instanceof TYPES[key]);
    described[name] = [type, array.length, size];
    size = padded(size + array.byteLength);
  }
  const head = new TextEncoder().encode(JSON.stringify({ ...fields, kind, arrays: described }));
  const start = padded(8 + head.length);
  const data = new Uint8Array(start + size);
  const view = new DataView(data.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, head.length, true);
  data.set(head, 8);
  for (const [name, array] of Object.entries(arrays)) {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    data.set(bytes, start + described[name][2]);
  }
  return data;
}
