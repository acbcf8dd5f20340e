import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { interpolate } from '../../src/config/interpolate.ts';
import { readSource } from '../../src/config/source-document.ts';

describe('substitution', () => {
  test.each([
    ['a variable', '${HOST}', 'h.example'],
    ['a variable with the env prefix', '${env:HOST}', 'h.example'],
    ['a variable among text', 'https://${HOST}/scim', 'https://h.example/scim'],
    ['two variables', '${HOST}:${PORT}', 'h.example:80'],
    ['a default when the variable is not set', '${NONE:-there}', 'there'],
    ['a default when the variable is empty', '${EMPTY:-there}', 'there'],
    ['an empty default', '${NONE:-}', ''],
    ['a default holding a colon and a dash', '${NONE:-a:-b}', 'a:-b'],
    ['a default with the env prefix', '${env:NONE:-x}', 'x'],
    ['the value, although there is a default', '${HOST:-other}', 'h.example'],
    ['an escaped dollar', 'a$$b', 'a$b'],
    ['an escaped reference', '$${HOST}', '${HOST}'],
    ['an escape before a reference', '$$${HOST}', '$h.example'],
    ['a lone dollar, left as it is', 'cost: $5 and $HOST', 'cost: $5 and $HOST'],
    ['a value that looks like a reference, not substituted again', '${RECURSIVE}', '${HOST} $$'],
    ['the empty value of a variable that is set', '${EMPTY}', ''],
  ])('gives %s', (_rule, text, expected) => {
    const env = { HOST: 'h.example', PORT: '80', EMPTY: '', RECURSIVE: '${HOST} $$' };
    expect(interpolate(text, env)).toMatchObject({ value: expected, problems: [] });
  });

  test.each([
    ['a variable that is not set', '${NONE}', /environment variable NONE is not set/],
    ['an unknown prefix', '${file:secret}', /"file:" .* is not known/],
    ['a name that is none', '${1ABC}', /is not a reference/],
    ['an empty reference', '${}', /is not a reference/],
    ['a reference that does not end', 'x ${HOST', /"\$\{HOST" is not a reference/],
    ['a default written the shell way without the dash', '${HOST:x}', /"HOST:" .* is not known/],
    ['spaces inside', '${ HOST }', /is not a reference/],
  ])('refuses %s', (_rule, text, says) => {
    expect(interpolate(text, { HOST: 'h' }).problems).toEqual([expect.stringMatching(says)]);
  });
});

const scalar = fc.string({ unit: 'grapheme' }).filter((text) => text !== '');

describe('a value of the environment', () => {
  test('never changes the structure of the document, whatever it holds', () => {
    const nasty = fc.oneof(
      scalar,
      fc.constantFrom(
        '{a: 1}',
        '[x]',
        'a: b',
        '- x',
        '&a',
        '*a',
        '!!int 3',
        '"',
        "'",
        '# x',
        'x\ny: 1',
        '---',
        '<<: *x',
      ),
    );
    fc.assert(
      fc.property(nasty, (value) => {
        const text = 'top:\n  plain: ${V}\n  quoted: "${V}"\n  single: \'${V}\'\n  list: [ "${V}", 1 ]\nlast: x\n';
        expect(readSource(text, { V: value })).toMatchObject({
          problems: [],
          root: { top: { plain: value, quoted: value, single: value, list: [value, 1] }, last: 'x' },
        });
      }),
    );
  });

  test('is not looked for in keys', () => {
    expect(readSource('"${V}": 1\n', { V: 'x' }).root).toEqual({ '${V}': 1 });
  });

  test('is not looked for in comments', () => {
    expect(readSource('a: 1 # ${NOT_SET}\n', {}).problems).toEqual([]);
  });
});

test('text without a dollar is left exactly as YAML gives it', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('$')),
      (text) => {
        expect(readSource(stringify({ a: text }, { version: '1.2' }), {}).root).toEqual({ a: text });
      },
    ),
  );
});

test('doubling every dollar is the escape for any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('$', '{', '}', 'A', ':', '-', '\n') }), (text) => {
      expect(interpolate(text.replaceAll('$', '$$$$'), {})).toEqual({ value: text, variables: [], problems: [] });
    }),
  );
});
