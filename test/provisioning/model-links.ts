import type { Baseline } from '../../src/core/baseline.ts';
import type { Link, LinkMemory } from '../../src/core/link.ts';
import type { Operation } from '../../src/core/operation.ts';
import type { CycleStore, LinkStore } from '../../src/ports/stores.ts';
import type { Preparation } from '../../src/provisioning/prepare-cycle.ts';
import type { ProviderModel } from '../core/planning/provider-model.ts';
import { NO_HOLDS } from './fakes.ts';

interface Last {
  readonly baseline: Baseline | undefined;
  readonly unsettled: readonly Operation[];
}

const notPart = (): never => {
  throw new Error('not part of this test');
};

/** A store that knows links and no baseline: all an initial cycle asks for. */
export function storesOf(load: () => readonly Link[]): Preparation['stores'] {
  const answer = (given: object) => new Proxy(given, { get: (target, name) => Reflect.get(target, name) ?? notPart });
  const links: Partial<LinkStore> = { load: async () => load() };
  const cycles: Partial<CycleStore> = { baseline: async () => undefined };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the proxies answer for what is missing
  return { links: answer(links), cycles: answer(cycles), holds: NO_HOLDS } as Preparation['stores'];
}

/** What saving a plan makes links remember. */
export function rememberInModel(model: ProviderModel, memories: readonly LinkMemory[]): void {
  for (const { departure, ...memory } of memories) {
    const link = model.link(memory.resource, memory.anchor);
    if (link === undefined) continue;
    const { departure: _, ...before } = link;
    model.links.set(`${link.resource}:${link.anchor}`, {
      ...before,
      ...memory,
      ...(departure === null ? {} : { departure }),
    });
  }
}

/** The links of a provider model as a store, with the baseline of the last cycle. */
export function modelLinks(model: ProviderModel, last: Last): Preparation['stores'] {
  const living = (resource: Link['resource']) =>
    [...model.links.values()].filter((link) => link.resource === resource && link.state !== 'deleted');
  const links: LinkStore = {
    load: async () => [...model.links.values()],
    find: async (_connection, resource, anchors) =>
      new Map(
        anchors.flatMap((anchor) => {
          const link = model.link(resource, anchor);
          return link === undefined ? [] : [[anchor, link] as const];
        }),
      ),
    counts: async () => ({
      'account.active': living('account').filter(({ state }) => state === 'active').length,
      'group.active': living('group').length,
    }),
    due: async (_connection, now) =>
      living('account')
        .filter(({ departure }) => (departure?.next?.dueAt ?? Infinity) <= now)
        .map(({ anchor }) => anchor),
    leaving: notPart,
    list: notPart,
    forget: notPart,
    restore: notPart,
    named: async (_connection, name) =>
      [...living('account'), ...living('group')].filter(({ anchor, label }) => anchor === name || label === name),
    awaiting: async (_connection, anchors) =>
      living('account')
        .filter(({ awaiting = [] }) => awaiting.some((anchor) => anchors.includes(anchor)))
        .map(({ anchor }) => anchor),
    groups: async () => living('group'),
    reachedThrough: async (_connection, groups) =>
      living('account')
        .filter(({ paths = [] }) => paths.some(({ group }) => group !== undefined && groups.includes(group)))
        .map(({ anchor }) => anchor),
    ownersOf: async (_connection, resource, ids) =>
      living(resource).filter(({ resourceId }) => ids.includes(resourceId)),
    membershipCount: async () => living('group').reduce((sum, { members = [] }) => sum + members.length, 0),
  };
  const { baseline, unsettled } = last;
  const cycles: Pick<CycleStore, 'baseline'> = {
    baseline: async () => (baseline === undefined ? undefined : { baseline, unsettled }),
  };
  const store = new Proxy(cycles, { get: (target, name) => Reflect.get(target, name) ?? notPart });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the proxy answers for what is missing
  return { links, cycles: store as CycleStore, holds: NO_HOLDS };
}
