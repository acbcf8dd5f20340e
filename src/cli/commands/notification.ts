import type { Command } from 'commander';
import { sentenceOf } from '../../core/notification-text.ts';
import type { ChannelState } from '../../ports/notifications.ts';
import { EXIT } from '../exit-codes.ts';
import type { ExitCode } from '../exit-codes.ts';
import { renderTable } from '../render/table.ts';
import { printable } from '../../core/printable.ts';
import { shownTime } from '../render/text.ts';
import { onRun } from '../session.ts';
import type { Session, Shell } from '../session.ts';

const SHOWN = 50;

const NOBODY = 'Nobody is told anything: set notifications in the configuration.';

/** `headgate notification`: what people were told by mail and webhooks, and whether that arrives. */
export function registerNotification(program: Command, shell: Shell): void {
  const notification = program
    .command('notification')
    .description('look at notifications, and try whether they arrive');
  onRun(
    shell,
    notification.command('list').description(`show the last ${SHOWN} notifications, and how each channel stands`),
    runList,
  );
  onRun(shell, notification.command('test').description('send a test message by mail and to every webhook'), runTest);
}

async function runList(session: Session): Promise<ExitCode> {
  const { operator } = await session.connect();
  const { notifications, channels } = await operator.notifications.list(SHOWN);
  if (session.json) session.out(JSON.stringify({ notifications, channels }, undefined, 2));
  else {
    const told = notifications.toReversed().map((one) => [shownTime(one.at), one.kind, printable(sentenceOf(one))]);
    session.out(renderTable(['AT', 'WHAT', 'MESSAGE'], told));
    if (channels.length === 0) session.say(NOBODY);
    else session.out(renderTable(['CHANNEL', 'FAILED', 'AGAIN AT', 'WHY'], channels.map(channelRow)));
  }
  return channels.some(({ failure }) => failure !== undefined) ? EXIT.failed : EXIT.done;
}

function channelRow({ channel, attempts, notBefore, failure }: ChannelState): readonly string[] {
  const again = failure === undefined ? '-' : shownTime(notBefore);
  return [channel, String(attempts), again, printable(failure ?? '')];
}

async function runTest(session: Session): Promise<ExitCode> {
  const { operator } = await session.connect();
  const answers = await operator.notifications.test(session.io.interrupts());
  if (session.json) session.out(JSON.stringify(answers, undefined, 2));
  else if (answers.length === 0) session.say(NOBODY);
  else {
    const told = answers.map(({ channel, detail }) => [channel, printable(detail)]);
    session.out(renderTable(['CHANNEL', 'ANSWER'], told));
    for (const { channel, remedy } of answers)
      if (remedy !== undefined) session.say(`${channel}: ${printable(remedy)}`);
  }
  return answers.every(({ ok }) => ok) ? EXIT.done : EXIT.failed;
}
