/** A seeded source of numbers: the same seed gives the same organisation on every machine. */
export interface Random {
  /** A whole number from 0 to `below` - 1. */
  int(below: number): number;
  /** True with the given probability, 0 to 1. */
  chance(probability: number): boolean;
  pick<T>(list: readonly T[]): T;
  /** A version 4 UUID in lower case, as Entra writes object ids. */
  guid(): string;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function bytes(word: number): string {
  return hex(word >>> 24) + hex(word >>> 16) + hex(word >>> 8) + hex(word);
}

function hex(byte: number): string {
  return HEX[byte & 255] ?? '';
}

/** The sfc32 generator (small fast counting, 32 bit) behind the {@link Random} interface. */
export function createRandom(seed: number): Random {
  let a = 0x9e3779b9 ^ seed;
  let b = 0x243f6a88;
  let c = 0xb7e15162 + seed;
  let counter = 1;

  function next(): number {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  function int(below: number): number {
    return Math.floor((next() / 0x100000000) * below);
  }

  // The first outputs still mirror the seed.
  for (let warmUp = 0; warmUp < 12; warmUp += 1) next();

  return {
    int,
    chance: (probability) => next() / 0x100000000 < probability,
    pick(list) {
      const choice = list[int(list.length)];
      if (choice === undefined) throw new RangeError('cannot pick from an empty list');
      return choice;
    },
    guid() {
      const first = bytes(next());
      const second = bytes((next() & 0xffff0fff) | 0x4000);
      const third = bytes((next() & 0x3fffffff) | 0x80000000);
      const fourth = bytes(next());
      return `${first}-${second.slice(0, 4)}-${second.slice(4)}-${third.slice(0, 4)}-${third.slice(4)}${fourth}`;
    },
  };
}
