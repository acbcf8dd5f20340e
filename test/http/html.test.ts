import { assert, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { printable } from '../../src/core/printable.ts';
import { html } from '../../src/http/html.ts';

describe('text in a page', () => {
  test.each([
    ['<b>', '&lt;b&gt;'],
    ['a & b', 'a &amp; b'],
    ['"x" \'y\'', '&quot;x&quot; &#39;y&#39;'],
    ['&lt;', '&amp;lt;'],
    ['', ''],
    ['Tok\u202eyo \u001b', 'Tok\ufffdyo \ufffd'],
  ])('%j becomes %j', (given, expected) => {
    expect(html`<p title="${given}">${given}</p>`.html).toBe(`<p title="${expected}">${expected}</p>`);
  });

  test('can be read back as far as it can be shown, and never opens an element or ends an attribute', () => {
    const decode = (text: string) =>
      text
        .replaceAll('&lt;', '<')
        .replaceAll('&gt;', '>')
        .replaceAll('&quot;', '"')
        .replaceAll('&#39;', "'")
        .replaceAll('&amp;', '&');
    assert(
      property(string({ unit: 'binary' }), (given) => {
        const escaped = html`${given}`.html;
        expect(escaped).not.toMatch(/[<>"']/);
        expect(decode(escaped)).toBe(printable(given));
      }),
    );
  });

  test('parts made of pages stay pages, in lists too', () => {
    const parts = ['a', '<'].map((text) => html`<i>${text}</i>`);
    expect(html`<p>${parts}${html`<br />`}${3}</p>`.html.replaceAll(/\s/g, '')).toBe(
      '<p><i>a</i><i>&lt;</i><br/>3</p>',
    );
  });
});
