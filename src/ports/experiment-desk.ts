import type { Experiment, Finding } from '../core/experiment.ts';

/** What an experiment would do; nothing is asked of the provider for it. */
export interface ExperimentPlan {
  readonly connection: string;
  readonly profile: string;
  /** Scheme, host and port of the service provider. */
  readonly target: string;
  /** How every throw-away resource is called: `headgate-probe-` and six random characters. */
  readonly names: string;
  readonly steps: readonly string[];
  /** Why it would be refused now; absent when it would not. */
  readonly refused?: string;
}

/** How a service provider behaves, beside what its profile says. */
export interface ExperimentReport extends Omit<Experiment, 'observations'> {
  readonly connection: string;
  readonly profile: string;
  readonly findings: readonly Finding[];
}

/** What people may do to learn how a service provider really behaves. RefusedError('not-found') for unknown connections. */
export interface ExperimentDesk {
  plan(connection: string, domain: string): Promise<ExperimentPlan>;
  /**
   * Tries the provider on throw-away resources. RefusedError while the connection is paused, in quarantine or switched off,
   * has an open cycle or migration, or is tried already. When `signal` aborts, what was made is removed before it ends.
   */
  run(
    request: { readonly connection: string; readonly domain: string; readonly requestedBy: string },
    signal: AbortSignal,
  ): Promise<ExperimentReport>;
  /** Ends an experiment after the request under way; `run` then returns what was seen. False when there is none. */
  stop(connection: string): Promise<boolean>;
}
