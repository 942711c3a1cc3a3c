import type { Command } from 'commander';
import { examples } from './examples.ts';
import { Output } from './output.ts';

export function addMigrate(program: Command): void {
  const migrate = program
    .command('migrate')
    .description('Bring the schema of the database at DATABASE_URL (or the running embedded one) up to date.')
    .action(async () => {
      const { databaseUrlOf, readSettings } = await import('../config.ts');
      const { createLog } = await import('../log.ts');
      const { openDatabase } = await import('../../drizzle/client.ts');
      const { prepareDatabase } = await import('../prepareDatabase.ts');
      const settings = readSettings();
      const log = createLog({ LOG_LEVEL: 'warn' });
      const database = openDatabase({ url: databaseUrlOf(settings), log });
      try {
        // Takes the time it takes: each migration has its own deadline.
        await prepareDatabase(database, settings);
        await new Output({}).line('the schema is up to date');
      } finally {
        await database.close();
      }
    });
  examples(migrate, [['migrate', 'before the first start of a new version on a database of your own']]);
}
