import { randomInt } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { HeadgateError, ThrottledError, UnauthorizedError } from '../../../core/errors.ts';
import type { Fact, Observation } from '../../../core/experiment.ts';
import type { ProviderProfile } from '../../../core/profile.ts';
import type { JsonObject } from '../../../core/scim.ts';
import { type Exchange, readResource } from '../exchange.ts';
import type { PatientRead } from '../patience.ts';
import { canonicalBody } from '../resources.ts';
import { type Own, type OwnResources } from './own-resources.ts';

/** What was tried: its result, or the provider's refusal. */
export type Tried<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: HeadgateError };

/** What the steps of an experiment share. */
export interface Bench {
  readonly exchange: Exchange;
  readonly own: OwnResources;
  readonly patient: PatientRead;
  /** Domain of the userNames that are made up. */
  readonly domain: string;
  readonly note: (fact: Fact, value: boolean | string, words: string) => void;
  readonly untold: (fact: Fact, words: string) => void;
  /**
   * Does something and gives back the provider's refusal, if it is one. Waits as long as a 429 asks, a few times. A refused
   * credential and a stop end the experiment.
   */
  readonly attempt: <T>(work: () => Promise<T>) => Promise<Tried<T>>;
}

/** Somebody asked the experiment to end. */
export class ExperimentStopped extends Error {
  override readonly name = 'ExperimentStopped';
}

const MOST_WAITS = 5;
const LONGEST_WAIT_MS = 60_000;

export interface BenchOptions extends Pick<Bench, 'exchange' | 'own' | 'patient' | 'domain'> {
  readonly stop: AbortSignal;
  readonly observed: (observation: Observation) => void;
}

/** The bench of one experiment. */
export function createBench({ stop, observed, ...shared }: BenchOptions): Bench {
  return {
    ...shared,
    note: (fact, value, words) => observed({ fact, value, words }),
    untold: (fact, words) => observed({ fact, words }),
    async attempt(work) {
      for (let waits = 0; ; waits += 1) {
        try {
          return { ok: true, value: await work() };
        } catch (error) {
          if (!(error instanceof HeadgateError) || refusesEverything(error)) throw error;
          const patient = error instanceof ThrottledError && error.retryAfterMs <= LONGEST_WAIT_MS;
          if (!patient || waits === MOST_WAITS) return { ok: false, error };
          // The next request tells of a stop.
          await wait(error.retryAfterMs, undefined, { signal: stop }).catch(() => undefined);
        }
      }
    },
  };
}

function refusesEverything(error: HeadgateError): boolean {
  return error instanceof UnauthorizedError && error.facts.status === 401;
}

/** A refusal in a few words: status, scimType, and what the provider said. */
export function refusalWords({ facts, message }: HeadgateError): string {
  const { status, scimType, detail } = facts;
  if (status === undefined) return message;
  return `refused: ${[status, scimType].filter((part) => part !== undefined).join(' ')}${detail === undefined ? '' : ` (${detail})`}`;
}

/** The exchange with a profile that differs in how changes are sent. */
export function speaking(exchange: Exchange, patch: Partial<ProviderProfile['patch']>): Exchange {
  const { profile } = exchange;
  return { ...exchange, profile: { ...profile, patch: { ...profile.patch, ...patch } } };
}

/** The resource as it is now, in canonical case; undefined when it is gone. */
export async function bodyOf(exchange: Exchange, { collection, id }: Own): Promise<JsonObject | undefined> {
  const found = await readResource(exchange, collection, id);
  return found === undefined ? undefined : canonicalBody(found.body);
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** Every throw-away resource begins so. With six more characters it fits into 21, the shortest userName a provider is known to take. */
export const PREFIX = 'headgate-probe-';

/** A name nobody has. */
export function newName(): string {
  return PREFIX + Array.from({ length: 6 }, () => LETTERS.charAt(randomInt(LETTERS.length))).join('');
}

/** The userName of that name: with the domain, unless the profile says that such a one is not taken. */
export function userNameOf({ exchange, domain }: Bench, name: string): string {
  const { userNameCharacters, userNameMaxLength } = exchange.profile.attributes;
  const address = `${name}@${domain}`;
  if (userNameMaxLength !== null && address.length > userNameMaxLength) return name;
  return userNameCharacters === null || new RegExp(`^[${userNameCharacters}]+$`, 'i').test(address) ? address : name;
}
