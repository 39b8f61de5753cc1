/** What is to be started on a machine, with every reference already resolved. */

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: ReadonlyMap<string, string>;
  /** Of the client's environment, for a program on this machine; `env` and a newer PATH of the login shell outrank it. */
  readonly inherited?: ReadonlyMap<string, string>;
  /** May begin with `~/`. Undefined: where the login lands. */
  readonly cwd: string | undefined;
}

/** What the probe learns of a machine once; cached by host key. */
export interface HostEnvironment {
  /** `uname -sm`, as "Linux x86_64". */
  readonly system: string;
  readonly shell: string;
  /** How the login shell was asked, for people: `-ilc`. Empty: it said nothing. */
  readonly asked: string;
  /** Allow-listed variables of the login shell's environment, PATH among them. */
  readonly variables: ReadonlyMap<string, string>;
}
