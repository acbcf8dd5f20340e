import type { JournalEntry } from '../../core/migration/journal.ts';
import { listed } from '../../core/reasons.ts';
import { buryCredential } from '../../provisioning/credentials/bury-credential.ts';
import { keepCredentials } from '../../provisioning/credentials/survey-credentials.ts';
import type { StepContext, StepOutcome } from '../step-context.ts';
import { jobSinceStandstill } from './job-since-standstill.ts';
import { deadWords, lookAtJobToken } from './job-token.ts';
import { SOON_MS } from './look.ts';

/**
 * Proves that the token is dead, once a person has said that they revoked it at the provider: one read with it, which must be
 * refused. A token that still works makes the yes void, and so does another one that may still be accepted: no request is
 * sent with that, so a person has to say that it is gone. So does a job of Entra's that runs again, or has run and nobody knows,
 * and a secret of its own in it that works.
 */
export async function revokeToken(context: StepContext): Promise<StepOutcome> {
  const { connection, ports, signal } = context;
  const { name } = connection.rules;
  const works = await connection.provider.credentialWorks(signal);
  // After the token: once that is dead, nothing the job does can take anybody away.
  const { entries, why, jobs } = await jobSinceStandstill(context);
  const ofJob = await lookAtJobToken(context, jobs);
  const whys = [...(works ? ['the provider still takes the token: revoke it there'] : []), ...why];
  const told = [...entries, ...ofJob.entries];
  if (whys.length > 0 || ofJob.why.length > 0)
    return closeGate(context, [...whys, ...ofJob.why].join('; ') + ', then approve again', told);
  await context.append(told);
  // Where Headgate ran no cycle it may not have taken the token up yet, and one it takes up later would hold its owner.
  await keepCredentials(ports);
  const { credentials } = ports.stores;
  const others = (await credentials.list(name)).filter(({ state }) => state === 'candidate' || state === 'retiring');
  if (others.length > 0) {
    const tokens = others.map(({ state, fingerprint }) => `the ${state} ${fingerprint}`);
    const commands = others.map(
      ({ fingerprint }) => `headgate token revoke ${fingerprint} -c ${name} --deleted-at-provider`,
    );
    const text = `the provider may still take other tokens: ${listed(tokens)}. Delete them there, say so (${commands.join('; ')}), then approve again`;
    return closeGate(context, text);
  }
  await context.begin();
  const buried = await buryCredential(ports, name, 'migration');
  // Somebody else changed it in that moment: its secret must not stay all the same.
  if (!buried && (await credentials.active(name)) !== undefined) return { is: 'again', afterMs: SOON_MS };
  return { is: 'done', text: deadWords(context.state()) };
}

async function closeGate(context: StepContext, why: string, first: readonly JournalEntry[] = []): Promise<StepOutcome> {
  await context.append([...first, { kind: 'withdrawn', gate: 'revocation', why }]);
  return { is: 'again', afterMs: 1 };
}
