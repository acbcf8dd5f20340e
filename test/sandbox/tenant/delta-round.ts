import { valuesOf, type Client } from './client.ts';

/** A round of change tracking, read to its delta link. */
export interface Round {
  readonly values: Record<string, unknown>[];
  readonly pages: readonly Record<string, unknown>[][];
  readonly deltaLink: string;
}

/** Reads from an address to the delta link. A page with neither or both links is no page of Graph's. */
export async function readRound(client: Client, from: string, headers?: Record<string, string>): Promise<Round> {
  const pages: Record<string, unknown>[][] = [];
  for (let next = from; ;) {
    const answer = await client.get(next, headers);
    if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
    pages.push(valuesOf(answer));
    const { '@odata.nextLink': nextLink, '@odata.deltaLink': deltaLink } = answer.json;
    if ((typeof nextLink === 'string') === (typeof deltaLink === 'string'))
      throw new Error(`odd links: ${answer.text}`);
    if (typeof deltaLink === 'string') return { values: pages.flat(), pages, deltaLink };
    next = String(nextLink);
  }
}

/** The delta link to what changes from now on. */
export async function latestLink(client: Client, path: string): Promise<string> {
  const { values, deltaLink } = await readRound(client, `${path}&$deltatoken=latest`);
  if (values.length > 0) throw new Error('sync from now told of objects');
  return deltaLink;
}
