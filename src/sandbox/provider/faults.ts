import { badRequest } from './refusal.ts';

/**
 * Every fault the provider can show, with what it does and what `value` means. Faults are wrong behaviour on top of a
 * profile: real providers have shown each of them.
 */
export const FAULTS = {
  // Answers that have nothing to do with the request.
  throttle:
    'Answers 429 and does nothing. value: seconds for Retry-After (default 1), "date" for an HTTP date, "none" for no header, "x-header" for X-Retry-After with a plain text body.',
  unavailable: 'Answers 503 and does nothing. value: seconds for Retry-After; without it no header.',
  htmlBody: 'Answers 502 with an HTML page and does nothing.',
  failBefore: 'Answers an error and does nothing. value: the status (default 500).',
  slow: 'Waits before it looks at the request. value: milliseconds (default 1000).',
  resetBefore: 'Breaks the connection and does nothing.',
  expiredToken: 'Answers 401 as for a token that has expired.',
  forbidden: 'Answers 403 and does nothing.',
  resourceLocked429:
    'Answers 429 resource_locked to a write on one resource and does nothing. value: seconds for Retry-After.',
  // The write takes effect, the answer does not say so.
  failAfter: 'Does what was asked and answers an error. value: the status (default 500).',
  htmlAfter: 'Does what was asked and answers 502 with an HTML page.',
  resetAfter: 'Does what was asked and breaks the connection without an answer.',
  accepted202: 'Does what was asked and answers 202 without a body.',
  nonAtomic500: 'PATCH does the first half of its operations (rounded up), keeps them, and answers 500.',
  // Listings.
  ignoreStartIndex: 'Every page is the first page, and says so in startIndex.',
  repeatPage: 'Pages after the first repeat the one before, while startIndex says what was asked.',
  wrapBeyondEnd: 'A startIndex beyond the end gives the first page again.',
  capN: 'Pages hold at most a few resources, however many were asked for. value: how many (default 10).',
  listShort:
    'Resources at the end of a listing are left out, while totalResults counts them. value: how many (default 1).',
  lyingTotalResults: 'totalResults is wrong. value: what is added to it (default 1).',
  synthesisUser: 'An unfiltered listing of accounts holds one made-up account and nothing else.',
  deletedStillListed: 'Deleted resources stay in listings, while reading one answers 404.',
  onlyScimUsersListed:
    'Accounts that a person made are not listed unless asked for. value: the query parameter that asks for them with "false" (default "scim_provisioned_only").',
  cursorOnly: 'Pages come with nextCursor (RFC 9865), whatever startIndex says.',
  expireCursor: 'Every cursor is refused as expired.',
  // Filters.
  silentEmpty: 'Filters are answered with 200 and nothing. value: only filters with this text in them.',
  silentAll: 'Filters are not applied: everything is returned. value: only filters with this text in them.',
  eqOnly: 'Filters other than one comparison with eq are refused as invalidFilter.',
  rejectValuePath: 'Filters with brackets are refused as invalidFilter.',
  noUnescape: 'Filters with a backslash are refused as invalidFilter.',
  // Groups.
  membersHidden: 'Groups never show their members.',
  duplicateMembers: 'Adding a member that is there lists it twice.',
  mergeOnReplace: 'Replacing the members adds the new ones and keeps the old ones.',
  emptyRemoveWipes: 'Removing members with an empty list as value removes all of them.',
  maxMembers: 'More membership changes than this in one request are refused with 400. value: how many (default 100).',
  multiMemberRefused: 'More than one membership change in a request is refused with 400.',
  uniqueGroupNames: 'A second group with the same displayName is refused as 409, as many providers do.',
  noRename: 'Changing the displayName of a group is refused.',
  groupDeleteCascades: 'Deleting a group that has members deletes their accounts too.',
  lastGroupTakesAccount: 'An account that is taken out of its last group is deleted, and so when that group is.',
  // Accounts.
  idChangesOnRename: 'An account whose userName changes gets another id.',
  idNeedsEncoding: 'New resources get an id with characters that must be percent-encoded in a URL.',
  userNameNormalised:
    'userNames are made handles: lower case, without the domain of an address, and cut. value: to how many characters (default 21).',
  caseSensitive: 'userName and displayName are compared with case, in filters and for uniqueness.',
  activeFalseDeletes: 'Making an account inactive deletes it.',
  deleteIrreversible: 'The userName of a deleted account can never be used again.',
  lastOwnerRefused:
    'Deactivating or deleting the account that a token belongs to is refused with 403. value: the userName of another such account.',
  // Errors and discovery.
  intStatus: 'The status in error bodies is a number instead of a string.',
  bogusEtag: 'Answers carry an ETag header that is no version.',
  spcUnauthenticated: 'The service provider configuration is served without a token.',
} as const satisfies Readonly<Record<string, string>>;

export type FaultName = keyof typeof FAULTS;

/** A fault that is switched on. */
export interface FaultSetting {
  readonly fault: FaultName;
  readonly value?: number | string;
  /** In how many requests it shows before it switches itself off; without it until cleared. */
  readonly times?: number;
  readonly method?: string;
  /** Regular expression on the path below the SCIM base URL (`^/Users`), or on the whole path outside of it. */
  readonly path?: string;
}

/** The faults one request meets. Asking for one counts as its use, once per request. */
export type RequestFaults = (name: FaultName) => FaultSetting | undefined;

/** The switches of a provider. */
export interface FaultBoard {
  /** Switches a fault on; several settings of the same fault may stand side by side. Throws invalidValue. */
  set(setting: FaultSetting): void;
  /** Switches one fault off, or all. */
  clear(name?: FaultName): void;
  /** What is on now, with the remaining `times`. */
  list(): readonly FaultSetting[];
  forRequest(method: string, path: string): RequestFaults;
}

interface Switch {
  readonly setting: FaultSetting;
  readonly pattern: RegExp | undefined;
  left: number;
}

/** True for the name of a fault. */
export function isFaultName(name: unknown): name is FaultName {
  return typeof name === 'string' && Object.hasOwn(FAULTS, name);
}

function noFaults(): undefined {
  return undefined;
}

function newSwitch(setting: FaultSetting): Switch {
  if (!isFaultName(setting.fault)) throw badRequest('invalidValue', `there is no fault "${String(setting.fault)}"`);
  const left = setting.times ?? Number.POSITIVE_INFINITY;
  if (!(left >= 1)) throw badRequest('invalidValue', '"times" must be 1 or more');
  try {
    return { setting, pattern: setting.path === undefined ? undefined : new RegExp(setting.path), left };
  } catch {
    throw badRequest('invalidValue', '"path" is not a regular expression');
  }
}

function fits(candidate: Switch, method: string, path: string): boolean {
  const { setting, pattern } = candidate;
  if (setting.method !== undefined && setting.method.toUpperCase() !== method) return false;
  return pattern === undefined || pattern.test(path);
}

/** A board with everything off. */
export function createFaultBoard(): FaultBoard {
  let switches: Switch[] = [];
  return {
    set(setting) {
      switches.push(newSwitch(setting));
    },
    clear(name) {
      switches = name === undefined ? [] : switches.filter((other) => other.setting.fault !== name);
    },
    list: () =>
      switches.map(({ setting, left }) => (setting.times === undefined ? setting : { ...setting, times: left })),
    forRequest(method, path) {
      const near = switches.length === 0 ? switches : switches.filter((candidate) => fits(candidate, method, path));
      if (near.length === 0) return noFaults;
      const used = new Map<FaultName, FaultSetting | undefined>();
      return (name) => {
        if (used.has(name)) return used.get(name);
        const found = near.find((candidate) => candidate.setting.fault === name && candidate.left > 0);
        used.set(name, found?.setting);
        if (found === undefined) return undefined;
        found.left -= 1;
        if (found.left === 0) switches = switches.filter((other) => other !== found);
        return found.setting;
      };
    },
  };
}

/** The number a fault was given, or its default. */
export function faultNumber(setting: FaultSetting, fallback: number): number {
  const value = Number(setting.value ?? fallback);
  return Number.isFinite(value) ? value : fallback;
}
