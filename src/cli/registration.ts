import type { Command } from 'commander';
import type { ChargePointView } from '../../drizzle/queries/chargePoints.ts';
import type { ChargePointInput, Decided, OperatorParts } from '../operators/chargePoints.ts';
import { chargePointId, jsonOption, label, wholeNumber, wrongUsage } from './arguments.ts';
import { requestedByOption, whoAsks } from './asking.ts';
import { examples } from './examples.ts';
import { EXIT } from './exitCodes.ts';
import { Output, printable } from './output.ts';
import { readSecret } from './secrets.ts';
import { withOperatorParts } from './servers.ts';

/** `station add`, `accept`, `reject`, `retire`, `password`, `authorization-key`, `label` */
export function addRegistration(station: Command): void {
  const add = station
    .command('add')
    .description('Register a charge point before it comes.')
    .argument('<chargePointId>', 'its id, as in the URL it will connect to', chargePointId)
    .option('--password <password>', 'it has to give; others on this machine may read it here: rather pipe it in')
    .option('--password-stdin', 'read the password from standard input')
    .option('--generate-password', 'make a password, shown once: 40 hex digits, an AuthorizationKey of OCPP')
    .option('--heartbeat-interval <seconds>', 'between its heartbeats', wholeNumber(10, 86_400))
    .option('--label <key=value>', 'to find it by; may be given again', label)
    .option('--pending', 'not let in before it is accepted')
    .addOption(jsonOption())
    .action((id: string, options: AddOptions) => register(add, id, options));
  examples(add, [
    ['station add CP1 --generate-password --label site=Berlin', 'shows the password to configure in the station'],
    ['station add CP2 --pending', 'to be accepted later'],
  ]);

  for (const [name, registration, what, example] of [
    ['accept', 'accepted', 'Let a charge point in: one that waits boots again at once.', 'CP1 was pending or rejected'],
    [
      'reject',
      'rejected',
      'Answer the boots of a charge point with Rejected, and all else it says not at all.',
      'CP1 is not ours',
    ],
  ] as const) {
    const command = station
      .command(name)
      .description(what)
      .argument('<chargePointId>', 'its id', chargePointId)
      .addOption(jsonOption())
      .action((id: string, options: JsonOption) => decide(id, () => ({ registration }), options));
    examples(command, [[`station ${name} CP1`, example]]);
  }

  const retire = station
    .command('retire')
    .description('Let a charge point in no more. All that is stored of it stays.')
    .argument('<chargePointId>', 'its id', chargePointId)
    .addOption(jsonOption())
    .action((id: string, options: JsonOption) => retireStation(id, options));
  examples(retire, [['station retire CP1', 'CP1 was taken down']]);

  const password = station
    .command('password')
    .description('Set, replace or remove the password that a charge point has to give. Give one of the options.')
    .argument('<chargePointId>', 'its id', chargePointId)
    .option('--generate', 'make one, shown once: 40 hex digits, an AuthorizationKey of OCPP')
    .option('--stdin', 'read it from standard input; on a terminal it is asked for')
    .option('--remove', 'ask for none any more')
    .addOption(jsonOption())
    .action((id: string, options: PasswordOptions) => setPassword(password, id, options));
  examples(password, [
    ['station password CP1 --generate', 'a new one'],
    ['station password CP1 --stdin < password.txt', 'the one it has already'],
  ]);

  const key = station
    .command('authorization-key')
    .description(
      'Change the AuthorizationKey of a charge point, there and here; the old one counts until it has the new one.',
    )
    .argument('<chargePointId>', 'its id', chargePointId)
    .option(
      '--stdin',
      'read the new one, 32 to 40 hex digits, from standard input; by default one is made and shown once',
    )
    .addOption(requestedByOption())
    .addOption(jsonOption())
    .action((id: string, options: KeyOptions) => changeKey(key, id, options));
  examples(key, [
    ['station authorization-key CP1', 'a new one; `commands CP1` shows what became of it'],
    ['station authorization-key CP1 --stdin < key.txt', 'one of your own'],
  ]);

  const labels = station
    .command('label')
    .description('Set labels of a charge point; an empty value removes one.')
    .argument('<chargePointId>', 'its id', chargePointId)
    .argument('<key=value...>', 'labels', label)
    .addOption(jsonOption())
    .action((id: string, given: Record<string, string>, options: JsonOption) =>
      decide(id, (known) => ({ labels: withLabels(known.labels, given) }), options),
    );
  examples(labels, [['station label CP1 site=Berlin old=', 'sets site, removes old']]);
}

interface JsonOption {
  json?: true;
}

interface AddOptions extends JsonOption {
  password?: string;
  passwordStdin?: true;
  generatePassword?: true;
  heartbeatInterval?: number;
  label?: Record<string, string>;
  pending?: true;
}

async function register(command: Command, id: string, options: AddOptions): Promise<void> {
  const { heartbeatInterval, label: labels, pending, json } = options;
  const given = [options.password, options.passwordStdin, options.generatePassword].filter((one) => one !== undefined);
  if (given.length > 1) wrongUsage(command, 'give one of --password, --password-stdin, --generate-password');
  const password = await passwordOf(command, {
    text: options.password,
    generate: options.generatePassword,
    stdin: options.passwordStdin,
  });
  await withOperatorParts(async (parts) => {
    const { saveChargePoint } = await import('../operators/chargePoints.ts');
    const registration = pending ? 'pending' : 'accepted';
    const decided = await saveChargePoint(parts, id, { registration, heartbeatInterval, labels, password }, 'new');
    await tell(decided, { json, generated: options.generatePassword ? password : undefined });
  });
}

interface PasswordOptions extends JsonOption {
  generate?: true;
  stdin?: true;
  remove?: true;
}

async function setPassword(command: Command, id: string, options: PasswordOptions): Promise<void> {
  const { generate, stdin, remove, json } = options;
  if ([generate, stdin, remove].filter(Boolean).length !== 1) {
    wrongUsage(command, 'give one of --generate, --stdin, --remove');
  }
  const password = remove ? null : await passwordOf(command, { generate, stdin });
  await decide(id, () => ({ password }), { json, generated: generate ? (password ?? undefined) : undefined });
}

interface KeyOptions extends JsonOption {
  stdin?: true;
  requestedBy?: string;
}

async function changeKey(command: Command, id: string, options: KeyOptions): Promise<void> {
  const { stdin, requestedBy, json } = options;
  const given = stdin ? await readSecret('Key: ') : undefined;
  const { KEY } = await import('../security/passwords.ts');
  if (given !== undefined && !KEY.test(given)) {
    wrongUsage(command, 'a key of 32 to 40 hex digits is expected');
  }
  const { changeAuthorizationKey } = await import('../operators/authorizationKey.ts');
  const { openSeal } = await import('../security/seal.ts');
  const { readSettings } = await import('../config.ts');
  const seal = openSeal(readSettings());
  const { commandId, authorizationKey } = await withOperatorParts((parts) =>
    changeAuthorizationKey({ ...parts, seal: () => seal }, id, {
      key: given,
      requestedBy: whoAsks(requestedBy),
      via: 'cli',
    }),
  );
  const output = new Output({ json });
  const made = given === undefined ? { authorizationKey } : {};
  if (json) return output.value({ commandId, ...made });
  await output.line(printable(`${id}: queued as command ${commandId}; both keys count until it has the new one`));
  if (given === undefined) await output.line(`key (shown once): ${authorizationKey}`);
}

interface PasswordSource {
  text?: string | undefined;
  generate?: true | undefined;
  stdin?: true | undefined;
}

async function passwordOf(command: Command, { text, generate, stdin }: PasswordSource): Promise<string | undefined> {
  if (generate) return (await import('../security/passwords.ts')).generatePassword();
  const password = stdin ? await readSecret('Password: ') : text;
  if (password !== undefined && (password === '' || password.length > 256)) {
    wrongUsage(command, 'a password of 1 to 256 characters is expected');
  }
  return password;
}

/** Changes a charge point that is known, and not one that somebody else changes meanwhile. */
async function decide(
  id: string,
  input: (known: ChargePointView) => ChargePointInput,
  options: TellOptions,
): Promise<void> {
  await withOperatorParts(async (parts) => {
    const { saveChargePoint } = await import('../operators/chargePoints.ts');
    const known = await find(parts, id);
    await tell(await saveChargePoint(parts, id, input(known), { revision: known.revision }), options);
  });
}

async function retireStation(id: string, options: JsonOption): Promise<void> {
  await withOperatorParts(async (parts) => {
    const { retireChargePoint } = await import('../operators/chargePoints.ts');
    await tell(await retireChargePoint(parts, id), options);
  });
}

async function find({ database }: OperatorParts, id: string): Promise<ChargePointView> {
  const { findChargePoint } = await import('../../drizzle/queries/chargePoints.ts');
  const known = await findChargePoint(database, id);
  if (!known) throw new Error(`no charge point "${id}" is registered or has been here: ocpp-actors station add ${id}`);
  return known;
}

function withLabels(before: Record<string, string>, given: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries({ ...before, ...given }).filter(([, value]) => value !== ''));
}

interface TellOptions extends JsonOption {
  /** A password that nobody else will ever see. */
  generated?: string | undefined;
}

async function tell({ chargePoint, actorNotTold }: Decided, { json, generated }: TellOptions): Promise<void> {
  const output = new Output({ json });
  const { chargePointId: id, registration, labels, hasPassword } = chargePoint;
  if (json) await output.value({ ...chargePoint, ...(generated ? { password: generated } : {}) });
  else {
    const words = [
      registration,
      hasPassword ? 'with a password' : 'without a password',
      ...Object.entries(labels).map(([key, value]) => `${key}=${value}`),
    ];
    await output.line(printable(`${id}: ${words.join(', ')}`));
    if (generated) await output.line(`password (shown once): ${generated}`);
  }
  if (actorNotTold === undefined) return;
  process.stderr.write(
    `ocpp-actors: that is stored, but its actor is not told yet: ${printable(actorNotTold)}; do the same again then\n`,
  );
  process.exitCode = EXIT.unfinished;
}
