import { Argument, type Command, type Option } from 'commander';
import { examples } from './examples.ts';
import { Output } from './output.ts';
import { tree } from './tree.ts';

/** `completion bash|zsh|fish` prints a script, made from the command tree itself. */
export function addCompletion(program: Command): void {
  const completion = program
    .command('completion')
    .description('Print a script that completes commands and options in your shell.')
    .addArgument(new Argument('<shell>', 'your shell').choices(['bash', 'zsh', 'fish']))
    .action((shell: keyof typeof scripts) => new Output({}).line(scripts[shell](places(program))));
  examples(completion, [
    ['completion bash > ~/.local/share/bash-completion/completions/ocpp-actors', 'for bash'],
    ['completion zsh > "${fpath[1]}/_ocpp-actors"', 'for zsh'],
    ['completion fish > ~/.config/fish/completions/ocpp-actors.fish', 'for fish'],
  ]);
}

/** Where the next word stands, and what it may be. */
interface Place {
  /** Names of the commands typed so far, from the program's on. */
  at: string;
  words: string[];
  /** Behind one of these options stands one of these values. */
  values: { flag: string; words: string[] }[];
}

function places(program: Command): Place[] {
  return tree(program).map(({ command, path }) => {
    const choices = command.registeredArguments.flatMap((argument) => argument.argChoices ?? []);
    return {
      at: path.join(' '),
      words: [
        ...command.commands.map((child) => child.name()),
        ...choices,
        ...command.options.flatMap(flags),
        '--help',
      ],
      values: command.options.flatMap((option) =>
        flags(option).map((flag) => ({ flag, words: option.argChoices ?? [] })),
      ),
    };
  });
}

function flags({ short, long }: Option): string[] {
  return [short, long].filter((flag) => flag !== undefined);
}

const scripts = {
  bash: (all: Place[]) => `# bash completion of ocpp-actors
_ocpp_actors() {
  local at='ocpp-actors' candidates='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
${walk(all)}
  done
  local before="\${COMP_WORDS[COMP_CWORD - 1]}"
${cases(all)}
  COMPREPLY=($(compgen -W "$candidates" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _ocpp_actors ocpp-actors`,

  zsh: (all: Place[]) => `#compdef ocpp-actors
_ocpp_actors() {
  local at='ocpp-actors' candidates='' word
  for word in "\${(@)words[2,CURRENT-1]}"; do
${walk(all)}
  done
  local before="\${words[CURRENT-1]}"
${cases(all)}
  compadd -- \${=candidates}
  _files
}
compdef _ocpp_actors ocpp-actors`,

  fish: (all: Place[]) => `# fish completion of ocpp-actors
function __ocpp_actors_at
  set -l at ocpp-actors
  for word in (commandline -opc)[2..-1]
    if contains -- "$at $word" ${below(all).join(' ')}
      set at "$at $word"
    end
  end
  test "$at" = "$argv[1]"
end
${all.map(({ at, words }) => `complete -c ocpp-actors -n "__ocpp_actors_at '${at}'" -a '${words.join(' ')}'`).join('\n')}
${all
  .flatMap(({ at, values }) => values.map((value) => ({ at, ...value })))
  .filter(({ flag, words }) => flag.startsWith('--') && words.length > 0)
  .map(({ at, flag, words }) => {
    return `complete -c ocpp-actors -n "__ocpp_actors_at '${at}'" -x -l ${flag.slice(2)} -a '${words.join(' ')}'`;
  })
  .join('\n')}`,
} as const;

/** What lengthens the place: all other words are arguments, options and their values. */
function below(all: Place[]): string[] {
  return all.slice(1).map(({ at }) => `'${at}'`);
}

function walk(all: Place[]): string {
  return `    case "$at $word" in
      ${below(all).join(' | ')}) at="$at $word" ;;
    esac`;
}

/** As bash and zsh have it. */
function cases(all: Place[]): string {
  const afterOptions = all.flatMap(({ at, values }) =>
    values.flatMap(({ flag, words }) =>
      words.length > 0 ? [`'${at} ${flag}') candidates='${words.join(' ')}' ;;`] : [],
    ),
  );
  const otherwise = all.map(({ at, words }) => `'${at}') candidates='${words.join(' ')}' ;;`);
  return `  case "$at $before" in
    ${afterOptions.join('\n    ')}
    *) case "$at" in
      ${otherwise.join('\n      ')}
    esac ;;
  esac`;
}
