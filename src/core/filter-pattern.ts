/** Values longer than this are not tested: Entra holds none that may be filtered by, and time grows with their length. */
export const LONGEST_TESTED = 1024;

/** Ways a pattern may divide a value, at most. Two parts of any length, or one with many alternatives, stay below. */
const MOST_WAYS = 4 * LONGEST_TESTED ** 2;

const SIDES =
  'say where it begins and ends, for Entra does not say whether a pattern must fit the whole value: ^Sales$ is exactly that, ^Sales.*$ begins so, .*Sales.* contains it';
const TIME = 'could take for ever on an unlucky value';

/** A pattern that cannot be used, with what to do. Never leaves this file. */
class PatternProblem extends Error {
  override readonly name = 'PatternProblem';
}

/**
 * A pattern of a scoping filter as a regular expression that means the same in .NET and here and is done in time, or what
 * is wrong with it. Backtracking is bounded before anything runs: a part that is repeated has one way to match, and the
 * ways of all parts together are counted. `(?i)` in front ignores case, as in .NET.
 */
export function compilePattern(text: string): { readonly regex: RegExp } | { readonly problem: string } {
  const ignoresCase = text.startsWith('(?i)');
  const pattern = ignoresCase ? text.slice(4) : text;
  try {
    const regex = new RegExp(forUnicode(pattern), ignoresCase ? 'ui' : 'u');
    checkSides(pattern);
    const ways =
      new WayCounter(pattern.replace(BEGIN, '').replace(END, '')).count() *
      (pattern.startsWith('.*') ? LONGEST_TESTED : 1);
    if (ways > MOST_WAYS) throw new PatternProblem(`${TIME}: use fewer parts of any length, such as .* or +`);
    return { regex };
  } catch (error) {
    if (error instanceof PatternProblem) return { problem: error.message };
    if (error instanceof SyntaxError)
      return { problem: `not a regular expression: ${error.message.replace(/^.*: /su, '')}` };
    throw error;
  }
}

/** Unicode mode refuses escapes that mean nothing, such as `\@`, which .NET and the older mode take for the character. */
function forUnicode(pattern: string): string {
  return pattern.replaceAll(/\\(.)/gsu, (whole, character: string) =>
    /[A-Za-z0-9^$\\.*+?()[\]{}|/]/.test(character) ? whole : `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`,
  );
}

const BEGIN = /^(?:\^|\.\*)/;
/** Not escaped. */
const END = /(?<=(?:^|[^\\])(?:\\\\)*)(?:\$|\.\*)$/;

function checkSides(pattern: string): void {
  if (!BEGIN.test(pattern) || !END.test(pattern)) throw new PatternProblem(SIDES);
}

/** Reads a pattern that is known to be well-formed, and counts in how many ways it may divide a value. */
class WayCounter {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  count(): number {
    const ways = this.#alternatives();
    if (this.#at < this.#text.length) throw new PatternProblem(SIDES);
    return ways;
  }

  #alternatives(depth = 0): number {
    let ways = this.#sequence();
    while (this.#take('|')) {
      if (depth === 0) throw new PatternProblem(`put alternatives in brackets, as in ^(EU|US)$`);
      ways += this.#sequence();
    }
    return ways;
  }

  #sequence(): number {
    let ways = 1;
    while (this.#at < this.#text.length && !'|)'.includes(this.#text.charAt(this.#at))) ways *= this.#repeated();
    return ways;
  }

  #repeated(): number {
    const inside = this.#atom();
    const found = /^(?:[*+?]|\{(\d+)(?:(,)(\d*))?\})\??/.exec(this.#text.slice(this.#at));
    if (found === null) return inside;
    const [whole, least, comma, most] = found;
    this.#at += whole.length;
    if (whole.startsWith('?')) return inside + 1;
    if (inside > 1) throw new PatternProblem(`${TIME}: no alternatives, ?, * or + inside of what is repeated`);
    if (least === undefined) return LONGEST_TESTED;
    if (comma === undefined) return 1;
    return Math.min(LONGEST_TESTED, most === '' ? LONGEST_TESTED : Number(most) - Number(least) + 1);
  }

  #atom(): number {
    if (this.#take('(')) {
      if (!this.#take('?:') && this.#text.startsWith('?', this.#at))
        throw new PatternProblem('of the groups only (…) and (?:…) can be used, and (?i) at the very beginning');
      const ways = this.#alternatives(1);
      this.#at += 1;
      return ways;
    }
    if (this.#take('[')) this.#set();
    else if (/^[\^$]/.test(this.#text.slice(this.#at))) throw new PatternProblem(SIDES);
    else this.#character();
    return 1;
  }

  #set(): void {
    this.#take('^');
    if (this.#text.startsWith(']', this.#at)) throw new PatternProblem('write ] inside of […] as \\]');
    while (!this.#take(']')) {
      if (this.#text.startsWith('[', this.#at)) throw new PatternProblem('write [ inside of […] as \\[');
      this.#character();
    }
  }

  /** `\w` and `\b` know letters of every script in .NET and only a to z here; `\1` and the like look back. */
  #character(): void {
    const escape = /^\\(?:p\{|P\{|([A-Za-z0-9])|.)/su.exec(this.#text.slice(this.#at));
    if (escape === null) {
      this.#at += 1;
      return;
    }
    const [whole, letter] = escape;
    if (letter !== undefined && !'dDsSt'.includes(letter))
      throw new PatternProblem(`\\${letter} cannot be used; write the characters out, or \\p{L} for any letter`);
    this.#at = whole.endsWith('{') ? this.#text.indexOf('}', this.#at) + 1 : this.#at + whole.length;
  }

  #take(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }
}
