import { expect, it } from 'vitest';
import { commands } from '../../src/ocpp/commands.ts';
import { commandRules } from '../../workflows/commands/table.ts';
import { samples } from '../ocpp/commandSamples.ts';

/** `npx vitest run test/docs -u` writes the page anew. */
it('docs/commands.md lists every command with its rules, as the code has them', async () => {
  const rows = [...commands.values()].map(({ action, section, answerTimeoutMs }) => {
    const { deadlineMs, effect, notWhilePending, urgency = 0 } = commandRules.get(action)!;
    const example = JSON.stringify(samples[action]?.payload);
    const shown = example.length > 90 ? '' : `\`${example}\``;
    const followed = effect ? inWords(effect.withinMs) : 'its answer';
    const cells = [
      action,
      section.replace('Improved security for OCPP 1.6-J', 'security'),
      shown,
      inWords(deadlineMs),
      inWords(answerTimeoutMs),
      followed,
      notWhilePending ? 'no' : 'yes',
      String(urgency),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  const page = [
    '# Commands',
    '',
    'What operators can ask of a charge point, there or not: by `ocpp-actors command`, `POST /v1/charge-points/{id}/commands`, or the',
    "signal `command` from Temporal's UI. A command waits in the station's actor up to its deadline, is sent once, one at a time, and",
    'followed to its outcome: the answer, or what the station does after it, within the time given (then it is `notObserved`).',
    '',
    'Of those that wait, the most urgent (2) is sent first; of equal ones, the one that was asked for first. What is still queued can be',
    'cancelled: `ocpp-actors cancel`, `DELETE /v1/commands/{id}`, or the update `cancelCommand`.',
    '',
    'Before it is queued, by whichever way it came, its payload is held against the rules of OCPP 1.6, and the id tag of a',
    'RemoteStartTransaction against the register and, where it may charge at one place only, against the transactions that go on: what a',
    'station would refuse, or start in vain, is `refused` with the rule (REST and the command line say so at once of a payload, and keep',
    'nothing). Before it leaves the payload is looked at again: a reservation may be over by then.',
    '',
    'So is what goes beyond what the station has told of itself in its configuration keys: more items, entries, keys or periods than it',
    'takes, a stack level or rate unit that it does not have, a reservation of connector 0, the change of a key that is readonly; and a',
    'TxProfile of a transaction that does not run at that connector. A key that it has not told refuses nothing: ask for all of them once',
    '(GetConfiguration). More keys than its GetConfigurationMaxKeys are asked for over REST and the command line in several commands, the',
    '`further` ones of the answer. A RemoteStartTransaction waits for its transaction until a minute after the ConnectionTimeOut that the',
    'station has told (10 s to 1 h), else for 5 minutes.',
    '',
    'Each keeps which way it came (`via`: rest, cli, signal, update) and who asked. Over REST that is the owner of the token and the',
    'address, at a shell the user and the host; a name that is given beside it (`requestedBy`, `--requested-by`) is not verified, and',
    'kept as such: `Ada, by billing from 10.0.0.1`, `Ada (root@depot)`. With signals and other updates there is such a name at most.',
    '',
    'REST and the command line queue nothing for a charge point that is not known, or is retired. While the database is away neither can',
    'tell: then the actor gets the command if it runs (as a whole, and what the database has to be asked for is checked when it is back),',
    'and an id without one gets none. A command id that ended long ago is not recognised then: only the database keeps it.',
    '',
    'Options: `{"unlessRebooted":true}` drops a Reset when the station boots by itself before it was sent; `{"grantIdTag":true}` lets the',
    'id tag of a RemoteStartTransaction charge this once, whatever the register says of it, at any edge, as long as the command waits for',
    'its transaction.',
    '',
    'Several commands can be one job: `next` is what is asked for when a command is done, `otherwise` what is asked for instead where the',
    'station rejects it, answers with an error, or does not say what was `expected`. Both are worked off one after the other, each command',
    'when the one before is done; `otherwise` also follows where one of `next` fails, and what fails within it ends the job. Of a message of',
    'the security extension `otherwise` is an older message, asked for only where the station does not know the newer one',
    '(NotImplemented, NotSupported). Who cancels a command that was sent already drops what was to follow it. Each has the id that is given',
    'with it, else that of the first command and its number: `+1` after `next`, `/1` after `otherwise`; until its turn comes there is no such',
    'command. A local list is such a job:',
    '',
    '```json',
    '{"action":"SendLocalList","payload":{"listVersion":3,"updateType":"Differential","localAuthorizationList":[{"idTag":"TAG"}]},',
    ' "options":{"next":[{"action":"GetLocalListVersion","payload":{},"expected":{"listVersion":3}}],',
    '            "otherwise":[{"action":"SendLocalList","payload":{"listVersion":4,"updateType":"Full"}}]}}',
    '```',
    '',
    'One message of the station is the effect of one command: of the one for the same connector, request and id tag, the first that the',
    'station has taken on. A RemoteStartTransaction has `failed` where its transaction was answered that it may not charge; transactions',
    'that began while the station was offline are not its own. ChangeAvailability of connector 0 is done when all connectors are so.',
    'While diagnostics, a log or firmware are under way, `outcome` says how far they are.',
    '',
    'An AuthorizationKey in a command is refused and kept nowhere. Temporal keeps the signal that told it in the history of the workflow:',
    'take another key then.',
    '',
    '_security_: Improved security for OCPP 1.6-J, edition 2.',
    '',
    '| command | specified in | for example | deadline | answer within | followed by | while pending | urgency |',
    '| ------- | ------------ | ----------- | -------- | ------------- | ----------- | ------------- | ------- |',
    ...rows,
    '',
    'States: `queued`, `dispatching` (handed to the edge), `sent`, `answered` (accepted; its effect is awaited), then `completed`,',
    "`notObserved`, `rejected` (the station's own word), `failed` (CALLERROR, or the station says that it failed), `timedOut`,",
    '`connectionLost`, `refused` (a bad payload, with the reason), `expired` (not sent by its deadline), `cancelled`.',
    '',
  ];
  await expect(page.join('\n')).toMatchFileSnapshot('../../docs/commands.md');
});

function inWords(ms: number): string {
  const units: [string, number][] = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1_000],
  ];
  const [name, size] = units.find(([, each]) => ms % each === 0) ?? ['ms', 1];
  return `${ms / size} ${name}`;
}
