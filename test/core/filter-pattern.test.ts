import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compilePattern } from '../../src/core/filter-pattern.ts';

function compiled(pattern: string): RegExp {
  const found = compilePattern(pattern);
  if ('problem' in found) throw new Error(found.problem);
  return found.regex;
}

describe('a pattern of a scoping filter', () => {
  test.each([
    [String.raw`^(1[0-9]{6})$`, '1234567', '12345678'],
    [String.raw`^[^@]+@(contoso|fabrikam)\.com$`, 'a@fabrikam.com', 'a@b@fabrikam.com'],
    [String.raw`^(?:EU|US)-\d{2,4}$`, 'US-123', 'US-12345'],
    [String.raw`^\p{L}+$`, 'Müller', 'Mül1er'],
    [String.raw`.*Sales.*`, 'Presales and Sales', 'Presales'],
    [String.raw`^a\-b\_c[\]\-]$`, 'a-b_c]', 'a-b_cc'],
    [String.raw`^(ab){2}\\$`, 'abab\\', 'ab\\'],
    [String.raw`^$`, '', 'x'],
  ])('%s fits %j and not %j', (pattern, fits, other) => {
    expect([compiled(pattern).test(fits), compiled(pattern).test(other)]).toEqual([true, false]);
  });

  test.each([
    ['Sales', /say where it begins and ends/],
    ['^Sales', /say where it begins and ends/],
    [String.raw`^Sales\$`, /say where it begins and ends/],
    [String.raw`^Sales\.*`, /say where it begins and ends/],
    ['^a|b$', /put alternatives in brackets/],
    ['^a$b$', /say where it begins and ends/],
    ['^(a$', /not a regular expression/],
    ['^(a+)+$', /could take for ever/],
    ['^(a|aa)*$', /could take for ever/],
    ['^(a?b){5}$', /could take for ever/],
    ['^.*a.*b.*c.*$', /could take for ever/],
    [`^${'a?'.repeat(30)}${'a'.repeat(30)}$`, /could take for ever/],
    ['^(?=a).*$', /of the groups only/],
    [String.raw`^(a)\1$`, /\\1 cannot be used/],
    [String.raw`^\w+$`, /\\w cannot be used; .* \\p\{L\}/],
    ['^[a-z[x]]$', /write \[ inside|not a regular expression/],
  ])('%s is refused with what to do', (pattern, says) => {
    expect(compilePattern(pattern)).toEqual({ problem: expect.stringMatching(says) });
  });

  test('fits the whole value or none of it: read as "somewhere in it" or as "all of it", it means the same', () => {
    const part = fc.constantFrom('a', 'b', '.*', 'a+', '(a|b)', '[ab]?', 'b{2}');
    const pattern = fc
      .tuple(fc.constantFrom('^', '.*'), fc.array(part, { maxLength: 3 }), fc.constantFrom('$', '.*'))
      .map(([begin, parts, end]) => `${begin}${parts.join('')}${end}`)
      .filter((text) => 'regex' in compilePattern(text));
    fc.assert(
      fc.property(pattern, fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 6 }), (text, value) => {
        expect(compiled(text).test(value)).toBe(new RegExp(`^(?:${text})$`, 'u').test(value));
      }),
    );
  });
});
