import { setTimeout as wait } from 'node:timers/promises';
import { HeadgateError, NotFoundError, ThrottledError } from '../../../core/errors.ts';
import type { LeftBehind } from '../../../core/experiment.ts';
import type { ResourceId } from '../../../core/scim.ts';
import type { Exchange } from '../exchange.ts';
import { lookUp } from '../lookup.ts';
import { idOf } from '../resources.ts';
import { standingOf } from './change-steps.ts';
import { bears, type Doubtful, type Own, type OwnResources } from './own-resources.ts';

const LOOK = 'Nobody knows whether it was made: look for it at the provider by this name, and delete it there.';
const REMEDY: Readonly<Record<LeftBehind['state'], string>> = {
  inactive: 'DELETE only suspends here: delete it in the pages of the provider, or leave it suspended.',
  active: 'Delete it in the pages of the provider.',
  unknown: 'Look for it at the provider by its id, and delete it there.',
};

/**
 * Removes everything an experiment made and names what stays. `searchable`: accounts were seen to be found by externalId, so
 * that finding none is believed.
 */
export async function removeAll(
  exchange: Exchange,
  own: OwnResources,
  searchable: boolean,
): Promise<readonly LeftBehind[]> {
  const left: LeftBehind[] = [];
  for (const doubtful of own.doubtful.values()) {
    const ids = await searchFor(exchange, doubtful);
    const certain = ids.length > 0 || (searchable && doubtful.collection === 'Users' && doubtful.id === undefined);
    for (const id of ids) own.found({ ...doubtful, id });
    if (!certain) left.push({ ...describe(doubtful), state: 'unknown', remedy: LOOK });
  }
  const groups = own.made.filter(({ collection }) => collection === 'Groups');
  const states = new Map<Own, LeftBehind['state'] | 'gone'>();
  // Groups twice: some providers delete only empty ones, and they are empty once the accounts are gone.
  for (const each of [...groups, ...own.made.filter(({ collection }) => collection === 'Users'), ...groups])
    if (states.get(each) !== 'gone') states.set(each, await removeOne(exchange, each));
  for (const [each, state] of states)
    if (state !== 'gone') left.push({ ...describe(each), state, remedy: REMEDY[state] });
  return left;
}

function describe({ collection, name, id }: Doubtful): Pick<LeftBehind, 'resource' | 'name' | 'id'> {
  return { resource: collection === 'Users' ? 'account' : 'group', name, ...(id === undefined ? {} : { id }) };
}

/** Resources under a name of ours whose creation was never seen. */
async function searchFor(exchange: Exchange, { collection, name }: Doubtful): Promise<readonly ResourceId[]> {
  const attribute = collection === 'Users' ? 'externalId' : 'displayName';
  // The profile may be wrong about what can be asked; the answer is compared on our side anyway.
  const asking = { ...exchange, profile: { ...exchange.profile, filter: { attributes: [attribute], and: false } } };
  try {
    const bodies = await lookUp(asking, collection, { attribute, value: name });
    return bodies.filter((body) => bears(body, name)).flatMap((body) => idOf(body) ?? []);
  } catch (error) {
    if (!(error instanceof HeadgateError)) throw error;
    return [];
  }
}

const MOST_ATTEMPTS = 4;
const PAUSE_MS = 500;

/** Deletes one resource, again where the provider asks for time or fails, and says what it then is. */
async function removeOne(exchange: Exchange, own: Own): Promise<LeftBehind['state'] | 'gone'> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await sendRemoval(exchange, own);
      return await standingOf(exchange, own);
    } catch (error) {
      if (!(error instanceof HeadgateError)) throw error;
      if (attempt === MOST_ATTEMPTS || exchange.signal.aborted || isFinal(error)) return stateOrUnknown(exchange, own);
      const delay = error instanceof ThrottledError ? error.retryAfterMs : PAUSE_MS * attempt;
      await wait(delay, undefined, { signal: exchange.signal }).catch(() => undefined);
    }
  }
}

async function sendRemoval(exchange: Exchange, { collection, id }: Own): Promise<void> {
  try {
    await exchange.send({ method: 'DELETE', collection, id });
  } catch (error) {
    // Gone is what was wanted.
    if (!(error instanceof NotFoundError)) throw error;
  }
}

/** A refusal that asking again would not change. */
function isFinal({ facts }: HeadgateError): boolean {
  return facts.status !== undefined && facts.status >= 400 && facts.status < 500 && facts.status !== 429;
}

async function stateOrUnknown(exchange: Exchange, own: Own): Promise<LeftBehind['state'] | 'gone'> {
  try {
    return await standingOf(exchange, own);
  } catch (error) {
    if (!(error instanceof HeadgateError)) throw error;
    return 'unknown';
  }
}
