import { listed } from '../reasons.ts';
import type { Finding } from '../verdict.ts';
import type { Guard } from './facts.ts';

/** What ends the warning of a guard that cannot look. */
export const NO_OTHER =
  'If nothing but Headgate provisions this application, put native-job-active into guards.off instead.';

/** Where the configuration names Entra's engine the plan is refused: no approval makes two engines one. */
function notOurs(operations: number): Finding {
  return {
    guard: 'native-job-active',
    effect: 'refuse',
    message: "Entra's own provisioning is this connection's engine (engine: entra): Headgate sends it nothing",
    remedy: 'to provision with Headgate stop it there, take engine out of the configuration and reload.',
    operations: [],
    numbers: { operations },
  };
}

/**
 * While the directory's own engine provisions the same application, two engines would undo each other's work and remove
 * by two policies: everything that would be sent is held. Where that cannot be seen, it is said each time.
 */
export const nativeJobActive: Guard = ({ plan, nativeJobs, rules }) => {
  const sent = plan.operations.filter(({ kind }) => kind !== 'link');
  if (rules.engine === 'entra') return sent.length === 0 ? [] : [notOurs(sent.length)];
  if (!nativeJobs.known) {
    const { why: message, remedy: allow } = nativeJobs;
    const remedy = `${allow} ${NO_OTHER}`;
    return [{ guard: 'native-job-active', effect: 'warn', message, remedy, operations: [], numbers: {} }];
  }
  if (nativeJobs.active.length === 0 || sent.length === 0) return [];
  return [
    {
      guard: 'native-job-active',
      effect: 'hold',
      message: `the directory's own provisioning is still running for this application (${listed(nativeJobs.active)}): two engines would write to one service provider`,
      remedy:
        'stop automatic provisioning of the enterprise application (Provisioning, Stop provisioning); the hold lifts by itself. If both are to write, put native-job-active into guards.off.',
      operations: sent.map(({ key }) => key),
      numbers: { jobs: nativeJobs.active.length, operations: sent.length },
    },
  ];
};
