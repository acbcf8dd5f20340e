import { HeadgateError } from '../../../core/errors.ts';
import type { Experiment, Observation } from '../../../core/experiment.ts';
import type { Exchange } from '../exchange.ts';
import type { PatientRead } from '../patience.ts';
import { makeAccount, tryCreate } from './account-steps.ts';
import { type Bench, createBench, ExperimentStopped, newName } from './bench.ts';
import { tryChanges, tryVersion } from './change-steps.ts';
import { makeGroup, tryChunk, tryGroupDelete, tryMembers, tryRename } from './group-steps.ts';
import { createOwnResources, type Own } from './own-resources.ts';
import { removeAll } from './remove-all.ts';
import { tryDelete, tryDeleteAgain, tryDisable, tryListing, tryReactivate } from './removal-steps.ts';
import { type Wire, watchWire } from './wire-facts.ts';

export interface ExperimentOptions {
  /** Opens the exchange of the experiment, and another for what is done after it was stopped. */
  readonly open: (signal: AbortSignal) => Exchange;
  readonly patient: PatientRead;
  readonly domain: string;
  /** Ends the experiment between two requests; what it made is removed all the same. */
  readonly stop: AbortSignal;
}

/** Removing what was made takes no longer than this, in ms: then it is named instead. */
const CLEANING_MS = 120_000;

/**
 * Tries a provider on resources of its own making and removes them at the end, however it ends. Writes to nothing else: the
 * exchange refuses to. Never throws from the error family; a failure is part of the report.
 */
export async function runExperiment({ open, patient, domain, stop }: ExperimentOptions): Promise<Experiment> {
  const own = createOwnResources();
  const wire = watchWire();
  const observations: Observation[] = [];
  // No request is cut short, a create least of all: a stop is looked for before each.
  const guarded = own.guard(open(new AbortController().signal), () => {
    if (stop.aborted) throw new ExperimentStopped('the experiment was stopped');
  });
  const exchange: Exchange = { ...guarded, send: (request) => guarded.send({ ...request, witness: wire.witness }) };
  const bench = createBench({ exchange, own, patient, domain, stop, observed: (each) => observations.push(each) });
  const end = await untilItEnds(bench, wire);
  wire.report(bench);
  const cleaning = own.guard(open(AbortSignal.timeout(CLEANING_MS)), () => undefined);
  const searchable = observations.some(({ fact, value }) => fact === 'filter.externalId' && value === true);
  const left = await removeAll(cleaning, own, searchable);
  return {
    ...end,
    observations,
    requests: exchange.requests() + cleaning.requests(),
    writes: own.writes,
    left,
  };
}

async function untilItEnds(bench: Bench, wire: Wire): Promise<Pick<Experiment, 'ended' | 'failure' | 'earlier'>> {
  try {
    return { ended: 'complete', earlier: await runSteps(bench, wire) };
  } catch (error) {
    if (error instanceof ExperimentStopped) return { ended: 'stopped', earlier: [] };
    if (!(error instanceof HeadgateError)) throw error;
    return { ended: 'failed', failure: error.message, earlier: [] };
  }
}

async function runSteps(asked: Bench, wire: Wire): Promise<Experiment['earlier']> {
  const made = await tryCreate(asked, wire);
  if (made === undefined) return [];
  const { account: first, bench } = made;
  const shapes = await tryChanges(bench, first);
  await tryVersion(bench, first);
  const [second, third] = [await another(bench), await another(bench)];
  const group = await makeGroup(bench);
  if (group !== undefined && second !== undefined && third !== undefined) {
    await tryMembers(bench, group, second, third);
    await tryRename(bench, group);
    await tryChunk(bench, group, second);
  }
  await tryDisable(bench, first, shapes);
  if (third !== undefined) await tryDelete(bench, third);
  const earlier = await tryListing(bench, { active: second, disabled: first, deleted: third });
  await tryReactivate(bench, first, shapes);
  if (third !== undefined) await tryDeleteAgain(bench, third);
  if (group !== undefined) await tryGroupDelete(bench, group, second);
  return earlier;
}

async function another(bench: Bench): Promise<Own | undefined> {
  const made = await bench.attempt(() => makeAccount(bench, newName()));
  return made.ok ? made.value : undefined;
}
