import { Option, type Command } from 'commander';
import type { OperatorRole, TokenView } from '../../drizzle/queries/tokens.ts';
import { jsonOption, limitOption } from './arguments.ts';
import { examples } from './examples.ts';
import { Output, printable, type Column } from './output.ts';
import { pages } from './pages.ts';
import { withDatabase } from './servers.ts';

const ROLES: OperatorRole[] = ['viewer', 'operator', 'admin'];

/** `token …` */
export function addTokens(program: Command): void {
  const token = program.command('token').description("Keep the tokens that the operators' API is called with.");
  const create = token
    .command('create')
    .description('Create a token; it is shown once.')
    .argument('<name>', 'who will call with it; commands say who asked for them')
    .addOption(new Option('--role <role>', 'what it may do').choices(ROLES).makeOptionMandatory())
    .addOption(jsonOption())
    .action((name: string, options: { role: OperatorRole; json?: true }) => createToken(name, options));
  examples(create, [['token create billing --role viewer', 'for a program that only reads']]);

  const list = token
    .command('list')
    .description('List the tokens, revoked ones included.')
    .addOption(limitOption())
    .addOption(jsonOption())
    .action((options: { limit?: number; json?: true }) => listTokens(options));
  examples(list, [['token list', 'their names, roles and ids']]);

  const revoke = token
    .command('revoke')
    .description('Revoke a token: it works no more after a few seconds.')
    .argument('<id>', 'as token list has it')
    .action((id: string) => revokeToken(id));
  examples(revoke, [['token revoke 0b7c0f6e-4a53-4a0e-9a52-3f1f1c1d2e3f', 'when somebody leaves']]);
}

async function createToken(name: string, { role, json }: { role: OperatorRole; json?: true }): Promise<void> {
  const { createToken: create } = await import('../security/tokens.ts');
  const created = await withDatabase((database) => create(database, { name, role }));
  const output = new Output({ json });
  if (json) return output.value(created);
  await output.line(`token ${created.id} "${printable(name)}" with role ${role}`);
  await output.line(`token (shown once): ${created.token}`);
}

async function listTokens({ limit, json }: { limit?: number; json?: true }): Promise<void> {
  const { listTokens: read } = await import('../../drizzle/queries/tokens.ts');
  await withDatabase((database) =>
    new Output({ json }).rows(
      pages((request) => read(database, request), limit),
      columns,
      'no tokens',
    ),
  );
}

const columns: Column<TokenView>[] = [
  { head: 'id', of: (row) => row.id },
  { head: 'name', of: (row) => row.name },
  { head: 'role', of: (row) => row.role },
  { head: 'created', of: (row) => row.createdAt },
  { head: 'revoked', of: (row) => row.revokedAt, format: () => 'red' },
];

async function revokeToken(id: string): Promise<void> {
  const { revokeToken: revoke } = await import('../../drizzle/queries/tokens.ts');
  const found = await withDatabase((database) => revoke(database, id));
  if (!found) throw new Error(`there is no token ${id}: ocpp-actors token list shows their ids`);
  await new Output({}).line(`token ${printable(id)} is revoked`);
}
