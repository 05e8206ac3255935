// Variables that make the loader, an interpreter or a tool run code before the program itself does anything. What such a one
// happens to be where the daemon was started must not decide what every run loads: `env` of an executor refuses them. `setEnv`
// takes them with a warning, since there the owner writes the very value down.

const hooks =
  /^(?:LD_|DYLD_|BASH_FUNC_)|^(?:NODE_OPTIONS|NODE_PATH|BUN_OPTIONS|BUN_INSPECT_PRELOAD|PYTHONSTARTUP|PYTHONPATH|PYTHONHOME|PYTHONINSPECT|PERL5OPT|PERL5LIB|PERL5DB|RUBYOPT|RUBYLIB|BASH_ENV|ENV|SHELLOPTS|PROMPT_COMMAND|ZDOTDIR|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS|DOTNET_STARTUP_HOOKS|GCONV_PATH|LUA_INIT|LESSOPEN|LESSCLOSE|GIT_SSH|GIT_SSH_COMMAND|GIT_ASKPASS|SSH_ASKPASS|GIT_EXTERNAL_DIFF|GIT_PROXY_COMMAND|GIT_EXEC_PATH|GIT_TEMPLATE_DIR|GIT_CONFIG_\w+|GIT_CONFIG)$/;

export const makesRunsLoadCode = 'makes every run load code of its choice';

/** Pure. PATH is not among them: every run has one, and the owner may set it. */
export function loadsCode(variable: string): boolean {
  return hooks.test(variable);
}
