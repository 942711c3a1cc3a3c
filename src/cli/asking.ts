import { hostname, userInfo } from 'node:os';
import { Option } from 'commander';

/** Characters that a command keeps of who asked for it. */
const NAME_MOST = 100;

export const requestedByOption = () =>
  new Option('--requested-by <name>', 'for whom; your user name and host are kept beside it');

/** What commands keep of who asks at a shell: `ada@host`, or with a name `Grace (ada@host)`, of which only the name is cut. */
export function whoAsks(name?: string): string {
  const user = `${userName()}@${hostname()}`.slice(0, NAME_MOST);
  const room = NAME_MOST - user.length - ' ()'.length;
  return name && room > 0 ? `${name.slice(0, room).toWellFormed()} (${user})` : user;
}

/** In a container the user may have no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return process.env.USER ?? `uid ${process.getuid?.() ?? '?'}`;
  }
}
