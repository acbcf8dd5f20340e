import type { Anchor } from '../../src/core/directory.ts';
import {
  ConflictError,
  InDoubtError,
  NotFoundError,
  RejectedError,
  ThrottledError,
  TransientError,
  UnauthorizedError,
} from '../../src/core/errors.ts';
import type { ChangeAccount, CreateAccount, CreateGroup, Exported, Operation } from '../../src/core/operation.ts';
import type { Listing } from '../../src/core/provider-inventory.ts';
import type { ProviderProfile } from '../../src/core/profile.ts';
import type { Account, AttributeChange, Json, ResourceId, ScimGroup } from '../../src/core/scim.ts';
import { buildResource } from '../../src/core/scim-path.ts';
import type { ResolveReference, ServiceProvider } from '../../src/ports/service-provider.ts';
import type { FaultBoard } from './faults.ts';

export interface StoredAccount {
  readonly id: ResourceId;
  active: boolean;
  readonly attributes: Map<string, Json>;
  /** Whom it was created for, or whom it is known to belong to; undefined for accounts of strangers. */
  owner?: Anchor;
}

export interface StoredGroup {
  readonly id: ResourceId;
  displayName: string;
  externalId?: string;
  readonly members: Set<ResourceId>;
}

export interface ProviderOptions {
  readonly profile: ProviderProfile;
  /** Refuses a second account of one userName, and a second group of one name. */
  readonly unique: boolean;
  readonly faults: FaultBoard;
  /** Told before the operation takes effect and after, also when the answer is lost. */
  readonly watch: { before(): void; after(operation: Operation): void };
  /** Every call takes a moment. */
  readonly tick: () => void;
}

/** The value where it is text. */
export function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

const notPart = (): never => {
  throw new Error('not part of the model');
};

/** A service provider in memory. What it holds is open to whoever checks it. */
export class ModelProvider {
  readonly accounts = new Map<ResourceId, StoredAccount>();
  readonly groups = new Map<ResourceId, StoredGroup>();
  readonly #options: ProviderOptions;
  #next = 1;

  constructor(options: ProviderOptions) {
    this.#options = options;
  }

  /** An account that was there before Headgate came. */
  plant(userName: string, attributes: readonly (readonly [string, Json])[], owner?: Anchor): ResourceId {
    const id = `old-${this.#next++}`;
    const values = new Map<string, Json>([['userName', userName], ...attributes]);
    this.accounts.set(id, { id, active: true, attributes: values, ...(owner === undefined ? {} : { owner }) });
    return id;
  }

  plantGroup(displayName: string, members: readonly ResourceId[]): ResourceId {
    const id = `old-${this.#next++}`;
    this.groups.set(id, { id, displayName, members: new Set(members) });
    return id;
  }

  /** The port. */
  open(): ServiceProvider {
    const { profile, faults, tick, watch } = this.#options;
    const trouble = () => {
      tick();
      const kind = faults.strike('read');
      if (kind === 'throttled') throw new ThrottledError('asked to wait', 20_000);
      if (kind === 'unavailable') throw new TransientError('the provider answers 503');
      return kind === 'not-found';
    };
    return {
      profile,
      listAccounts: async () => {
        trouble();
        return this.#list([...this.accounts.values()].map(toAccount));
      },
      listGroups: async () => {
        trouble();
        return this.#list([...this.groups.values()].map((group) => this.#show(group)));
      },
      findAccounts: async ({ attribute, value }) => (trouble(), this.#find(attribute, value).map(toAccount)),
      findGroups: async ({ attribute, value }) => (
        trouble(),
        this.#findGroups(attribute, value).map((group) => this.#show(group))
      ),
      readAccount: async (id) => {
        const hidden = trouble();
        const account = this.accounts.get(id);
        return hidden || account === undefined ? undefined : toAccount(account);
      },
      readGroup: async (id) => {
        const hidden = trouble();
        const group = this.groups.get(id);
        return hidden || group === undefined ? undefined : this.#show(group);
      },
      apply: async (operation, resolve) => {
        tick();
        const kind = operation.kind === 'link' ? undefined : faults.strike('write');
        if (kind === 'throttled') throw new ThrottledError('asked to wait', 30_000);
        if (kind === 'locked') throw new ThrottledError('locked', 2_000, 'resource');
        if (kind === 'unavailable') throw new TransientError('not sent');
        if (kind === 'refused') throw new RejectedError('no', { status: 400 });
        if (kind === 'unauthorized') throw new UnauthorizedError('401', { status: 401 });
        if (kind === 'not-applied') throw new InDoubtError('the provider answers 500', { status: 500 });
        watch.before();
        const exported = this.#perform(operation, resolve, kind === 'half');
        watch.after(operation);
        if (kind === 'lost' || kind === 'half') throw new InDoubtError('the answer was lost');
        return exported;
      },
      settle: async (operation, resolve) => {
        trouble();
        return this.#settle(operation, resolve);
      },
      ping: async () => void trouble(),
      awaitAnswer: async () => void trouble(),
      probe: notPart,
      experiment: notPart,
      pace: () => ({ concurrency: 4 }),
      preview: notPart,
      credentialWorks: notPart,
      check: async () => [],
      close: async () => undefined,
    };
  }

  #show({ id, displayName, externalId, members }: StoredGroup): ScimGroup {
    const shown = this.#options.profile.groups.membersReadable === 'full' ? { members: [...members] } : {};
    return { id, displayName, ...(externalId === undefined ? {} : { externalId }), ...shown };
  }

  #list<T extends { readonly id: ResourceId; readonly members?: readonly ResourceId[] }>(all: T[]): Listing<T> {
    const kind = this.#options.faults.strike('listing');
    const half = all.filter((_one, index) => index % 2 === 0);
    // Where names are not unique, a short listing that says it is whole cannot be told from an empty place.
    const lies = kind === 'short' && this.#options.unique;
    if (lies) return { resources: half, trusted: true, doubts: [] };
    if (kind === 'untrusted-short' || kind === 'short')
      return { resources: half, trusted: false, doubts: ['totalResults is larger'] };
    if (kind === 'repeated') return { resources: [...half, ...half], trusted: false, doubts: ['an id came twice'] };
    if (kind === 'no-members')
      return {
        resources: all.map((one) => ({ ...one, ...('members' in one ? { members: [] } : {}) })),
        trusted: true,
        doubts: [],
      };
    return { resources: all, trusted: true, doubts: [] };
  }

  #find(attribute: string, value: string): readonly StoredAccount[] {
    const same = (found: string) =>
      attribute === 'externalId' ? found === value : found.toLowerCase() === value.toLowerCase();
    return [...this.accounts.values()].filter(({ attributes }) => same(text(attributes.get(attribute))));
  }

  #findGroups(attribute: string, value: string): readonly StoredGroup[] {
    return [...this.groups.values()].filter((group) =>
      attribute === 'externalId' ? group.externalId === value : group.displayName.toLowerCase() === value.toLowerCase(),
    );
  }

  #perform(operation: Operation, resolve: ResolveReference, half: boolean): Exported {
    const done = (resourceId: ResourceId | null, more: Partial<Exported> = {}): Exported => ({
      resourceId,
      requests: 1,
      ...more,
    });
    switch (operation.kind) {
      case 'link':
        return done(operation.resourceId, { note: 'already-so' });
      case 'create':
        return operation.resource === 'account'
          ? this.#createAccount(operation, resolve)
          : done(this.#createGroup(operation));
      case 'update':
      case 'reactivate': {
        if (operation.resource === 'account') return this.#changeAccount(operation, resolve);
        const group = this.#group(operation.resourceId);
        for (const { path, after } of operation.attributes) {
          if (path === 'displayName') group.displayName = text(after);
          if (path === 'externalId') group.externalId = text(after);
        }
        return done(group.id);
      }
      case 'disable': {
        const account = this.accounts.get(operation.resourceId);
        if (account === undefined) return done(null, { note: 'gone-already' });
        account.active = false;
        return done(account.id);
      }
      case 'delete': {
        const known: ReadonlyMap<ResourceId, unknown> = operation.resource === 'group' ? this.groups : this.accounts;
        if (!known.has(operation.resourceId)) return done(null, { note: 'gone-already' });
        this.remove(operation.resourceId);
        return done(null);
      }
      case 'members': {
        const group = this.#group(resolve(operation.anchor) ?? '');
        const unresolved = operation.add.filter((anchor) => resolve(anchor) === undefined);
        const add = operation.add.flatMap((anchor) => resolve(anchor) ?? []);
        if (add.some((id) => !this.accounts.has(id))) throw new RejectedError('unknown member', { status: 400 });
        const remove = half ? [] : operation.remove;
        for (const id of half ? add.slice(0, 1) : add) group.members.add(id);
        for (const { resourceId } of remove) group.members.delete(resourceId);
        return done(group.id, { unresolved });
      }
      default:
        return operation satisfies never;
    }
  }

  /** Takes a resource away, with its memberships. */
  remove(id: ResourceId): void {
    this.accounts.delete(id);
    this.groups.delete(id);
    for (const { members } of this.groups.values()) members.delete(id);
  }

  #group(id: ResourceId): StoredGroup {
    const group = this.groups.get(id);
    if (group === undefined) throw new NotFoundError('no such group', { status: 404 });
    return group;
  }

  #createAccount(operation: CreateAccount, resolve: ResolveReference): Exported {
    const wanted = new Map(operation.attributes.map(({ path, after }) => [path, after]));
    const userName = text(wanted.get('userName'));
    const [taken] = this.#options.unique ? this.#find('userName', userName) : [];
    if (taken !== undefined && taken.attributes.get('externalId') !== wanted.get('externalId'))
      throw new ConflictError('userName is taken', { status: 409 });
    const account = taken ?? {
      id: `new-${this.#next++}`,
      active: true,
      attributes: new Map(),
      owner: operation.anchor,
    };
    this.accounts.set(account.id, account);
    const unresolved = this.#write(account, operation.attributes, operation.references, resolve);
    return {
      resourceId: account.id,
      requests: 1,
      unresolved,
      ...(taken === undefined ? {} : { note: 'adopted' as const }),
    };
  }

  #changeAccount(operation: ChangeAccount, resolve: ResolveReference): Exported {
    const id = operation.resourceId ?? resolve(operation.anchor);
    if (id === undefined) throw new RejectedError('the account was to be created in this cycle');
    const account = this.accounts.get(id);
    if (account === undefined) throw new NotFoundError('no such account', { status: 404 });
    const userName = operation.attributes.find(({ path }) => path === 'userName')?.after;
    const others = this.#find('userName', text(userName)).filter((other) => other !== account);
    if (this.#options.unique && userName !== undefined && others.length > 0)
      throw new ConflictError('userName is taken', { status: 409 });
    const unresolved = this.#write(account, operation.attributes, operation.references, resolve);
    if (operation.kind === 'reactivate') account.active = true;
    return { resourceId: id, requests: 1, unresolved };
  }

  #write(
    account: StoredAccount,
    changes: readonly AttributeChange[],
    references: CreateAccount['references'],
    resolve: ResolveReference,
  ): readonly Anchor[] {
    for (const { path, after } of changes) {
      if (path === 'active') account.active = after === true;
      else if (after === null) account.attributes.delete(path);
      else account.attributes.set(path, after);
    }
    for (const { path, to } of references) {
      const value = resolve(to);
      if (value !== undefined) account.attributes.set(path, { value });
    }
    return references.filter(({ to }) => resolve(to) === undefined).map(({ to }) => to);
  }

  #createGroup({ displayName, externalId }: CreateGroup): ResourceId {
    const [ours] = this.#findGroups('externalId', externalId);
    const [namesake] = this.#findGroups('displayName', displayName);
    if (this.#options.unique && namesake !== undefined && namesake !== ours)
      throw new ConflictError('displayName is taken', { status: 409 });
    if (this.#options.unique && ours !== undefined) return ours.id;
    const id = `new-${this.#next++}`;
    this.groups.set(id, { id, displayName, externalId, members: new Set() });
    return id;
  }

  #settle(operation: Operation, resolve: ResolveReference): Exported | undefined {
    const done = (resourceId: ResourceId | null): Exported => ({ resourceId, requests: 1 });
    switch (operation.kind) {
      case 'link':
        return done(operation.resourceId);
      case 'create': {
        if (operation.resource === 'group') {
          const [ours] = this.#findGroups('externalId', operation.externalId);
          return ours === undefined ? undefined : { ...done(ours.id), note: 'adopted' };
        }
        const userName = operation.attributes.find(({ path }) => path === 'userName')?.after;
        const [account] = this.#find('userName', text(userName));
        if (account === undefined || !holds(account, operation.attributes)) return undefined;
        const unresolved = operation.references.filter(({ to }) => resolve(to) === undefined).map(({ to }) => to);
        return { ...done(account.id), note: 'adopted', unresolved };
      }
      case 'update':
      case 'reactivate': {
        if (operation.resource === 'group') {
          const group = this.groups.get(operation.resourceId);
          const name = operation.attributes.find(({ path }) => path === 'displayName')?.after;
          return group !== undefined && (name === undefined || group.displayName === name) ? done(group.id) : undefined;
        }
        const account = this.accounts.get(operation.resourceId ?? resolve(operation.anchor) ?? '');
        if (account === undefined || !holds(account, operation.attributes)) return undefined;
        if (operation.kind === 'reactivate' && !account.active) return undefined;
        const same = operation.references.every(
          ({ path, to }) => JSON.stringify(account.attributes.get(path)) === JSON.stringify({ value: resolve(to) }),
        );
        return same ? done(account.id) : undefined;
      }
      case 'disable': {
        const account = this.accounts.get(operation.resourceId);
        if (account === undefined) return done(null);
        return account.active ? undefined : done(account.id);
      }
      case 'delete':
        return this.accounts.has(operation.resourceId) || this.groups.has(operation.resourceId)
          ? undefined
          : done(null);
      case 'members': {
        const group = this.groups.get(resolve(operation.anchor) ?? '');
        if (group === undefined || this.#options.profile.groups.membersReadable !== 'full') return undefined;
        const add = operation.add.flatMap((anchor) => resolve(anchor) ?? []);
        const all =
          add.every((id) => group.members.has(id)) &&
          !operation.remove.some(({ resourceId }) => group.members.has(resourceId));
        const unresolved = operation.add.filter((anchor) => resolve(anchor) === undefined);
        return all ? { ...done(group.id), unresolved } : undefined;
      }
      default:
        return operation satisfies never;
    }
  }
}

function holds({ active, attributes }: StoredAccount, changes: readonly AttributeChange[]): boolean {
  return changes.every(({ path, after }) =>
    path === 'active' ? active === after : (attributes.get(path) ?? null) === after,
  );
}

function toAccount({ id, active, attributes }: StoredAccount): Account {
  const externalId = text(attributes.get('externalId'));
  const body = { ...buildResource(attributes, 'User'), id, active };
  return { id, userName: text(attributes.get('userName')), active, body, ...(externalId === '' ? {} : { externalId }) };
}
